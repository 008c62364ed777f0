"""A language model behind an OpenAI-compatible server: its answers checked, its failures said in one sentence."""

import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.schemas.answer import AnswerBody
from fakes.engines import OpenEngine, RunFootnote
from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import Json
from fakes.prompt_reading import read_user_turn
from fakes.services import fake_services
from fakes.serving import serving
from indexes.types import Query
from rag.answering.assistant import DECLINED
from rag.prompting import prompts
from rag.types import Turn

PARENTS = "How long can fathers and other second parents stay off on full pay?"
CLAIM = "The other parent has 8 weeks of fully paid leave"
PIECES = (CLAIM[:20], CLAIM[20:], " [", "1]", ".")
RETRY_AFTER = 30


@dataclass(frozen=True)
class Failure:
    """What the model's server does, and how Footnote calls it."""

    reply: Reply
    kind: str
    status: int
    words: str


FAILURES = {
    "a 401": Failure(
        Reply(status=401),
        "model-unauthorized",
        502,
        r"The model server at \S+ refused the API key \(401\): set FOOTNOTE_LLM__API_KEY\.",
    ),
    "a 429": Failure(
        Reply(status=429, retry_after=RETRY_AFTER),
        "model-busy",
        503,
        r"The model server at \S+ is busy \(429: scripted failure\): try again in 30 s\.",
    ),
    "a 500": Failure(
        Reply(status=500),
        "model-error",
        502,
        r"The model server at \S+ failed \(500: scripted failure\): try again, or look at its log\.",
    ),
    "a stall": Failure(
        Reply(PIECES, stall_at=2),
        "model-timeout",
        504,
        r"The model server at \S+ took too long \(0\.5 s of silence\): try again, or raise FOOTNOTE_LLM__STALL_\S+",
    ),
    "a cut stream": Failure(
        Reply(PIECES, cut_at=2),
        "model-error",
        502,
        r"The answer from the model server at \S+ broke off \(.*\): try again, or look at its log\.",
    ),
    "a refused connection": Failure(
        Reply(),
        "model-unreachable",
        502,
        r"No connection to the model server at \S+ \(.*\): is it running, and is FOOTNOTE_LLM__BASE_URL right\?",
    ),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """A model's server, and the variables that lead to it."""
    with OpenAIServer() as server:
        variables = {"BASE_URL": server.base_url, "MODEL": "fake", "STALL_TIMEOUT_S": "0.5", "RETRIES": "0"}
        for name, value in variables.items():
            monkeypatch.setenv(f"FOOTNOTE_LLM__{name}", value)
        yield server


@pytest.fixture(params=FAILURES)
def failure(request: pytest.FixtureRequest, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> Failure:
    server.replies = [FAILURES[request.param].reply]
    if request.param == "a refused connection":
        monkeypatch.setenv("FOOTNOTE_LLM__BASE_URL", f"http://127.0.0.1:{_free_port()}/v1")
    return FAILURES[request.param]


def citing(body: Json) -> Reply:
    """The claim with the source that bears it out, a source that was never given, and all of it in small pieces."""
    _, sources = read_user_turn(Turn("user", body["messages"][-1]["content"]))
    number = next(source.number for source in sources if "8 weeks" in source.text)
    assert len(sources) < 9
    return Reply((CLAIM[:20], CLAIM[20:], " [", f"{number}", "][", "9", "]", "."))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@asynccontextmanager
async def serving_index(opened: OpenEngine, index: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(fake_services(opened(index).assistant, max_question_chars=8000))
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        yield client


async def events(client: httpx.AsyncClient) -> list[tuple[str, Json]]:
    response = await client.post("/v1/ask/stream", json={"question": PARENTS})
    assert response.status_code == 200
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in response.text.split("\n\n")[:-1]]
    return [(block["event"], json.loads(block["data"])) for block in blocks]


# Answers


def test_an_invented_marker_is_removed_and_the_others_renumbered(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote
) -> None:
    server.respond = citing
    ran = footnote("ask", PARENTS, "--index", samples_index)
    answer, _, sources = ran.out.partition("\n\n")
    assert (ran.code, ran.err, answer) == (0, "", f"{CLAIM} [1].")
    assert re.fullmatch(r'\[1\] handbook/leave-policy\.pdf, page 3, lines? [\d–]+: "[^"]*8 weeks[^"]*"\n', sources)


def test_the_model_is_asked_once_with_our_prompt_and_without_a_key(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote
) -> None:
    server.respond = citing
    footnote("ask", PARENTS, "--index", samples_index)
    (request,) = server.requests
    assert request.body["model"] == "fake"
    assert request.body["messages"][0] == {"role": "system", "content": prompts.SYSTEM}


async def test_quotes_of_a_models_answer_are_exact(
    server: OpenAIServer, samples_index: Path, opened: OpenEngine
) -> None:
    server.respond = citing
    engine = opened(samples_index)
    async with serving_index(opened, samples_index) as client:
        response = await client.post("/v1/ask", json={"question": PARENTS})
    told = AnswerBody.model_validate(response.json())
    assert (told.text, told.model, told.status, told.advice) == (f"{CLAIM} [1].", "fake", "answered", None)
    (citation,) = told.citations
    hits = engine.retrieve(Query(PARENTS), limit=8)
    document_id = next(hit.passage.document_id for hit in hits if hit.passage.path == citation.path)
    document = engine.catalog.document(document_id)
    assert document
    assert document.text[citation.locator.char_start : citation.locator.char_end] == citation.quote
    assert [told.text[slice(*span)] for span in citation.answer_spans] == ["[1]"]


async def test_an_answer_is_streamed_as_the_model_writes_it(
    server: OpenAIServer, samples_index: Path, opened: OpenEngine
) -> None:
    server.respond = citing
    async with serving_index(opened, samples_index) as client:
        told = await events(client)
    names = [name for name, _ in told]
    assert names[0] == "retrieval"
    assert names[-3:] == ["citation", "answer", "done"]
    assert names.count("delta") > 2
    assert "".join(data["text"] for name, data in told if name == "delta") == f"{CLAIM} [1]."


def test_a_model_that_finds_no_answer_declines_without_sources(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote
) -> None:
    server.replies = [Reply(("NO_", "ANSWER"))]
    ran = footnote("ask", PARENTS, "--index", samples_index)
    said, _, near = ran.out.partition("\n\n")
    assert (ran.code, said, ran.err) == (0, DECLINED, "")
    assert near.startswith("You may want to look at:\n  handbook/leave-policy.pdf, page 3")


def test_an_answer_that_its_sources_do_not_bear_out_is_shown_unverified(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote
) -> None:
    server.replies = [Reply(("Second parents stay at home for 31 weeks [1].",))]
    told = json.loads(footnote("ask", PARENTS, "--index", samples_index, "--json").out)
    assert (told["status"], told["text"]) == ("unverified", "Second parents stay at home for 31 weeks [1].")
    assert [sentence["verdict"] for sentence in told["sentences"]] == ["unsupported"]


def test_doctor_asks_the_model_whether_it_is_there(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote
) -> None:
    server.replies = [Reply(("yes",))]
    assert "ok    language model: fake answers: 'yes'\n" in footnote("doctor", "--index", samples_index).out


# Failures


def test_on_the_command_line_a_failure_is_one_sentence(
    failure: Failure, samples_index: Path, footnote: RunFootnote
) -> None:
    ran = footnote("ask", PARENTS, "--index", samples_index)
    assert ran.code == 1
    assert re.fullmatch(rf"Error: {failure.words}\n", ran.err)
    assert CLAIM.startswith(ran.out)  # what had come stays; no answer and no sources follow


def test_for_machines_a_failure_is_json(failure: Failure, samples_index: Path, footnote: RunFootnote) -> None:
    ran = footnote("ask", PARENTS, "--index", samples_index, "--json")
    told = json.loads(ran.out)["error"]
    assert (ran.code, ran.err, told["type"]) == (1, "", f"urn:footnote:problem:{failure.kind}")
    assert re.fullmatch(failure.words, told["detail"])


async def test_over_http_a_failure_is_a_problem(failure: Failure, samples_index: Path, opened: OpenEngine) -> None:
    async with serving_index(opened, samples_index) as client:
        response = await client.post("/v1/ask", json={"question": PARENTS})
    told = response.json()
    assert (response.status_code, response.headers["content-type"]) == (failure.status, "application/problem+json")
    assert (told["status"], told["type"]) == (failure.status, f"urn:footnote:problem:{failure.kind}")
    assert re.fullmatch(failure.words, told["detail"])
    waits = str(RETRY_AFTER) if failure.kind == "model-busy" else None
    assert response.headers.get("retry-after") == waits


async def test_in_a_stream_a_failure_is_an_event_before_the_last(
    failure: Failure, samples_index: Path, opened: OpenEngine
) -> None:
    async with serving_index(opened, samples_index) as client:
        *before, (name, told), last = await events(client)
    assert (name, last) == ("error", ("done", {}))
    assert {name for name, _ in before} <= {"retrieval", "delta"}
    assert (told["status"], told["type"]) == (failure.status, f"urn:footnote:problem:{failure.kind}")
    assert re.fullmatch(failure.words, told["detail"])


async def test_after_a_failure_the_next_question_is_answered(
    server: OpenAIServer, samples_index: Path, opened: OpenEngine
) -> None:
    server.replies = [Reply(status=500)]
    async with serving_index(opened, samples_index) as client:
        assert (await client.post("/v1/ask", json={"question": PARENTS})).status_code == 502
        server.respond = citing
        assert (await client.post("/v1/ask", json={"question": PARENTS})).json()["text"] == f"{CLAIM} [1]."
