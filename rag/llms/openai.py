"""A chat model behind an OpenAI-compatible endpoint."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from indexes.models.openai_endpoint import Endpoint, EndpointError
from rag.errors import ModelBusyError, ModelError, ModelRefusedKeyError, ModelTimeoutError, ModelUnreachableError
from rag.llms.usage import read_usage
from rag.types import CutShort, ModelPiece, Turn, Usage

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionChunk

    ChunkStream = openai.AsyncStream[ChatCompletionChunk]

LARGEST_REPLY = 32
"""Megabytes: a server that never ends a line, or has nothing to say at length, is left."""
AFTER_FINISH = 2.0
"""Seconds to wait for the usage and ``[DONE]`` once the answer is finished."""

DISPENSABLE = {
    "stream_options": ("stream_options",),
    "max_tokens": ("max_completion_tokens",),
    "temperature": ("temperature", "support"),
}
"""Parameters that some servers refuse, and the words by which a refusal is known. OpenAI's reasoning models take
``max_completion_tokens`` for ``max_tokens`` and no ``temperature``; older servers know no ``stream_options``."""

_CAUSES: dict[str, type[ModelError]] = {
    "key": ModelRefusedKeyError,
    "timeout": ModelTimeoutError,
    "unreachable": ModelUnreachableError,
}


class OpenAIChat:
    """Streams replies from ``/chat/completions``. Timeouts are in seconds; nothing is fetched before the first use.

    ``retries`` are further tries on 429, 5xx and lost connections, before the first piece only. The endpoint alone is
    called: redirects are not followed.
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
        return self._endpoint.model

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
        """See ``ChatModel``. Closing the generator ends the HTTP request."""
        try:
            # Importing openai and loading certificates take a second, which the event loop has not.
            async with (
                await asyncio.to_thread(self._client) as client,
                aclosing(self._persist(client, _messages(system, turns))) as pieces,
            ):
                async for piece in pieces:
                    yield piece
        except EndpointError as error:
            raise _model_error(error) from error

    def _client(self) -> "openai.AsyncOpenAI":
        """A client for one reply: its connections belong to the running event loop, and end with it."""
        import openai

        options = self._endpoint.options(connect=self._connect_timeout, read=self._stall_timeout)
        return openai.AsyncOpenAI(**options, http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False))

    async def _persist(
        self, client: "openai.AsyncOpenAI", messages: list[dict[str, str]]
    ) -> AsyncGenerator[ModelPiece]:
        for attempt in range(self._retries + 1):
            begun = False
            try:
                async with aclosing(self._reply(client, messages)) as pieces:
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

    async def _reply(self, client: "openai.AsyncOpenAI", messages: list[dict[str, str]]) -> AsyncGenerator[ModelPiece]:
        with self._endpoint.failures():
            async with await self._open(client, messages) as stream, aclosing(self._pieces(stream)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _open(self, client: "openai.AsyncOpenAI", messages: list[dict[str, str]]) -> "ChunkStream":
        """The stream, asked for without whatever the server turns out not to take."""
        import openai

        while True:
            try:
                async with asyncio.timeout(self._connect_timeout + self._stall_timeout):
                    return cast("ChunkStream", await client.chat.completions.create(**self._request(messages)))
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._do_without(str(error).lower()):
                    raise

    def _request(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        limit = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
        request = {"model": self.name, "messages": messages, "stream": True, limit: self._max_output_tokens}
        if "temperature" not in self._refused:
            request["temperature"] = self._temperature
        if "stream_options" not in self._refused:
            request["stream_options"] = {"include_usage": True}
        return request

    def _do_without(self, refusal: str) -> bool:
        """Whether the server refused a parameter that can be spared: it is not sent to it again."""
        for parameter, words in DISPENSABLE.items():
            if parameter not in self._refused and all(word in refusal for word in words):
                self._refused.add(parameter)
                return True
        return False

    async def _pieces(self, stream: "ChunkStream") -> AsyncGenerator[ModelPiece]:
        response = _WatchedResponse(stream.response)
        stream.response = cast("Any", response)
        self._check_content_type(response.headers.get("content-type", ""))
        begun, finish, usage = False, None, None
        while (chunk := await self._next(stream, finished=finish is not None)) is not None:
            text, reason, counted = _read(chunk)
            begun, finish, usage = begun or bool(text), reason or finish, counted or usage
            if text:
                yield text
        if finish is None and not response.done:
            raise self._endpoint.broken_off()
        if finish == "length" and not begun:
            raise self._spent()
        if finish == "length":
            yield CutShort(f"the model was not done after {self._max_output_tokens} tokens")
        if usage is not None:
            yield usage

    async def _next(self, stream: "ChunkStream", *, finished: bool) -> "ChatCompletionChunk | None":
        """The next chunk, None at the end. Comments and half lines do not count: they keep a connection, not a reader.

        What goes wrong after the answer is finished is not a failure of the answer.
        """
        import openai

        silence = min(AFTER_FINISH, self._stall_timeout) if finished else self._stall_timeout
        try:
            async with asyncio.timeout(silence):
                return await anext(stream, None)
        except (openai.APIConnectionError, TimeoutError):
            if not finished:
                raise
            return None

    def _check_content_type(self, content_type: str) -> None:
        if content_type.startswith(("application/json", "text/html")):
            raise self._endpoint.malformed(f"{content_type} where a stream was asked for")

    def _spent(self) -> EndpointError:
        spent = f"{self.name} spent all {self._max_output_tokens} tokens before the first word of its answer"
        return EndpointError(f"The model {spent}: raise {self._endpoint.settings}MAX_OUTPUT_TOKENS.")


class _WatchedResponse:
    """A response that notes whether ``[DONE]`` went by: the client's stream ends alike with it and without."""

    _MARK = re.compile(rb"\ndata: ?\[DONE\]")

    def __init__(self, response: Any) -> None:
        self._response = response
        self.done = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        tail, received = b"\n", 0
        async for part in self._response.aiter_bytes():
            received += len(part)
            if received > LARGEST_REPLY * 2**20:
                raise ValueError(f"more than {LARGEST_REPLY} MB")
            tail += part
            self.done = self.done or self._MARK.search(tail) is not None
            tail = tail[-len(b"\ndata: [DONE]") :]
            yield part


def _messages(system: str, turns: Sequence[Turn]) -> list[dict[str, str]]:
    opening = [{"role": "system", "content": system}] if system else []
    return opening + [{"role": turn.role, "content": turn.text} for turn in turns]


def _read(chunk: "ChatCompletionChunk") -> tuple[str, str | None, Usage | None]:
    """The text, the reason for an end, and the usage of one chunk; reasoning is left out.

    The client builds chunks unchecked, so that anything may be missing: ``ValueError`` where it is no chunk.
    """
    try:
        choice = chunk.choices[0] if chunk.choices else None
        text = (choice.delta.content or "") if choice and choice.delta else ""
        counted = read_usage(chunk.usage)
        reason = choice.finish_reason if choice else None
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("a chunk that is none") from error
    if not isinstance(text, str):
        raise ValueError("a chunk whose content is no text")  # noqa: TRY004 - it is the server's value, not our type
    return text, reason, counted


def _model_error(error: EndpointError) -> ModelError:
    if error.cause == "busy":
        return ModelBusyError(str(error), error.retry_after)
    return _CAUSES.get(error.cause, ModelError)(str(error))
