import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.context.event_streams import PING_SECONDS, EventStream
from api.core.hosts import ANY_HOST, LOOPBACK_HOSTS, hosts_for
from api.core.problems import KINDS
from api.middleware.guards import MAX_BODY_BYTES
from api.rendering.links import Links
from api.schemas.answer import DONE, AnswerContext, Frame, answer_body
from fakes.answerer import EndlessAnswerer, ScriptedAnswerer, answer, telling, unverified_answer
from fakes.services import fake_services
from fakes.serving import serving
from indexes.errors import (
    EncoderError,
    EncoderMismatchError,
    FootnoteError,
    IndexLockedError,
    IndexMissingError,
    IndexUnreadableError,
    ReadError,
)
from rag.errors import (
    ModelBusyError,
    ModelError,
    ModelRefusedKeyError,
    ModelTimeoutError,
    ModelUnreachableError,
    QuestionError,
)
from rag.types import Completed, Delta, Event, Question, Retrieved, Turn

LEAVE = answer("Staff get 25 days [1].\nThey may save them [2].", {1: "25 days", 2: "may be saved"})
ASK, STREAM = "/v1/ask", "/v1/ask/stream"
TOLD = answer_body(LEAVE, AnswerContext(links=Links("http://localhost:8000"))).model_dump(mode="json")
JSON = {"Content-Type": "application/json"}
FAILURES = [
    (QuestionError("Ask something."), 400, "bad-question"),
    (ModelError("It failed."), 502, "model-error"),
    (ModelRefusedKeyError("It refused the key."), 502, "model-unauthorized"),
    (ModelUnreachableError("No connection."), 502, "model-unreachable"),
    (ModelBusyError("It is busy."), 503, "model-busy"),
    (ModelTimeoutError("It took too long."), 504, "model-timeout"),
    (IndexMissingError("No index at var/index."), 503, "index-missing"),
    (IndexLockedError("Another process writes it."), 503, "index-locked"),
    (IndexUnreadableError("It does not open."), 503, "index-unreadable"),
    (EncoderMismatchError("Made by another model."), 503, "encoder-mismatch"),
    (EncoderError("It does not load."), 503, "encoder-unavailable"),
]

Open = Callable[..., httpx.AsyncClient]


@pytest.fixture
def client() -> Open:
    """Talks to an application without a network."""

    def connect(
        answerer: ScriptedAnswerer, allowed_hosts: Collection[str] = LOOPBACK_HOSTS, **parts: object
    ) -> httpx.AsyncClient:
        own = fake_services(answerer, **{"max_question_chars": 50, "health": lambda: {"status": "ok"}} | parts)
        app = create_app(own, allowed_hosts=allowed_hosts)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")

    return connect


@asynccontextmanager
async def served(answerer: ScriptedAnswerer) -> AsyncIterator[httpx.AsyncClient]:
    """Talks to a real server, over a socket."""
    app = create_app(fake_services(answerer, max_question_chars=50))
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block]
    return [(block["event"], json.loads(block["data"])) for block in blocks if "event" in block]


def assert_problem(response: httpx.Response, status: int, kind: str) -> str:
    """Returns the detail."""
    told = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, told["status"], told["type"]) == (status, status, f"urn:footnote:problem:{kind}")
    assert told["title"] == KINDS[kind][1]
    assert isinstance(told["detail"], str)
    return told["detail"]


# Asking


async def test_an_answer_comes_as_json(client: Open) -> None:
    response = await client(ScriptedAnswerer(*telling(LEAVE))).post(ASK, json={"question": "Leave?"})
    assert response.status_code == 200
    assert response.json() == TOLD | {"id": response.json()["id"]}


async def test_the_history_reaches_the_answerer(client: Open) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    history = [{"role": "user", "text": "Leave?"}, {"role": "assistant", "text": "25 days [1]."}]
    await client(answerer).post(ASK, json={"question": " And in March? ", "history": history})
    expected = Question("And in March?", history=(Turn("user", "Leave?"), Turn("assistant", "25 days [1].")))
    assert answerer.asked == [expected]


async def test_a_declined_answer_is_an_answer(client: Open) -> None:
    declined = answer("The documents do not say.", status="declined")
    response = await client(ScriptedAnswerer(Completed(declined))).post(ASK, json={"question": "Who?"})
    assert response.status_code == 200
    assert response.json()["status"] == "declined"


async def test_an_unverified_answer_is_told_whole_and_in_its_stream(client: Open) -> None:
    asked, body = client(ScriptedAnswerer(*telling(unverified_answer()))), {"question": "Leave?"}
    whole = (await asked.post(ASK, json=body)).json()
    streamed = dict(events((await asked.post(STREAM, json=body)).text))["answer"]
    for told in (whole, streamed):
        assert (told["status"], told["text"]) == ("unverified", unverified_answer().text)
        assert [sentence["contradicted"] for sentence in told["sentences"]] == [True, False]


@pytest.mark.parametrize(("model", "advice"), [("offline-extractive", "Connect one."), ("gpt", None)])
async def test_advice_comes_with_the_answers_that_no_model_wrote(client: Open, model: str, advice: str | None) -> None:
    asked = client(ScriptedAnswerer(Completed(answer("Yes.", model=model))), advice="Connect one.")
    assert (await asked.post(ASK, json={"question": "?"})).json()["advice"] == advice
    assert dict(events((await asked.post(STREAM, json={"question": "?"})).text))["answer"]["advice"] == advice


async def test_a_stream_tells_what_was_found_the_text_the_citations_and_the_answer(client: Open) -> None:
    response = await client(ScriptedAnswerer(*telling(LEAVE))).post(STREAM, json={"question": "Leave?"})
    assert response.headers["content-type"].startswith("text/event-stream")
    told = events(response.text)
    names = [name for name, _ in told]
    assert names == ["retrieval", "delta", "delta", "citation", "citation", "answer", "done"]
    assert "".join(str(data["text"]) for name, data in told if name == "delta") == LEAVE.text
    assert told[-2:] == [("answer", TOLD | {"id": told[-2][1]["id"]}), ("done", {})]


async def test_pieces_of_a_stream_arrive_as_they_are_written() -> None:
    gate = asyncio.Event()
    answerer = ScriptedAnswerer(Delta("first"), gate, Completed(LEAVE))
    async with served(answerer) as asked, asked.stream("POST", STREAM, json={"question": "Leave?"}) as response:
        lines = response.aiter_lines()
        assert [await anext(lines), await anext(lines)] == ["event: delta", 'data: {"text":"first"}']
        gate.set()
        assert "event: done" in [line async for line in lines]


async def test_a_silent_stream_is_kept_open() -> None:
    async def slowly() -> AsyncIterator[Frame]:
        await asyncio.sleep(0.25)
        yield DONE

    assert PING_SECONDS == 15
    async with httpx.AsyncClient(transport=httpx.ASGITransport(EventStream(slowly(), ping_seconds=0.1))) as asked:
        response = await asked.get("http://localhost")
    assert response.text == ": ping\n\n: ping\n\nevent: done\ndata: {}\n\n"


# Failing


@pytest.mark.parametrize(("error", "status", "kind"), FAILURES)
async def test_a_failure_is_told_in_its_own_words(client: Open, error: Exception, status: int, kind: str) -> None:
    response = await client(ScriptedAnswerer(error)).post(ASK, json={"question": "Leave?"})
    assert assert_problem(response, status, kind) == str(error)


@pytest.mark.parametrize(("error", "status", "kind"), FAILURES)
async def test_a_failure_in_a_stream_is_an_event_and_then_done(
    client: Open, error: Exception, status: int, kind: str
) -> None:
    answerer = ScriptedAnswerer(Retrieved(LEAVE.retrieval), Delta("Staff"), error)
    response = await client(answerer).post(STREAM, json={"question": "Leave?"})
    told = events(response.text)
    assert [name for name, _ in told] == ["retrieval", "delta", "error", "done"]
    assert told[2][1] == {
        "type": f"urn:footnote:problem:{kind}",
        "title": KINDS[kind][1],
        "status": status,
        "detail": str(error),
        "instance": f"urn:footnote:request:{response.headers['x-request-id']}",
    }


def test_every_failure_of_a_model_an_encoder_or_a_question_has_its_status() -> None:
    def descendants(kind: type[FootnoteError]) -> Iterator[type[FootnoteError]]:
        for child in kind.__subclasses__():
            yield child
            yield from descendants(child)

    kinds = {error.kind for error in descendants(FootnoteError) if error.__module__ in ("indexes.errors", "rag.errors")}
    # of the command line
    elsewhere = {"unreadable-file", "no-documents", "too-many-deletions", "bad-configuration", "model-not-pulled"}
    elsewhere |= {"unmatched-rule", "wider-access"}  # over HTTP they are ``sync-refused``
    assert kinds - elsewhere <= set(KINDS)


async def test_a_busy_model_says_when_to_try_again(client: Open) -> None:
    asked = client(ScriptedAnswerer(ModelBusyError("It is busy.", retry_after=6.2)))
    response = await asked.post(ASK, json={"question": "Leave?"})
    assert response.headers["retry-after"] == "7"
    assert dict(events((await asked.post(STREAM, json={"question": "?"})).text))["error"]["retry_after"] == 7


async def test_a_busy_model_that_does_not_say_for_how_long_is_not_guessed_at(client: Open) -> None:
    response = await client(ScriptedAnswerer(ModelBusyError("It is busy."))).post(ASK, json={"question": "Leave?"})
    assert "retry-after" not in response.headers


@pytest.mark.parametrize("error", [RuntimeError("secret"), ReadError("secret")])
async def test_the_insides_of_an_unexpected_failure_are_logged_and_not_told(
    client: Open, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    asked = client(ScriptedAnswerer(Delta("Staff"), error))
    response = await asked.post(ASK, json={"question": "Leave?"})
    assert_problem(response, 500, "internal-error")
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    streamed = await asked.post(STREAM, json={"question": "Leave?"})
    assert [name for name, _ in events(streamed.text)] == ["delta", "error", "done"]
    assert "secret" not in streamed.text
    assert error in [record.exc_info[1] for record in caplog.records if record.exc_info]


async def test_text_that_is_no_text_ends_a_stream_in_words(client: Open) -> None:
    told = events((await client(ScriptedAnswerer(Delta("\ud83d"))).post(STREAM, json={"question": "?"})).text)
    assert [name for name, _ in told] == ["error", "done"]


async def test_what_the_user_did_wrong_is_not_logged(client: Open, caplog: pytest.LogCaptureFixture) -> None:
    await client(ScriptedAnswerer()).post(ASK, json={"question": ""})
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


# Refusing


@pytest.mark.parametrize("path", [ASK, STREAM])
@pytest.mark.parametrize(
    ("body", "status", "kind", "words"),
    [
        ({"question": " \n"}, 400, "bad-question", "The question is empty"),
        ({"question": "x" * 51}, 413, "question-too-long", "51 characters"),
        ({}, 422, "bad-request", "question: "),
        ({"question": 5}, 422, "bad-request", "question: "),
        ({"question": "\ud800"}, 422, "bad-request", "question: "),
        ({"question": "a", "farbe\u00df": 1}, 422, "bad-request", "farbeß: "),
        ({"question": "a", "\ud800": 1}, 422, "bad-request", ""),
        ({"question": "a", "history": [{"role": "system", "text": "b"}]}, 422, "bad-request", "history.0.role: "),
        ([], 422, "bad-request", "body: "),
    ],
)
async def test_a_bad_question_is_refused_before_anything_is_asked(
    client: Open, path: str, body: object, status: int, kind: str, words: str
) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    response = await client(answerer).post(path, content=json.dumps(body), headers=JSON)
    assert words in assert_problem(response, status, kind)
    assert answerer.asked == []


@pytest.mark.parametrize("content", ['{"question": ', "not json", "[" * 100_000, b"\xff\xfe{"])
async def test_what_is_not_json_is_refused(client: Open, content: str | bytes) -> None:
    response = await client(ScriptedAnswerer()).post(ASK, content=content, headers=JSON)
    assert_problem(response, 400, "bad-json")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_only_json_is_taken_so_that_a_form_of_another_site_cannot_ask(client: Open, media_type: str) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    headers = {"Content-Type": media_type} if media_type else {}
    response = await client(answerer).post(ASK, content='{"question": "Leave?"}', headers=headers)
    assert_problem(response, 415, "bad-media-type")
    assert answerer.asked == []


async def test_another_site_is_not_told_that_it_may_ask(client: Open) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    response = await client(ScriptedAnswerer()).options(ASK, headers=headers)
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_a_body_beyond_the_limit_is_refused(client: Open) -> None:
    body = json.dumps({"question": "Leave?", "history": [{"role": "user", "text": "x" * MAX_BODY_BYTES}]})
    response = await client(ScriptedAnswerer()).post(ASK, content=body, headers=JSON)
    assert_problem(response, 413, "body-too-large")


async def test_a_body_without_end_is_refused_while_it_is_read() -> None:
    async with served(ScriptedAnswerer()) as asked:
        reader, writer = await asyncio.open_connection(asked.base_url.host, asked.base_url.port)
        writer.write(b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        writer.write((b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 17)
        head = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 413 ")


async def test_an_unknown_address_is_a_problem_too(client: Open) -> None:
    for path in ("/nothing", "/static/nothing.js", "/static/%2e%2e/http.py", "/docs"):
        assert_problem(await client(ScriptedAnswerer()).get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", ASK, "POST"),
        ("PUT", "/v1/session", "DELETE, GET, HEAD, POST"),
        ("POST", "/static/page.css", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_names_the_right_ones(client: Open, method: str, path: str, right: str) -> None:
    response = await client(ScriptedAnswerer()).request(method, path)
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == right


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "", "localhost@evil", "[::1"]
)
async def test_a_request_for_another_host_is_refused(client: Open, host: str) -> None:
    response = await client(ScriptedAnswerer()).get("/healthz", headers={"Host": host})
    assert_problem(response, 421, "unknown-host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:8000", "[::1]:8000"])
async def test_a_request_for_this_machine_is_answered(client: Open, host: str) -> None:
    assert (await client(ScriptedAnswerer()).get("/healthz", headers={"Host": host})).status_code == 200


async def test_a_server_for_others_answers_to_any_name(client: Open) -> None:
    asked = client(ScriptedAnswerer(), allowed_hosts=hosts_for("0.0.0.0"))
    assert (await asked.get("/healthz", headers={"Host": "docs.example"})).status_code == 200


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("127.0.0.1", LOOPBACK_HOSTS),
        ("localhost", LOOPBACK_HOSTS),
        ("::1", LOOPBACK_HOSTS),
        ("127.0.0.7", LOOPBACK_HOSTS | {"127.0.0.7"}),
        ("0.0.0.0", ANY_HOST),
        ("::", ANY_HOST),
        ("192.168.1.5", ANY_HOST),
        ("docs.example", ANY_HOST),
    ],
)
def test_on_loopback_only_loopback_names_are_known(address: str, hosts: frozenset[str]) -> None:
    assert hosts_for(address) == hosts


# Leaving


async def test_a_stream_stops_when_the_client_leaves() -> None:
    answerer = ScriptedAnswerer(Delta("Staff"), asyncio.Event())
    async with served(answerer) as asked:
        async with asked.stream("POST", STREAM, json={"question": "Leave?"}) as response:
            await anext(response.aiter_lines())
            assert not answerer.ended.is_set()
        await asyncio.wait_for(answerer.ended.wait(), 5)


async def test_a_stream_that_nobody_reads_stops_when_the_client_leaves() -> None:
    answerer = EndlessAnswerer()
    async with served(answerer) as asked:
        async with asked.stream("POST", STREAM, json={"question": "Leave?"}) as response:
            await anext(response.aiter_lines())
            await asyncio.sleep(0.2)
        await asyncio.wait_for(answerer.ended.wait(), 5)


async def test_a_plain_answer_stops_when_the_client_leaves() -> None:
    answerer = ScriptedAnswerer(asyncio.Event())
    async with served(answerer) as asked:
        asking = asyncio.create_task(asked.post(ASK, json={"question": "Leave?"}))
        await answerer.started.wait()
        asking.cancel()
        await asyncio.wait_for(answerer.ended.wait(), 5)


@pytest.mark.parametrize("path", [ASK, STREAM])
async def test_a_server_that_is_told_to_stop_finishes_its_answers(path: str) -> None:
    gate = asyncio.Event()
    answerer = ScriptedAnswerer(gate, *telling(LEAVE))
    async with httpx.AsyncClient() as client:
        async with serving(create_app(fake_services(answerer, max_question_chars=50))) as url:
            asking = asyncio.create_task(client.post(f"{url}{path}", json={"question": "Leave?"}))
            await answerer.started.wait()
            asyncio.get_running_loop().call_later(0.3, gate.set)
        response = await asking
    assert response.status_code == 200
    assert LEAVE.citations[1].quote in response.text


async def test_many_ask_at_once_and_each_gets_its_own_answer() -> None:
    class Echo(ScriptedAnswerer):
        async def stream(self, question: Question) -> AsyncGenerator[Event]:
            await asyncio.sleep(0.01)
            yield Completed(answer(question.text))

    async with served(Echo()) as asked:
        questions = [f"question {number}" for number in range(50)]
        responses = await asyncio.gather(*(asked.post(ASK, json={"question": text}) for text in questions))
    assert [response.json()["text"] for response in responses] == questions


# The page, and health


async def test_the_viewer_is_the_same_page_with_its_parts_one_folder_up(client: Open) -> None:
    http = client(ScriptedAnswerer())
    page, view = [(await http.get(path)).text for path in ("/", "/view/0123456789abcdef?start=1&end=2")]
    assert 'src="static/app.js"' in page
    assert view == page.replace('"static/', '"../static/')
    assert (await http.get("/view/0123456789abcdef/more")).status_code == 404


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "html"),
        ("/view/0123456789abcdef", "html"),
        ("/static/app.js", "javascript"),
        ("/static/app.css", "css"),
        ("/static/icon.svg", "svg+xml"),
    ],
)
async def test_the_page_comes_whole_and_under_a_strict_policy(client: Open, path: str, media_type: str) -> None:
    response = await client(ScriptedAnswerer()).get(path)
    assert response.status_code == 200
    assert media_type in response.headers["content-type"]
    assert response.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in response.headers["permissions-policy"]


async def test_health_is_what_the_engine_says(client: Open) -> None:
    response = await client(ScriptedAnswerer(), health=lambda: {"status": "ok", "documents": 3}).get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "documents": 3})


async def test_health_that_cannot_be_told_is_a_problem(client: Open) -> None:
    def health() -> dict[str, object]:
        raise IndexMissingError("No index at var/index.")

    assert_problem(await client(ScriptedAnswerer(), health=health).get("/healthz"), 503, "index-missing")


async def test_what_is_not_at_the_desk_has_no_routes_and_is_not_described(client: Open) -> None:
    described = (await client(ScriptedAnswerer()).get("/openapi.json")).json()
    openai = {"/v1/chat/completions", "/v1/models", "/v1/models/{model}"}
    assert set(described["paths"]) == {ASK, STREAM, "/healthz", "/readyz", "/v1/session"} | openai
