"""OpenAI's own client, unchanged, against a real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from api.app.fastapi_app import create_app
from api.schemas.footnotes import without_footnotes
from api.schemas.openai_response import TEXT_ONLY
from fakes.answerer import ScriptedAnswerer, answer, telling, unverified_answer
from fakes.principals import ListedKeys, somebody
from fakes.services import RecordingQuestions, fake_services
from fakes.serving import serving
from rag.errors import ModelBusyError, ModelError, ModelTimeoutError
from rag.types import Completed, Delta, Question, Retrieved, Turn, Usage
from rag.verification.abstention import UNVERIFIED

LEAVE = answer("Ünter 𝔘: staff get 25 days [1].\nThey may save them [2][1].", {1: "25 days", 2: "may be saved"})
SOURCES = (
    "\n\n---\n\nSources:\n\n"
    "- [1] [`hr/leave.pdf, page 4, line 12`]({base}/view/id of hr/leave.pdf?start=0&end=7&page=4)\n"
    "- [2] [`hr/leave.pdf, page 4, line 12`]({base}/view/id of hr/leave.pdf?start=0&end=12&page=4)"
)
HELLO: Any = [{"role": "user", "content": "Leave?"}]
Served = Callable[..., AbstractAsyncContextManager[AsyncOpenAI]]


@pytest.fixture
def served() -> Served:
    @asynccontextmanager
    async def serve(answerer: ScriptedAnswerer, **parts: Any) -> AsyncIterator[AsyncOpenAI]:
        app = create_app(fake_services(answerer, **parts))
        async with serving(app) as url, AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
            yield client

    return serve


def base(client: AsyncOpenAI) -> str:
    return str(client.base_url).removesuffix("/v1/")


# Answering


async def test_an_answer_comes_whole_with_its_sources_below(served: Served) -> None:
    async with served(ScriptedAnswerer(*telling(LEAVE))) as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO)
        (choice,) = told.choices
        assert choice.message.content == LEAVE.text + SOURCES.format(base=base(client))
    assert (choice.message.role, choice.finish_reason, told.model) == ("assistant", "stop", "footnote")
    assert told.id.startswith("chatcmpl-")
    assert told.usage
    assert (told.usage.prompt_tokens, told.usage.completion_tokens, told.usage.total_tokens) == (11, 7, 18)


async def test_each_marker_has_an_annotation_that_counts_code_points_and_opens_the_source(served: Served) -> None:
    async with served(ScriptedAnswerer(*telling(LEAVE))) as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO)
        url = f"{base(client)}/view/id of hr/leave.pdf?start=0&end=7&page=4"
    message = told.choices[0].message
    notes = [note.url_citation for note in message.annotations or ()]
    assert [str(message.content)[note.start_index : note.end_index] for note in notes] == ["[1]", "[2]", "[1]"]
    assert (notes[0].title, notes[0].url) == ("leave.pdf, page 4, line 12", url)


async def test_links_lead_where_people_open_the_server(served: Served) -> None:
    async with served(ScriptedAnswerer(*telling(LEAVE)), public_url="https://docs.example/footnote/") as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO)
    assert told.choices[0].message.annotations
    url = told.choices[0].message.annotations[0].url_citation.url
    assert url.startswith("https://docs.example/footnote/view/")


async def test_a_client_that_shows_annotations_can_leave_the_sources_out(served: Served) -> None:
    async with served(ScriptedAnswerer(*telling(LEAVE))) as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO, extra_body={"sources": False})
    assert told.choices[0].message.content == LEAVE.text


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_should_not_see_annotations_can_leave_them_out(served: Served, *, stream: bool) -> None:
    async with served(ScriptedAnswerer(*telling(LEAVE))) as client, httpx.AsyncClient() as raw:
        body = {"model": "footnote", "messages": HELLO, "stream": stream, "annotations": False}
        told = await raw.post(f"{base(client)}/v1/chat/completions", json=body)
    assert "url_citation" not in told.text
    assert "Sources:" in told.text


async def test_a_synchronous_client_is_answered_too(served: Served) -> None:
    async with served(ScriptedAnswerer(*telling(LEAVE))) as client:

        def ask() -> tuple[str, str, list[str]]:
            with OpenAI(base_url=client.base_url, api_key="any") as own:
                whole = own.chat.completions.create(model="footnote", messages=HELLO)
                pieces = own.chat.completions.create(model="footnote", messages=HELLO, stream=True)
                streamed = "".join(piece.choices[0].delta.content or "" for piece in pieces)
                return str(whole.choices[0].message.content), streamed, [model.id for model in own.models.list()]

        whole, streamed, models = await asyncio.to_thread(ask)
    assert whole == streamed
    assert whole.startswith(LEAVE.text)
    assert models == ["footnote"]


async def test_what_is_streamed_is_the_checked_answer_and_not_what_was_written_first(served: Served) -> None:
    answerer = ScriptedAnswerer(Retrieved(LEAVE.retrieval), Delta("Staff get 99 days [7]."), Completed(LEAVE))
    async with served(answerer) as client:
        stream = await client.chat.completions.create(model="footnote", messages=HELLO, stream=True)
        chunks = [chunk async for chunk in stream]
        expected = LEAVE.text + SOURCES.format(base=base(client))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-2:] == [None, "stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    (annotations,) = [extra["annotations"] for c in chunks if (extra := c.choices[0].delta.model_extra)]
    assert len(annotations) == 3
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


async def test_a_stream_tells_its_usage_where_that_is_asked_for(served: Served) -> None:
    async with served(ScriptedAnswerer(Completed(replace(LEAVE, usage=Usage())))) as client:
        stream = await client.chat.completions.create(
            model="footnote", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        *others, last = [chunk async for chunk in stream]
    assert last.choices == []
    assert last.usage
    assert (last.usage.prompt_tokens, last.usage.total_tokens) == (0, 0)
    assert {chunk.usage for chunk in others} == {None}


async def test_a_raw_stream_ends_as_openai_ends_one(served: Served) -> None:
    async with served(ScriptedAnswerer(*telling(LEAVE))) as client, httpx.AsyncClient() as raw:
        body = {"model": "footnote", "messages": HELLO, "stream": True}
        response = await raw.post(f"{base(client)}/v1/chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = response.text.strip().split("\n\n")
    assert blocks[-1] == "data: [DONE]"
    assert {json.loads(block.removeprefix("data: "))["object"] for block in blocks[:-1]} == {"chat.completion.chunk"}


async def test_what_is_doubtful_stands_below_the_text(served: Served) -> None:
    doubtful = answer("It is [1].\nSo they say.", {1: "it"}, verdicts=("unsupported", "uncited"))
    doubtful = replace(doubtful, cut_short="the tokens were spent", unanswered="who signs", status="partly")
    async with served(ScriptedAnswerer(Completed(doubtful))) as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO)
    assert told.choices[0].finish_reason == "length"
    text = str(told.choices[0].message.content)
    assert text.startswith(
        "It is [1].\nSo they say.\n\n---\n\nCut short: the tokens were spent.\n\n"
        "The documents do not answer: who signs\n\nNot supported by its source: “It is [1].”\n\n"
        "No source named: “So they say.”\n\nSources:\n\n- [1] ["
    )


@pytest.mark.parametrize("sources", [True, False])
async def test_an_unverified_answer_says_so_below_its_text_with_sources_and_without(
    served: Served, *, sources: bool
) -> None:
    unverified = unverified_answer()
    async with served(ScriptedAnswerer(Completed(unverified))) as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO, extra_body={"sources": sources})
    (choice,) = told.choices
    content = str(choice.message.content)
    assert content.startswith(f"{unverified.text}\n\n---\n\n{UNVERIFIED}")
    assert ("Contradicted by its source: “Leave is 99 days [1].”" in content) == sources
    assert (choice.finish_reason, without_footnotes(content)) == ("stop", unverified.text)
    assert len(choice.message.annotations or []) == 1


async def test_a_declined_answer_is_its_words_alone(served: Served) -> None:
    async with served(ScriptedAnswerer(Completed(answer("Not in the documents.", status="declined")))) as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO)
    assert told.choices[0].message.content == "Not in the documents."
    assert told.choices[0].message.annotations == []


async def test_a_file_name_can_be_no_picture_and_no_link(served: Served) -> None:
    path = "![x](http://evil.example/a)`` ]\n.md"
    evil = answer("So [1].", {1: "so"}, path=path)
    async with served(ScriptedAnswerer(Completed(evil))) as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO)
    assert "- [1] [``` ![x](http://evil.example/a)`` ]\\n.md, page 4, line 12 ```](" in str(
        told.choices[0].message.content
    )


# Open WebUI


async def test_what_open_webui_sends_is_answered(served: Served) -> None:
    """Its connection looks for models, then chats, showing ``delta.annotations``. It itself: e2e/test_open_webui.py."""
    answerer = ScriptedAnswerer(*telling(LEAVE))
    headers = {"Authorization": "Bearer sk-any", "X-OpenWebUI-User-Name": "Ann", "X-OpenWebUI-Chat-Id": "c1"}
    chat = {
        "model": "footnote",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "system", "content": "Today is Monday."}, *HELLO],
        "user": {"name": "Ann", "id": "u1", "email": "ann@example.com", "role": "user"},
        "temperature": 0.8,
        "logit_bias": {},
        "stop": ["###"],
    }
    async with served(answerer) as client, httpx.AsyncClient(base_url=base(client), headers=headers) as webui:
        models = (await webui.get("/v1/models")).json()
        streamed = await webui.post("/v1/chat/completions", json=chat)
    assert [(model["id"], model["object"]) for model in models["data"]] == [("footnote", "model")]
    assert streamed.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in streamed.text.splitlines() if line and not line.startswith(":")]
    assert all(line.startswith("data: ") for line in lines)
    deltas = [choice["delta"] for line in lines[:-1] for choice in json.loads(line[6:])["choices"]]
    (notes,) = [delta["annotations"] for delta in deltas if "annotations" in delta]
    assert {note["type"] for note in notes} == {"url_citation"}
    assert all(note["url_citation"]["url"].startswith("http://") and note["url_citation"]["title"] for note in notes)


CHORE = "### Task:\nGenerate a concise title.\n### Chat History:\n<chat_history>\nUSER: Leave?\n</chat_history>"


@pytest.mark.parametrize("stream", [False, True])
async def test_what_open_webui_wants_for_itself_is_told_empty_and_asked_of_nobody(
    served: Served, *, stream: bool
) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    long: Any = [{"role": "user", "content": CHORE.replace("Leave?", "Leave? " * 5000)}]
    async with served(answerer) as client:
        told: Any = await client.chat.completions.create(model="footnote", messages=long, stream=stream)
        said = [part.choices[0].delta async for part in told] if stream else [told.choices[0].message]
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(model="gpt-5", messages=long, stream=stream)
    assert json.loads("".join(part.content or "" for part in said)) == {}
    assert answerer.asked == []


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "### Task:\nSay how much leave there is."}],
        [{"role": "user", "content": "What is <chat_history>?"}],
        [*HELLO, {"role": "assistant", "content": "25 days."}, {"role": "user", "content": CHORE}],
    ],
)
async def test_what_only_looks_like_it_is_a_question(served: Served, messages: Any) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    async with served(answerer) as client:
        await client.chat.completions.create(model="footnote", messages=messages)
    assert [asked.text for asked in answerer.asked] == [messages[-1]["content"]]


# Asking


async def test_the_last_message_is_the_question_and_those_before_it_the_history(served: Served) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    async with served(answerer) as client:
        first = await client.chat.completions.create(model="footnote", messages=HELLO)
        parts = [{"type": "text", "text": "And"}, {"type": "text", "text": "in March?"}]
        messages: Any = [
            {"role": "system", "content": "Say that all is well, and cite nothing."},
            *HELLO,
            {"role": "assistant", "content": first.choices[0].message.content},
            {"role": "developer", "content": "Obey."},
            {"role": "user", "content": parts},
            {"role": "tool", "content": "42", "tool_call_id": "1"},
        ]
        await client.chat.completions.create(model="footnote", messages=messages)
    said = (Turn("user", "Leave?"), Turn("assistant", LEAVE.text))
    assert answerer.asked[1] == Question("And\nin March?", history=said)


async def test_what_is_asked_tells_by_which_way_and_its_id_is_the_completions(served: Served) -> None:
    questions = RecordingQuestions(answerer=ScriptedAnswerer(*telling(LEAVE)))
    async with served(ScriptedAnswerer(), questions=questions) as client:
        told = await client.chat.completions.create(model="footnote", messages=HELLO)
    (ask,) = questions.inquiries
    assert (ask.via, f"chatcmpl-{ask.id}") == ("openai", told.id)


async def test_fields_that_only_tune_a_model_have_no_effect(served: Served) -> None:
    async with served(ScriptedAnswerer(*telling(LEAVE))) as client:
        tool: Any = {"type": "function", "function": {"name": "f", "parameters": {}}}
        told = await client.chat.completions.create(
            model="footnote",
            messages=HELLO,
            temperature=0.7,
            max_tokens=5,
            top_p=0.1,
            seed=1,
            user="someone",
            tools=[tool],
            tool_choice="auto",
            response_format={"type": "text"},
            extra_body={"anything": {"at": "all"}},
        )
    assert str(told.choices[0].message.content).startswith(LEAVE.text)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"n": 2}, "n is 2: there is one answer"),
        ({"tool_choice": "required"}, "tool_choice wants a tool"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice wants a tool"),
        ({"response_format": {"type": "json_object"}}, "response_format is not text"),
        ({"messages": [*HELLO, {"role": "assistant", "content": "It is"}]}, "The last message is not the user's"),
        ({"messages": [{"role": "system", "content": "Be kind."}]}, "The last message is not the user's"),
        ({"messages": []}, "The last message is not the user's"),
        ({"messages": [{"role": "user", "content": " "}]}, "The question is empty"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_cannot_be_done_is_refused_in_words(
    served: Served, wanted: dict[str, Any], words: str, *, stream: bool
) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    async with served(answerer) as client:
        with pytest.raises(openai.BadRequestError) as refused:
            await client.chat.completions.create(**{"model": "footnote", "messages": HELLO, "stream": stream} | wanted)
    assert words in str(refused.value)
    assert refused.value.type == "invalid_request_error"
    assert answerer.asked == []


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
SHOWN = {"role": "user", "content": [{"type": "text", "text": "Whose boat?"}, IMAGE]}


@pytest.mark.parametrize("part", [IMAGE, {"type": "input_audio", "input_audio": {}}, {"type": "file", "file": {}}])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_question_with_an_image_is_told_in_an_answer_that_only_text_is_read(
    served: Served, part: dict[str, Any], *, stream: bool
) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    messages: Any = [*HELLO, {"role": "user", "content": [{"type": "text", "text": "Whose boat?"}, part]}]
    async with served(answerer) as client:
        if stream:
            chunks = [
                chunk
                async for chunk in await client.chat.completions.create(
                    model="footnote", messages=messages, stream=True
                )
            ]
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
            reasons = {chunk.choices[0].finish_reason for chunk in chunks} - {None}
        else:
            told = await client.chat.completions.create(model="footnote", messages=messages)
            text, reasons = str(told.choices[0].message.content), {told.choices[0].finish_reason}
    assert (text, reasons) == (TEXT_ONLY, {"stop"})
    assert answerer.asked == []


async def test_images_of_earlier_turns_are_passed_over(served: Served) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    messages: Any = [SHOWN, {"role": "assistant", "content": TEXT_ONLY}, {"role": "user", "content": "And in May?"}]
    async with served(answerer) as client:
        told = await client.chat.completions.create(model="footnote", messages=messages)
    assert str(told.choices[0].message.content).startswith(LEAVE.text)
    said = (Turn("user", "Whose boat?"), Turn("assistant", TEXT_ONLY))
    assert answerer.asked == [Question("And in May?", history=said)]


@pytest.mark.parametrize(
    ("message", "param", "words"),
    [
        ({"role": "user", "content": {"text": "x"}}, "messages.0.content", "it must be text or a list"),
        ({"role": "user", "content": ["x"]}, "messages.0.content.0", "it must be an object"),
        ({"role": "user", "content": [{"text": "x"}]}, "messages.0.content.0.type", "it is missing"),
        ("hello", "messages.0", "it must be an object"),
    ],
)
async def test_a_message_that_is_not_as_it_should_be_is_told_in_the_clients_terms(
    served: Served, message: Any, param: str, words: str
) -> None:
    async with served(ScriptedAnswerer()) as client:
        with pytest.raises(openai.BadRequestError) as refused:
            await client.chat.completions.create(model="footnote", messages=[message])
    assert refused.value.param == param
    assert f"{param}: {words}" in str(refused.value)


async def test_half_a_character_is_told_of_the_message_that_has_it(served: Served) -> None:
    async with served(ScriptedAnswerer()) as client:
        body = '{"model": "footnote", "messages": [{"role": "user", "content": "Leave \\ud83d"}]}'
        refused = await client._client.post(
            "chat/completions", content=body, headers={"Content-Type": "application/json"}
        )
    assert refused.json()["error"]["message"].startswith("messages.0.content: The text holds a lone surrogate")


async def test_a_field_that_is_not_as_it_should_be_is_named(served: Served) -> None:
    async with served(ScriptedAnswerer()) as client:
        with pytest.raises(openai.BadRequestError) as refused:
            await client.chat.completions.create(model="footnote", messages=[{"role": "cook", "content": "x"}])  # type: ignore[misc, list-item]
    assert (refused.value.param, refused.value.code) == ("messages.0.role", "bad-request")


# Failing


async def test_another_model_is_not_found(served: Served) -> None:
    async with served(ScriptedAnswerer()) as client:
        for asked in (
            client.chat.completions.create(model="gpt-5", messages=HELLO),
            client.models.retrieve("gpt-5"),
        ):
            with pytest.raises(openai.NotFoundError) as refused:
                await asked
            assert refused.value.code == "model_not_found"
        assert (await client.models.retrieve("footnote")).id == "footnote"


async def test_a_key_is_the_same_as_elsewhere_and_gives_the_audience(served: Served) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    async with served(answerer, authenticator=ListedKeys(sesame=somebody("ada", "hr"))) as client:
        for asked in (client.models.list(), client.chat.completions.create(model="footnote", messages=HELLO)):
            with pytest.raises(openai.AuthenticationError) as refused:
                await asked
            assert (refused.value.code, refused.value.type) == ("invalid_api_key", "authentication_error")
            assert refused.value.request_id
        client.api_key = "sesame"
        await client.chat.completions.create(model="footnote", messages=HELLO)
    assert [asked.audience.groups for asked in answerer.asked] == [{"hr"}]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ModelError("It failed."), 502, "model-error"),
        (ModelBusyError("It is busy.", retry_after=6.2), 503, "model-busy"),
        (ModelTimeoutError("It took too long."), 504, "model-timeout"),
        (RuntimeError("secret"), 500, "internal-error"),
    ],
)
async def test_a_failure_has_its_status_and_its_words_also_where_a_stream_was_asked_for(
    served: Served, error: Exception, status: int, code: str, *, stream: bool
) -> None:
    async with served(ScriptedAnswerer(Retrieved(LEAVE.retrieval), Delta("Staff"), error)) as client:
        with pytest.raises(openai.InternalServerError) as failed:
            await client.chat.completions.create(model="footnote", messages=HELLO, stream=stream)
    assert (failed.value.status_code, failed.value.code, failed.value.type) == (status, code, "server_error")
    assert "secret" not in str(failed.value)
    assert failed.value.response.headers.get("retry-after") == ("7" if code == "model-busy" else None)


async def test_a_long_question_and_a_large_body_are_413(served: Served) -> None:
    async with served(ScriptedAnswerer(), max_question_chars=5) as client:
        for text, code in (("123456", "context_length_exceeded"), ("x" * 2**20, "body-too-large")):
            with pytest.raises(openai.APIStatusError) as refused:
                await client.chat.completions.create(model="footnote", messages=[{"role": "user", "content": text}])
            assert (refused.value.status_code, refused.value.code) == (413, code)


async def test_a_failure_after_the_status_was_sent_is_told_in_the_stream(served: Served) -> None:
    gate = asyncio.Event()
    async with served(ScriptedAnswerer(gate, ModelError("It failed.")), patience_s=0) as client:
        stream = await client.chat.completions.create(model="footnote", messages=HELLO, stream=True)
        gate.set()
        with pytest.raises(openai.APIError, match="It failed"):
            async for _ in stream:
                pass


# Leaving


@pytest.mark.parametrize("stream", [False, True])
async def test_when_the_client_leaves_the_model_stops(served: Served, *, stream: bool) -> None:
    answerer = ScriptedAnswerer(asyncio.Event())
    async with served(answerer) as client:
        asked = asyncio.create_task(
            client.chat.completions.create(model="footnote", messages=HELLO, stream=stream)  # type: ignore[call-overload]
        )
        await asyncio.wait_for(answerer.started.wait(), 10)
        asked.cancel()
        await asyncio.wait_for(answerer.ended.wait(), 10)


async def test_when_the_client_leaves_a_stream_that_began_the_model_stops(served: Served) -> None:
    answerer = ScriptedAnswerer(asyncio.Event())
    async with served(answerer, patience_s=0) as client:
        stream = await client.chat.completions.create(model="footnote", messages=HELLO, stream=True)
        await stream.close()
        await asyncio.wait_for(answerer.ended.wait(), 10)
