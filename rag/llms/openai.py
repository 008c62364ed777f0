"""A chat model behind an OpenAI-compatible endpoint."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from indexes.models.openai_endpoint import Endpoint, EndpointError
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
from rag.llms.finish_reasons import FILTERED, TOOL_CALLS
from rag.llms.limits import next_within
from rag.llms.usage import read_usage
from rag.types import CutShort, ModelPiece, Turn, Usage

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionChunk

    ChunkStream = openai.AsyncStream[ChatCompletionChunk]

LARGEST_REPLY = 32
"""Megabytes after which a reply is given up, even one without an end of line."""
AFTER_FINISH = 2.0
"""Seconds to wait for the usage and ``[DONE]`` after the answer."""

DISPENSABLE = {
    "stream_options": ("stream_options",),
    "max_tokens": ("max_completion_tokens",),
    "temperature": ("temperature", "support"),
}
"""Parameters that some servers refuse, with the words that a refusal holds. OpenAI's reasoning models take
``max_completion_tokens`` for ``max_tokens`` and no ``temperature``; older servers know no ``stream_options``."""

_CAUSES: dict[str, type[ModelError]] = {
    "key": ModelRefusedKeyError,
    "timeout": ModelTimeoutError,
    "unreachable": ModelUnreachableError,
    "filtered": ModelFilteredError,
    "tools": ModelToolCallError,
    "empty": ModelEmptyError,
}


class OpenAIChat:
    """Streams replies from ``/chat/completions``. Timeouts are in seconds; nothing is fetched before the first use.

    ``retries`` follow status 429 or 5xx and lost connections, before the first piece only. No redirect is followed.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        temperature: float = 0.0,
        max_output_tokens: int = 1024,
        connect_timeout: float = 5.0,
        stall_timeout: float = 60.0,
        retries: int = 1,
        variables: str = "FOOTNOTE_LLM__",
    ) -> None:
        self._temperature = temperature
        self._max_output_tokens = max_output_tokens
        self._connect_timeout = connect_timeout
        self._stall_timeout = stall_timeout
        self._retries = retries
        self._refused: set[str] = set()
        patience = f"{stall_timeout:g} s of silence"
        self._endpoint = Endpoint("model server", model, base_url, api_key, variables, patience, "STALL_TIMEOUT_S")

    @property
    def name(self) -> str:
        """The model's name."""
        return self._endpoint.model

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """See ``ChatModel``. Closing the generator ends the HTTP request."""
        messages = [{"role": "system", "content": system}] if system else []
        messages += [{"role": turn.role, "content": turn.text} for turn in turns]
        try:
            # Importing openai and loading certificates would block the event loop for a second.
            async with (
                await asyncio.to_thread(self._client) as client,
                aclosing(self._reply_with_retries(client, messages)) as pieces,
            ):
                async for piece in pieces:
                    yield piece
        except EndpointError as error:
            if error.cause == "busy":
                raise ModelBusyError(str(error), error.retry_after) from error
            raise _CAUSES.get(error.cause, ModelError)(str(error)) from error

    def _client(self) -> "openai.AsyncOpenAI":
        """Return a client for one reply: its connections belong to the running event loop, and end with it."""
        import openai

        options = self._endpoint.options(connect=self._connect_timeout, read=self._stall_timeout)
        return openai.AsyncOpenAI(**options, http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False))

    async def _reply_with_retries(
        self, client: "openai.AsyncOpenAI", messages: list[dict[str, str]]
    ) -> AsyncGenerator[ModelPiece]:
        for attempt in range(self._retries + 1):
            begun = False
            try:
                with self._endpoint.failures():
                    async with await self._open(client, messages) as stream, aclosing(self._pieces(stream)) as pieces:
                        async for piece in pieces:
                            begun = True
                            yield piece
            except EndpointError as error:
                pause = error.pause(attempt)
                if begun or attempt == self._retries or pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def _open(self, client: "openai.AsyncOpenAI", messages: list[dict[str, str]]) -> "ChunkStream":
        """Open the stream, without any parameter that the server turns out to refuse."""
        import openai

        while True:
            limit = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
            request: dict[str, Any] = {
                "model": self.name,
                "messages": messages,
                "stream": True,
                limit: self._max_output_tokens,
            }
            if "temperature" not in self._refused:
                request["temperature"] = self._temperature
            if "stream_options" not in self._refused:
                request["stream_options"] = {"include_usage": True}
            try:
                async with asyncio.timeout(self._connect_timeout + self._stall_timeout):
                    return cast("ChunkStream", await client.chat.completions.create(**request))
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refusal = str(error).lower()
                known = (name for name, words in DISPENSABLE.items() if all(word in refusal for word in words))
                refused = next((name for name in known if name not in self._refused), None)
                if refused is None:
                    raise
                self._refused.add(refused)

    async def _pieces(self, stream: "ChunkStream") -> AsyncGenerator[ModelPiece]:
        """Yield the text, then ``CutShort`` if the model ran out of tokens, then the usage."""
        response = _WatchedResponse(stream.response)
        stream.response = cast("Any", response)
        content_type = response.headers.get("content-type", "")
        if content_type.startswith(("application/json", "text/html")):
            raise self._endpoint.malformed(f"{content_type} where a stream was asked for")
        begun, finish, usage = False, None, None
        while (chunk := await self._next_chunk(stream, finished=finish is not None)) is not None:
            text, reason, chunk_usage = _parse_chunk(chunk)
            begun, finish, usage = begun or bool(text), reason or finish, chunk_usage or usage
            if text:
                yield text
        if finish is None and not response.done:
            raise self._endpoint.broken_off()
        if end := self._end(finish, begun=begun):
            yield end
        if usage is not None:
            yield usage

    def _end(self, finish: str | None, *, begun: bool) -> CutShort | None:
        """Return how a reply was cut short, if it was. Raises ``EndpointError`` if it is no answer."""
        if finish in FILTERED:
            raise self._endpoint.filtered("the answer")
        if finish == "length" and not begun:
            spent = f"spent all {self._max_output_tokens} tokens before the first word of its answer"
            variable = f"{self._endpoint.settings}MAX_OUTPUT_TOKENS"
            raise EndpointError(f"The model {self.name} {spent}: raise {variable}.", "empty")
        if finish in TOOL_CALLS and not begun:
            way_out = "ask again, or turn its tools off"
            raise EndpointError(f"The model {self.name} called a tool in place of an answer: {way_out}.", "tools")
        if finish == "length":
            return CutShort(f"the model was not done after {self._max_output_tokens} tokens")
        return CutShort("the model called a tool, and none was offered") if finish in TOOL_CALLS else None

    async def _next_chunk(self, stream: "ChunkStream", *, finished: bool) -> "ChatCompletionChunk | None":
        """Return the next chunk, None at the end. Comments and half lines do not end a silence.

        After the answer is finished, a lost connection is no failure.
        """
        import openai

        silence = min(AFTER_FINISH, self._stall_timeout) if finished else self._stall_timeout
        try:
            return await next_within(stream, silence)
        except (openai.APIConnectionError, TimeoutError):
            if not finished:
                raise
            return None


class _WatchedResponse:
    """A response that notes whether ``[DONE]`` went by: the client's stream ends alike with it and without."""

    _MARK = re.compile(rb"\ndata: ?\[DONE\]")

    def __init__(self, response: Any) -> None:
        self._response = response
        self.done = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the body's parts. Raises ``ValueError`` beyond ``LARGEST_REPLY``."""
        tail, received = b"\n", 0
        async for part in self._response.aiter_bytes():
            received += len(part)
            if received > LARGEST_REPLY * 2**20:
                raise ValueError(f"more than {LARGEST_REPLY} MB")
            tail += part
            self.done = self.done or self._MARK.search(tail) is not None
            tail = tail[-len(b"\ndata: [DONE]") :]
            yield part


def _parse_chunk(chunk: "ChatCompletionChunk") -> tuple[str, str | None, Usage | None]:
    """Return the text, the reason for an end, and the usage of a chunk; reasoning is left out.

    The client builds chunks unchecked, so that anything may be missing. Raises ``ValueError`` then.
    """
    try:
        choice = chunk.choices[0] if chunk.choices else None
        text = (choice.delta.content or "") if choice and choice.delta else ""
        usage = read_usage(chunk.usage)
        reason = choice.finish_reason if choice else None
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("a malformed chunk") from error
    if not isinstance(text, str):
        raise ValueError("a chunk whose content is not text")  # noqa: TRY004 - it is the server's value, not our type
    return text, reason, usage
