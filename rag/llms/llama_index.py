"""Any LlamaIndex LLM as a chat model."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from rag.errors import ModelError, ModelTimeoutError
from rag.llms.usage import read_usage
from rag.types import Turn, Usage

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage, ChatResponse


class LlamaIndexChat:
    """Streams replies from ``llm``; last the usage, where its responses tell any. Its retries and keys are its own, and
    so are its timeouts, but that a silence of ``stall_timeout`` seconds ends it.

    A LlamaIndex ``CustomLLM`` that brings no async methods of its own holds the event loop while it writes.
    """

    def __init__(self, llm: "LLM", stall_timeout: float = 60.0) -> None:
        self._llm = llm
        self._stall_timeout = stall_timeout

    @property
    def name(self) -> str:
        return self._llm.metadata.model_name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[str | Usage]:
        """See ``ChatModel``: in one piece where the LLM cannot stream."""
        messages = _messages(system, turns)
        try:
            async with aclosing(self._pieces(messages)) as pieces:
                while (piece := await self._next(pieces)) is not None:
                    yield piece
        except TimeoutError as error:
            raise ModelTimeoutError(
                f"The model {self.name} took too long ({self._stall_timeout:g} s of silence): try again, or raise "
                f"FOOTNOTE_LLM__STALL_TIMEOUT_S."
            ) from error
        except Exception as error:
            raise ModelError(f"The model {self.name} failed: {_reason(error)}.") from error

    async def _next(self, pieces: AsyncGenerator[str | Usage]) -> str | Usage | None:
        async with asyncio.timeout(self._stall_timeout):
            return await anext(pieces, None)

    async def _pieces(self, messages: "list[ChatMessage]") -> AsyncGenerator[str | Usage]:
        usage = None
        async with aclosing(self._responses(messages)) as responses:
            async for text, response in responses:
                usage = _usage(response) or usage
                if text:
                    yield text
        if usage is not None:
            yield usage

    async def _responses(self, messages: "list[ChatMessage]") -> "AsyncGenerator[tuple[str, ChatResponse]]":
        """Each with what it adds to the text."""
        try:
            async with aclosing(await self._llm.astream_chat(messages)) as responses:
                async for response in responses:
                    yield response.delta or "", response
        except NotImplementedError:
            response = await self._llm.achat(messages)
            yield response.message.content or "", response


def _usage(response: "ChatResponse") -> Usage | None:
    """Wherever the LLM's package puts what its server told."""
    raw = response.raw if isinstance(response.raw, Mapping) else getattr(response.raw, "__dict__", {})
    places = (raw.get("usage"), raw.get("usage_metadata"), response.message.additional_kwargs.get("usage"))
    told = (read_usage(place) for place in (*places, response.additional_kwargs))
    return next((usage for usage in told if usage is not None), None)


def _messages(system: str, turns: Sequence[Turn]) -> "list[ChatMessage]":
    from llama_index.core.llms import ChatMessage

    opening = [ChatMessage(role="system", content=system)] if system else []
    return opening + [ChatMessage(role=turn.role, content=turn.text) for turn in turns]


def _reason(error: Exception) -> str:
    """The first line of what a vendor said, or the name of its error."""
    return (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
