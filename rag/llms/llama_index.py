"""A chat model that is any LlamaIndex LLM."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from rag.errors import ModelError, ModelTimeoutError
from rag.llms.limits import next_within
from rag.llms.usage import read_usage
from rag.types import Turn, Usage

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage, ChatResponse


class LlamaIndexChat:
    """Streams replies from ``llm``, then the usage if its responses report any.

    Retries, keys and timeouts are those of the LLM, but a silence of ``stall_timeout`` seconds ends the reply. A
    LlamaIndex ``CustomLLM`` without async methods of its own blocks the event loop while it writes.
    """

    def __init__(self, llm: "LLM", stall_timeout: float = 60.0) -> None:
        self._llm = llm
        self._stall_timeout = stall_timeout

    @property
    def name(self) -> str:
        """The model's name."""
        return self._llm.metadata.model_name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[str | Usage]:
        """See ``ChatModel``. The reply comes in one piece if the LLM cannot stream."""
        from llama_index.core.llms import ChatMessage

        messages = [ChatMessage(role="system", content=system)] if system else []
        messages += [ChatMessage(role=turn.role, content=turn.text) for turn in turns]
        try:
            async with aclosing(self._pieces(messages)) as pieces:
                while (piece := await next_within(pieces, self._stall_timeout)) is not None:
                    yield piece
        except TimeoutError as error:
            raise ModelTimeoutError(
                f"The model {self.name} took too long ({self._stall_timeout:g} s of silence): try again, or raise "
                f"FOOTNOTE_LLM__STALL_TIMEOUT_S."
            ) from error
        except Exception as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise ModelError(f"The model {self.name} failed: {reason.rstrip('.')}.") from error

    async def _pieces(self, messages: "list[ChatMessage]") -> AsyncGenerator[str | Usage]:
        """Yield the text, then the usage. A response without text does not end a silence."""
        usage = None
        try:
            async with aclosing(await self._llm.astream_chat(messages)) as responses:
                async for response in responses:
                    usage = _usage(response) or usage
                    if response.delta:
                        yield response.delta
        except NotImplementedError:
            response = await self._llm.achat(messages)
            usage = _usage(response) or usage
            if response.message.content:
                yield response.message.content
        if usage is not None:
            yield usage


def _usage(response: "ChatResponse") -> Usage | None:
    """Return the usage, wherever the LLM's package puts it."""
    raw = response.raw if isinstance(response.raw, Mapping) else getattr(response.raw, "__dict__", {})
    places = (raw.get("usage"), raw.get("usage_metadata"), response.message.additional_kwargs.get("usage"))
    usages = (read_usage(place) for place in (*places, response.additional_kwargs))
    return next((usage for usage in usages if usage is not None), None)
