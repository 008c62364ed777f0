"""Any LlamaIndex LLM as a chat model."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from contextlib import aclosing
from types import SimpleNamespace
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
from openai.types import CompletionUsage
from openai.types.completion_usage import PromptTokensDetails
from pydantic import Field, PrivateAttr

from rag.errors import ModelError, ModelFilteredError, ModelTimeoutError
from rag.llms.llama_index import LlamaIndexChat
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


class Told(Scripted):
    """Whose server tells its usage somewhere in the last response, as LlamaIndex's packages hand it on."""

    places: dict[str, Any] = Field(default_factory=dict)
    silent: float = 0.0

    async def _words(self) -> ChatResponseAsyncGen:
        said = ChatMessage(role="assistant", content="Two")
        yield ChatResponse(message=said, delta="Two", raw={"usage": None})
        await asyncio.sleep(self.silent)
        additional = self.places.get("message", {})
        last = ChatMessage(role="assistant", content="Two", additional_kwargs=additional)
        yield ChatResponse(
            message=last, delta="", raw=self.places.get("raw"), additional_kwargs=self.places.get("response", {})
        )


@pytest.mark.parametrize(
    ("places", "usage"),
    [
        (
            {
                "raw": SimpleNamespace(
                    usage=CompletionUsage(
                        prompt_tokens=300,
                        completion_tokens=9,
                        total_tokens=309,
                        prompt_tokens_details=PromptTokensDetails(cached_tokens=256),
                    )
                )
            },
            Usage(300, 9, 256),
        ),
        (
            {"raw": {"usage": {"input_tokens": 44, "cache_read_input_tokens": 256, "output_tokens": 9}}},
            Usage(300, 9, 256),
        ),
        ({"message": {"usage": {"input_tokens": 300, "output_tokens": 9}}}, Usage(300, 9)),
        (
            {
                "raw": {
                    "usage_metadata": {
                        "prompt_token_count": 300,
                        "candidates_token_count": 9,
                        "cached_content_token_count": 128,
                    }
                }
            },
            Usage(300, 9, 128),
        ),
        ({"raw": {"usage": {"prompt_tokens": 300, "completion_tokens": 9}, "eval_count": 9}}, Usage(300, 9)),
        ({"response": {"prompt_tokens": 300, "completion_tokens": 9, "total_tokens": 309}}, Usage(300, 9)),
        ({"raw": {"usage": {"prompt_tokens": "many", "completion_tokens": -1}}}, None),
    ],
)
async def test_the_usage_is_the_servers_own_wherever_an_llm_tells_it(
    places: dict[str, Any], usage: Usage | None
) -> None:
    assert await said(LlamaIndexChat(Told(places=places))) == (["Two"] if usage is None else ["Two", usage])


async def test_an_llm_that_falls_silent_is_left() -> None:
    with pytest.raises(ModelTimeoutError, match=r"scripted took too long \(0\.05 s of silence\)"):
        await said(LlamaIndexChat(Told(silent=30), stall_timeout=0.05))


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({"choices": [{"finish_reason": "content_filter"}]}, ModelFilteredError),
        (SimpleNamespace(choices=[SimpleNamespace(finish_reason="content_filter")]), ModelFilteredError),
        ({"stop_reason": "refusal"}, ModelFilteredError),
        ({"finish_reason": "SAFETY"}, ModelFilteredError),
    ],
)
async def test_a_reply_that_was_filtered_is_said_to_be(raw: object, error: type[ModelError]) -> None:
    with pytest.raises(error, match="content filter of the model scripted"):
        await said(LlamaIndexChat(Told(places={"raw": raw})))


def test_its_name_is_the_llms() -> None:
    assert LlamaIndexChat(Scripted()).name == "scripted"


def test_importing_it_does_not_import_llama_index() -> None:
    code = "import sys, rag.llms.llama_index; sys.exit('llama_index' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
