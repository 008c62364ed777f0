"""The chat model against a server on loopback."""

import asyncio
import subprocess
import sys
from contextlib import aclosing
from typing import Any

import pytest

from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import event
from rag.llms.openai import OpenAIChat
from rag.types import CutShort, Piece, Turn, Usage

KEY = "sk-very-secret-0123456789"
SYSTEM = "Answer from the passages."
TURNS = (Turn("user", "How long?"), Turn("assistant", "A year."), Turn("user", "And for batteries?"))


def chat(server: OpenAIServer, **others: Any) -> OpenAIChat:
    options: dict[str, Any] = {"base_url": server.base_url, "api_key": KEY, "retries": 0} | others
    return OpenAIChat("tiny", **options)


async def said(model: OpenAIChat) -> list[Piece]:
    return [piece async for piece in model.stream(SYSTEM, TURNS)]


async def test_pieces_come_as_they_are_sent_and_the_usage_last(server: OpenAIServer) -> None:
    server.replies = [Reply(pieces=("Two", " years", " [1]"), usage=(12, 3))]
    assert await said(chat(server)) == ["Two", " years", " [1]", Usage(12, 3)]


async def test_the_first_piece_does_not_wait_for_the_last(server: OpenAIServer) -> None:
    server.replies = [Reply(pieces=("Two", " years"), stall_at=1)]
    async with aclosing(chat(server).stream(SYSTEM, TURNS)) as pieces:
        assert await asyncio.wait_for(anext(pieces), 10) == "Two"


async def test_the_request_carries_the_conversation_and_the_settings(server: OpenAIServer) -> None:
    await said(chat(server, temperature=0.5, max_output_tokens=99))
    request = server.requests[0]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": "How long?"},
            {"role": "assistant", "content": "A year."},
            {"role": "user", "content": "And for batteries?"},
        ],
        "stream": True,
        "temperature": 0.5,
        "max_tokens": 99,
        "stream_options": {"include_usage": True},
    }


async def test_its_name_is_the_models() -> None:
    assert OpenAIChat("tiny").name == "tiny"


async def test_an_answer_that_its_tokens_end_says_so(server: OpenAIServer) -> None:
    server.replies = [Reply(pieces=("Two", " years"), finish_reason="length", usage=(12, 2))]
    cut = CutShort("the model was not done after 2 tokens")
    assert await said(chat(server, max_output_tokens=2)) == ["Two", " years", cut, Usage(12, 2)]


async def test_a_server_that_counts_no_tokens_gives_no_usage(server: OpenAIServer) -> None:
    server.replies = [Reply(usage=None)]
    assert await said(chat(server)) == ["Hello"]


async def test_reasoning_is_not_part_of_the_answer(server: OpenAIServer) -> None:
    server.replies = [Reply(reasoning=("Let me", " think"), pieces=("Two years",), usage=None)]
    assert await said(chat(server)) == ["Two years"]


async def test_one_model_serves_event_loop_after_event_loop_and_many_at_once(server: OpenAIServer) -> None:
    model = chat(server)
    server.replies = [Reply(usage=None)]
    assert list(await asyncio.gather(said(model), said(model))) == [["Hello"], ["Hello"]]
    assert await asyncio.to_thread(lambda: asyncio.run(said(model))) == ["Hello"]


@pytest.mark.parametrize(
    ("refusal", "parameter"),
    [
        ("Unrecognized request argument supplied: stream_options", "stream_options"),
        ("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.", "max_tokens"),
        ("Unsupported value: 'temperature' does not support 0.0 with this model.", "temperature"),
    ],
)
async def test_a_parameter_that_the_server_refuses_is_left_out_from_then_on(
    server: OpenAIServer, refusal: str, parameter: str
) -> None:
    server.replies = [Reply(status=400, error=refusal), Reply(usage=None)]
    model = chat(server)
    assert await said(model) == ["Hello"]
    assert await said(model) == ["Hello"]
    assert [parameter in request.body for request in server.requests] == [True, False, False]


async def test_the_limit_is_sent_under_its_newer_name_where_the_server_wants_that(server: OpenAIServer) -> None:
    server.replies = [Reply(status=400, error="Use 'max_completion_tokens' instead of 'max_tokens'."), Reply()]
    await said(chat(server, max_output_tokens=99))
    assert server.requests[1].body["max_completion_tokens"] == 99


async def test_done_ends_a_stream_without_a_finish_reason(server: OpenAIServer) -> None:
    server.replies = [Reply(finish_reason=None, usage=None)]
    assert await said(chat(server)) == ["Hello"]


async def test_a_finish_reason_ends_a_stream_without_done(server: OpenAIServer) -> None:
    server.replies = [Reply(done=False, usage=None)]
    assert await said(chat(server)) == ["Hello"]


async def test_a_finished_answer_is_kept_though_the_connection_then_breaks(server: OpenAIServer) -> None:
    finished = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    server.replies = [Reply(raw_at=(1, finished), cut_at=1)]
    assert await said(chat(server)) == ["Hello"]


@pytest.mark.parametrize(
    "odd", [b"data: {}\n\n", b'data: {"choices": null}\n\n', b": comment\n\n", b"data: {}\r\n\r\n"]
)
async def test_a_chunk_that_says_nothing_is_passed_over(server: OpenAIServer, odd: bytes) -> None:
    server.replies = [Reply(raw_at=(0, odd), usage=None)]
    assert await said(chat(server)) == ["Hello"]


async def test_closing_the_stream_ends_the_request(server: OpenAIServer) -> None:
    server.replies = [Reply(pieces=("Two", " years"), stall_at=1)]
    async with aclosing(chat(server).stream(SYSTEM, TURNS)) as pieces:
        await anext(pieces)
    assert await asyncio.to_thread(server.requests[0].left_early.wait, 5)


async def test_cancelling_the_task_ends_the_request(server: OpenAIServer) -> None:
    server.replies = [Reply(stall_at=0)]
    task = asyncio.create_task(said(chat(server)))
    assert await asyncio.to_thread(server.asked.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.requests[0].left_early.wait, 5)


async def test_openais_key_is_not_sent_to_another_address(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    await said(chat(server, api_key=None))
    assert KEY not in str(server.requests[0].headers)


async def test_openais_own_variables_belong_together(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    await said(chat(server, base_url=None, api_key=None))
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_line_end_after_the_key_is_not_part_of_it(server: OpenAIServer) -> None:
    await said(chat(server, api_key=f"{KEY}\n"))
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_importing_it_does_not_import_openai() -> None:
    code = "import sys, rag.llms.openai; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_what_the_server_had_read_before_is_told(server: OpenAIServer) -> None:
    counted = {"prompt_tokens": 300, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 256}}
    chunk = {"id": "x", "object": "chat.completion.chunk", "choices": [], "usage": counted}
    server.replies = [Reply(("Two",), usage=None, raw_at=(0, event(chunk)))]
    assert await said(chat(server)) == ["Two", Usage(300, 1, 256)]
