"""Any LlamaIndex LLM as a chat model."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.types import Turn

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage


class LlamaIndexChat:
    """Streams replies from ``llm``. Its timeouts, retries and keys are its own, and no usage comes of it.

    A LlamaIndex ``CustomLLM`` that brings no async methods of its own holds the event loop while it writes.
    """

    def __init__(self, llm: "LLM") -> None:
        self._llm = llm

    @property
    def name(self) -> str:
        return self._llm.metadata.model_name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[str]:
        """See ``ChatModel``: in one piece where the LLM cannot stream."""
        messages = _messages(system, turns)
        try:
            async with aclosing(self._pieces(messages)) as pieces:
                async for piece in pieces:
                    yield piece
        except Exception as error:
            raise ModelError(f"The model {self.name} failed: {_reason(error)}.") from error

    async def _pieces(self, messages: "list[ChatMessage]") -> AsyncGenerator[str]:
        try:
            async with aclosing(await self._llm.astream_chat(messages)) as responses:
                async for response in responses:
                    if response.delta:
                        yield response.delta
        except NotImplementedError:
            yield (await self._llm.achat(messages)).message.content or ""


def _messages(system: str, turns: Sequence[Turn]) -> "list[ChatMessage]":
    from llama_index.core.llms import ChatMessage

    opening = [ChatMessage(role="system", content=system)] if system else []
    return opening + [ChatMessage(role=turn.role, content=turn.text) for turn in turns]


def _reason(error: Exception) -> str:
    """The first line of what a vendor said, or the name of its error."""
    return (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
