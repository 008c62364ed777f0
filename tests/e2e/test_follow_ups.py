"""A follow-up and a compound question, by way of a language model behind an OpenAI-compatible server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from api.app.fastapi_app import create_app
from fakes.engines import OpenEngine
from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import Json
from fakes.prompt_reading import read_user_turn
from fakes.services import fake_services
from fakes.serving import serving
from indexes.types import Query
from rag.prompting import prompts
from rag.types import Question, Turn

PARENTS = "How long can fathers and other second parents stay off on full pay?"
CLAIM = "Second parents stay at home for 8 weeks on full pay"
ASKED = (Turn("user", "Can fathers and other second parents stay off?"), Turn("assistant", "They can, on full pay."))
FOLLOW_UP = Question("And for how long?", ASKED)
TWO = "How long is the leave of second parents, and what does the pager pay?"
PARTS = ("How long is the leave of second parents?", "What does the pager pay?")


@dataclass
class Model:
    """The server, and what it writes when it is asked to rewrite."""

    server: OpenAIServer
    rewriting: Reply

    def reply(self, body: Json) -> Reply:
        """The claim with the source that bears it out, where one is given."""
        if body["messages"][0]["content"] == prompts.REWRITE:
            return self.rewriting
        _, sources = read_user_turn(Turn("user", body["messages"][-1]["content"]))
        number = next((source.number for source in sources if "8 weeks" in source.text), None)
        return Reply((f"{CLAIM} [{number}]." if number else prompts.NO_ANSWER,))


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    with OpenAIServer() as server:
        for name, value in {"BASE_URL": server.base_url, "MODEL": "fake", "RETRIES": "0"}.items():
            monkeypatch.setenv(f"FOOTNOTE_LLM__{name}", value)
        model = Model(server, Reply((PARENTS,)))
        server.respond = model.reply
        yield model


async def test_a_follow_up_over_http_finds_what_its_rewriting_says(
    model: Model, samples_index: Path, opened: OpenEngine
) -> None:
    app = create_app(fake_services(opened(samples_index).assistant, max_question_chars=8000))
    history = [{"role": turn.role, "text": turn.text} for turn in ASKED]
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        response = await client.post("/v1/ask", json={"question": FOLLOW_UP.text, "history": history})
    told = response.json()
    assert (told["text"], told["retrieval"]["query"]) == (f"{CLAIM} [1].", PARENTS)
    assert told["question"] == FOLLOW_UP.text
    assert (told["usage"]["input_tokens"], told["usage"]["output_tokens"]) == (14, 6)
    rewriting, answering = (request.body["messages"] for request in model.server.requests)
    assert [message["role"] for message in rewriting] == ["system", "user"]
    assert read_user_turn(Turn("user", answering[-1]["content"]))[0] == FOLLOW_UP.text


async def test_a_rewritten_follow_up_finds_as_the_question_asked_alone(
    model: Model, samples_index: Path, opened: OpenEngine
) -> None:
    engine = opened(samples_index)
    answer = await engine.assistant.answer(FOLLOW_UP)
    alone = engine.retrieve(Query(PARENTS), limit=engine.settings.retrieval.limit)
    assert [hit.passage.id for hit in answer.retrieval.hits] == [hit.passage.id for hit in alone]


async def test_a_question_of_two_is_taken_apart(model: Model, samples_index: Path, opened: OpenEngine) -> None:
    model.rewriting = Reply(("\n".join((TWO, *PARTS)),))
    answer = await opened(samples_index).assistant.answer(Question(TWO))
    assert answer.retrieval.query == Query(TWO, parts=PARTS)
    assert len(model.server.requests) == 2


async def test_a_plain_question_takes_one_request(model: Model, samples_index: Path, opened: OpenEngine) -> None:
    answer = await opened(samples_index).assistant.answer(Question(PARENTS))
    assert (answer.text, len(model.server.requests)) == (f"{CLAIM} [1].", 1)


@pytest.mark.parametrize(
    "trouble", [Reply(status=500), Reply(status=429, retry_after=30), Reply((PARENTS,), stall_at=1), Reply(("",))]
)
async def test_a_rewriting_that_fails_or_is_slow_fails_no_question(
    model: Model, samples_index: Path, opened: OpenEngine, trouble: Reply
) -> None:
    model.rewriting = trouble
    engine = opened(samples_index, retrieval={"rewrite_timeout_s": 2})
    answer = await engine.assistant.answer(replace(FOLLOW_UP, history=(Turn("user", PARENTS),)))
    assert (answer.text, answer.retrieval.query) == (f"{CLAIM} [1].", Query(FOLLOW_UP.text, (PARENTS,)))


async def test_rewriting_can_be_switched_off(model: Model, samples_index: Path, opened: OpenEngine) -> None:
    engine = opened(samples_index, retrieval={"rewriting": "never"})
    answer = await engine.assistant.answer(FOLLOW_UP)
    assert (answer.retrieval.query.earlier, len(model.server.requests)) == ((ASKED[0].text,), 1)
