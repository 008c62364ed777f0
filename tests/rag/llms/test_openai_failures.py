"""What becomes of a chat model's failures, against a server on loopback."""

import socket
import time
from email.utils import formatdate
from typing import Any

import pytest

from fakes.openai_server import OpenAIServer, Reply
from rag.errors import (
    ModelBusyError,
    ModelEmptyError,
    ModelError,
    ModelFilteredError,
    ModelRefusedKeyError,
    ModelTimeoutError,
    ModelToolCallError,
    ModelUnreachableError,
)
from rag.llms.openai import OpenAIChat
from rag.types import CutShort, Piece, Turn

KEY = "sk-very-secret-0123456789"
SYSTEM = "Answer from the passages."
TURNS = (Turn("user", "How long?"), Turn("assistant", "A year."), Turn("user", "And for batteries?"))


def chat(server: OpenAIServer, **others: Any) -> OpenAIChat:
    options: dict[str, Any] = {"base_url": server.base_url, "api_key": KEY, "retries": 0} | others
    return OpenAIChat("tiny", **options)


async def said(model: OpenAIChat) -> list[Piece]:
    return [piece async for piece in model.stream(SYSTEM, TURNS)]


async def told(model: OpenAIChat, pieces: list[Piece]) -> None:
    """The pieces go where an error does not take them along."""
    async for piece in model.stream(SYSTEM, TURNS):
        pieces.append(piece)  # noqa: PERF401 - as above


async def failure(model: OpenAIChat, kind: type[ModelError] = ModelError) -> ModelError:
    with pytest.raises(kind) as caught:
        await said(model)
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    return caught.value


async def test_reasoning_that_uses_up_the_tokens_is_said(server: OpenAIServer) -> None:
    server.replies = [Reply(reasoning=("Let me", " think"), pieces=(), finish_reason="length")]
    error = await failure(chat(server, max_output_tokens=50), ModelEmptyError)
    assert "50 tokens" in str(error)
    assert "FOOTNOTE_LLM__MAX_OUTPUT_TOKENS" in str(error)


@pytest.mark.parametrize("pieces", [(), ("The toll", " is")])
async def test_an_answer_that_the_server_filtered_is_said_to_be_filtered(
    server: OpenAIServer, pieces: tuple[str, ...]
) -> None:
    server.replies = [Reply(pieces=pieces, finish_reason="content_filter")]
    error = await failure(chat(server), ModelFilteredError)
    assert (
        f"The content filter of the model server at {server.base_url.removesuffix('/v1')} withheld the answer"
        in str(error)
    )
    assert "word the question otherwise" in str(error)


async def test_a_question_that_the_server_filtered_is_said_to_be_filtered(server: OpenAIServer) -> None:
    body = b'{"error": {"message": "The response was filtered", "type": null, "code": "content_filter"}}'
    server.replies = [Reply(status=400, body=body)]
    assert "withheld the question or its sources" in str(await failure(chat(server), ModelFilteredError))


async def test_a_tool_call_in_place_of_an_answer_is_said(server: OpenAIServer) -> None:
    server.replies = [Reply(pieces=(), finish_reason="tool_calls")]
    assert "called a tool in place of an answer" in str(await failure(chat(server), ModelToolCallError))


async def test_a_tool_call_after_an_answer_cuts_it_short(server: OpenAIServer) -> None:
    server.replies = [Reply(pieces=("The toll is 3 [1].",), finish_reason="tool_calls", usage=None)]
    cut = CutShort("the model called a tool, and none was offered")
    assert await said(chat(server)) == ["The toll is 3 [1].", cut]


async def test_a_server_that_refuses_everything_is_not_asked_forever(server: OpenAIServer) -> None:
    server.replies = [Reply(status=400, error="no support for stream_options, max_completion_tokens, temperature")]
    await failure(chat(server))
    assert len(server.requests) == 4


async def test_a_refused_request_is_told_in_the_servers_words(server: OpenAIServer) -> None:
    server.replies = [Reply(status=400, error="maximum context length is 4096 tokens")]
    assert "(400: maximum context length is 4096 tokens)" in str(await failure(chat(server)))


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_names_the_endpoint_and_the_variable(server: OpenAIServer, status: int) -> None:
    server.replies = [Reply(status=status, error=f"Incorrect API key provided: {KEY}")]
    error = await failure(chat(server, retries=3), ModelRefusedKeyError)
    host = server.base_url.removesuffix("/v1")
    assert str(error) == f"The model server at {host} refused the API key ({status}): set FOOTNOTE_LLM__API_KEY."
    assert len(server.requests) == 1


async def test_an_unknown_model_is_named(server: OpenAIServer) -> None:
    server.replies = [Reply(status=404)]
    assert "does not know the model 'tiny' (404)" in str(await failure(chat(server)))


async def test_a_short_retry_after_is_waited_for(server: OpenAIServer) -> None:
    server.replies = [Reply(status=429, retry_after=1), Reply(usage=None)]
    assert await said(chat(server, retries=1)) == ["Hello"]
    first, second = server.requests
    assert second.at - first.at >= 1


async def test_a_long_retry_after_is_told_and_not_waited_for(server: OpenAIServer) -> None:
    server.replies = [Reply(status=429, retry_after=30)]
    error = await failure(chat(server, retries=3), ModelBusyError)
    assert isinstance(error, ModelBusyError)
    assert error.retry_after == 30
    assert "try again in 30 s" in str(error)
    assert len(server.requests) == 1


async def test_a_retry_after_may_be_a_date(server: OpenAIServer) -> None:
    server.replies = [Reply(status=429, retry_after=formatdate(time.time() + 60, usegmt=True))]
    error = await failure(chat(server, retries=3), ModelBusyError)
    assert isinstance(error, ModelBusyError)
    assert error.retry_after == pytest.approx(60, abs=5)


@pytest.mark.parametrize("nonsense", ["soon", "-1", "nan", "inf", "9" * 400])
async def test_a_retry_after_that_makes_no_sense_is_passed_over(server: OpenAIServer, nonsense: str) -> None:
    server.replies = [Reply(status=429, retry_after=nonsense)]
    error = await failure(chat(server), ModelBusyError)
    assert isinstance(error, ModelBusyError)
    assert error.retry_after is None


async def test_a_server_that_stays_busy_is_asked_as_often_as_configured(server: OpenAIServer) -> None:
    server.replies = [Reply(status=429, retry_after=0)]
    await failure(chat(server, retries=2), ModelBusyError)
    assert len(server.requests) == 3


async def test_a_failing_server_is_asked_again(server: OpenAIServer) -> None:
    server.replies = [Reply(status=500), Reply(usage=None)]
    assert await said(chat(server, retries=1)) == ["Hello"]


async def test_a_server_that_keeps_failing_is_told_in_its_words(server: OpenAIServer) -> None:
    server.replies = [Reply(status=503, error=f"overloaded, {KEY}\nnext line")]
    assert "failed (503: overloaded, … next line)" in str(await failure(chat(server)))


async def test_a_page_of_html_is_not_quoted(server: OpenAIServer) -> None:
    server.replies = [Reply(status=502, body=b"<html>Bad gateway</html>", content_type="text/html")]
    assert "failed (502): try again" in str(await failure(chat(server)))


async def test_a_redirect_is_told_and_not_followed(server: OpenAIServer) -> None:
    with OpenAIServer() as elsewhere:
        server.replies = [Reply(status=307, headers={"Location": f"{elsewhere.base_url}/chat/completions"})]
        assert f"redirects to {elsewhere.base_url}" in str(await failure(chat(server)))
        assert elsewhere.requests == []


async def test_a_refused_connection_asks_whether_the_server_runs() -> None:
    model = OpenAIChat("tiny", base_url=f"http://127.0.0.1:{closed_port()}/v1", api_key=KEY, retries=0)
    error = await failure(model, ModelUnreachableError)
    assert "is it running, and is FOOTNOTE_LLM__BASE_URL right?" in str(error)


async def test_a_refused_connection_is_tried_again(server: OpenAIServer) -> None:
    model = OpenAIChat("tiny", base_url=f"http://127.0.0.1:{closed_port()}/v1", retries=1)
    began = time.monotonic()
    await failure(model, ModelUnreachableError)
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("position", [0, 1])
async def test_a_stalled_stream_ends_in_time(server: OpenAIServer, position: int) -> None:
    server.replies = [Reply(pieces=("Two", " years"), stall_at=position)]
    began = time.monotonic()
    error = await failure(chat(server, stall_timeout=0.3, retries=3), ModelTimeoutError)
    assert time.monotonic() - began < 10
    assert "raise FOOTNOTE_LLM__STALL_TIMEOUT_S" in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize("drip", [b": still here\n\n", b"x"])
async def test_comments_and_half_lines_do_not_count_as_pieces(server: OpenAIServer, drip: bytes) -> None:
    server.replies = [Reply(stall_at=0, drip=drip)]
    await failure(chat(server, stall_timeout=0.3), ModelTimeoutError)


async def test_a_line_that_never_ends_is_not_read_for_ever(server: OpenAIServer) -> None:
    server.replies = [Reply(stall_at=0, drip=b"x" * 2**20)]
    assert "sent what cannot be read (more than 32 MB)" in str(await failure(chat(server)))


@pytest.mark.parametrize(
    "broken",
    [
        Reply(pieces=("Two", " years"), cut_at=1),
        Reply(pieces=("Two",), finish_reason=None, done=False, usage=None),
    ],
)
async def test_a_cut_stream_is_an_error_after_the_pieces_that_came(server: OpenAIServer, broken: Reply) -> None:
    server.replies = [broken]
    pieces: list[Piece] = []
    with pytest.raises(ModelError, match="broke off"):
        await told(chat(server, retries=3), pieces)
    assert pieces == ["Two"]
    assert len(server.requests) == 1


async def test_a_stream_that_is_cut_before_its_first_piece_is_asked_for_again(server: OpenAIServer) -> None:
    server.replies = [Reply(cut_at=0), Reply(usage=None)]
    assert await said(chat(server, retries=1)) == ["Hello"]


async def test_an_error_event_in_the_stream_is_told(server: OpenAIServer) -> None:
    server.replies = [Reply(raw_at=(1, b'data: {"error": {"message": "out of memory"}}\n\n'))]
    assert "broke off (out of memory)" in str(await failure(chat(server)))


@pytest.mark.parametrize(
    "malformed",
    [
        b"data: {not json\n\n",
        b"data: 5\n\n",
        b"data: \xff\n\n",
        b'data: {"choices": 7}\n\n',
        b'data: {"choices": [{"delta": {"content": 7}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": ["a"]}}]}\n\n',
    ],
)
async def test_a_malformed_chunk_is_an_error(server: OpenAIServer, malformed: bytes) -> None:
    server.replies = [Reply(raw_at=(1, malformed))]
    message = str(await failure(chat(server)))
    assert "cannot be read" in message
    assert "object" not in message  # Python's words help nobody


async def test_a_web_page_in_place_of_a_stream_hints_at_the_address(server: OpenAIServer) -> None:
    server.replies = [Reply(body=b"<html>Welcome</html>", content_type="text/html")]
    assert "is FOOTNOTE_LLM__BASE_URL an OpenAI-compatible endpoint, with its /v1?" in str(await failure(chat(server)))


@pytest.mark.parametrize("blank", [None, "", " \n"])
async def test_no_key_and_no_address_says_what_to_set(blank: str | None) -> None:
    error = await failure(OpenAIChat("tiny", api_key=blank), ModelRefusedKeyError)
    assert "set FOOTNOTE_LLM__API_KEY (or OPENAI_API_KEY), or FOOTNOTE_LLM__BASE_URL" in str(error)


async def test_a_key_that_no_header_can_carry_is_not_sent(server: OpenAIServer) -> None:
    await failure(chat(server, api_key=f"{KEY}…\n"), ModelRefusedKeyError)
    await failure(chat(server, api_key=f"{KEY}\n{KEY}"), ModelRefusedKeyError)
    assert server.requests == []


@pytest.mark.parametrize("address", ["127.0.0.1:1234", "localhost/v1", "http://", "http://h:port/v1", "ftp://h/v1"])
async def test_an_address_that_is_none_says_which_variable_to_set(address: str) -> None:
    error = await failure(OpenAIChat("tiny", base_url=address), ModelUnreachableError)
    assert "FOOTNOTE_LLM__BASE_URL" in str(error)


async def test_a_password_in_the_address_is_not_told(server: OpenAIServer) -> None:
    server.replies = [Reply(status=500)]
    address = server.base_url.replace("://", "://me:hunter2@")
    assert "hunter2" not in str(await failure(chat(server, base_url=address)))


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
