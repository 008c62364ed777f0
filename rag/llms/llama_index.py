"""A chat model that is any LlamaIndex LLM."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError, ModelFilteredError, ModelTimeoutError, ModelToolCallError
from rag.llms.finish_reasons import FILTERED, TOOL_CALLS
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
        except ModelError:
            raise
        except Exception as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise ModelError(f"The model {self.name} failed: {reason.rstrip('.')}.") from error

    async def _pieces(self, messages: "list[ChatMessage]") -> AsyncGenerator[str | Usage]:
        """Yield the text, then the usage. A response without text does not end a silence."""
        usage, finish, begun = None, None, False
        try:
            async with aclosing(await self._llm.astream_chat(messages)) as responses:
                async for response in responses:
                    usage, finish = _usage(response) or usage, _finish_reason(response) or finish
                    if response.delta:
                        begun = True
                        yield response.delta
        except NotImplementedError:
            response = await self._llm.achat(messages)
            usage, finish = _usage(response), _finish_reason(response)
            if response.message.content:
                begun = True
                yield response.message.content
        if finish in FILTERED:
            raise ModelFilteredError(
                f"The content filter of the model {self.name} withheld the answer: word the question otherwise."
            )
        if finish in TOOL_CALLS and not begun:
            raise ModelToolCallError(f"The model {self.name} called a tool in place of an answer: ask again.")
        if usage is not None:
            yield usage


def _raw(response: "ChatResponse") -> Mapping[str, Any]:
    return response.raw if isinstance(response.raw, Mapping) else getattr(response.raw, "__dict__", {})


def _finish_reason(response: "ChatResponse") -> str | None:
    """Return why the reply ended, wherever the LLM's package puts it."""
    choices = _raw(response).get("choices") or [_raw(response)]
    first = choices[0] if isinstance(choices, list) else {}
    names = ("finish_reason", "stop_reason")
    found = (first.get(name) if isinstance(first, Mapping) else getattr(first, name, None) for name in names)
    return next((getattr(reason, "name", None) or str(reason) for reason in found if reason), None)


def _usage(response: "ChatResponse") -> Usage | None:
    """Return the usage, wherever the LLM's package puts it."""
    raw = _raw(response)
    places = (raw.get("usage"), raw.get("usage_metadata"), response.message.additional_kwargs.get("usage"))
    usages = (read_usage(place) for place in (*places, response.additional_kwargs))
    return next((usage for usage in usages if usage is not None), None)
