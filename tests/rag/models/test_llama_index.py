"""Any LlamaIndex LLM as a chat model."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms import CustomLLM, MockLLM
from pydantic import PrivateAttr

from rag.errors import ModelError
from rag.models.llama_index import LlamaIndexChat
from rag.types import Turn, Usage

TURNS = (Turn("user", "How long?"), Turn("assistant", "A year."), Turn("user", "And for batteries?"))


class Scripted(CustomLLM):
    """Says two words; fails, or does not stream, where told."""

    fails_after: int | None = None
    streams: bool = True
    _heard: list[ChatMessage] = PrivateAttr(default_factory=list)
    _closed: bool = PrivateAttr(default=False)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted")

    def complete(self, *_: Any, **__: Any) -> CompletionResponse:
        raise AssertionError("not asked for")

    def stream_complete(self, *_: Any, **__: Any) -> CompletionResponseGen:
        raise AssertionError("not asked for")

    async def achat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        self._heard = list(messages)
        return ChatResponse(message=ChatMessage(role="assistant", content="Two years"))

    async def astream_chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponseAsyncGen:
        self._heard = list(messages)
        if not self.streams:
            raise NotImplementedError
        return self._words()

    async def _words(self) -> ChatResponseAsyncGen:
        try:
            for position, word in enumerate(("Two", " years", "")):
                if position == self.fails_after:
                    raise ConnectionError("the line is dead.\nTraceback follows")
                yield ChatResponse(message=ChatMessage(role="assistant", content="…"), delta=word or None)
        finally:
            self._closed = True


async def said(model: LlamaIndexChat) -> list[str | Usage]:
    return [piece async for piece in model.stream("Be brief.", TURNS)]


async def test_llama_indexs_own_mock_streams_word_by_word() -> None:
    assert await said(LlamaIndexChat(MockLLM(max_tokens=3))) == ["text ", "text ", "text"]


async def test_an_llm_that_completes_only_is_given_the_conversation_as_one_prompt() -> None:
    text = "".join(str(piece) for piece in await said(LlamaIndexChat(MockLLM())))
    assert text.startswith("system: Be brief.\nuser: How long?\nassistant: A year.\nuser: And for batteries?")


async def test_the_pieces_are_the_deltas() -> None:
    assert await said(LlamaIndexChat(Scripted())) == ["Two", " years"]


async def test_the_conversation_keeps_its_roles() -> None:
    llm = Scripted()
    await said(LlamaIndexChat(llm))
    assert [(message.role.value, message.content) for message in llm._heard] == [
        ("system", "Be brief."),
        ("user", "How long?"),
        ("assistant", "A year."),
        ("user", "And for batteries?"),
    ]


async def test_an_llm_that_cannot_stream_answers_in_one_piece() -> None:
    assert await said(LlamaIndexChat(Scripted(streams=False))) == ["Two years"]


@pytest.mark.parametrize("position", [0, 1])
async def test_a_failure_names_the_model_and_the_cause(position: int) -> None:
    with pytest.raises(ModelError) as caught:
        await said(LlamaIndexChat(Scripted(fails_after=position)))
    assert str(caught.value) == "The model scripted failed: the line is dead."


async def test_closing_the_stream_closes_the_llms() -> None:
    llm = Scripted()
    async with aclosing(LlamaIndexChat(llm).stream("", TURNS)) as pieces:
        await anext(pieces)
    assert llm._closed


def test_its_name_is_the_llms() -> None:
    assert LlamaIndexChat(Scripted()).name == "scripted"


def test_importing_it_does_not_import_llama_index() -> None:
    code = "import sys, rag.models.llama_index; sys.exit('llama_index' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
