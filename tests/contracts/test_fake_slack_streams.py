"""The fake Slack's streams, statuses and sessions through the real client."""

import asyncio
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from fakes.slack.model import Channel, Message, User
from fakes.slack.server import FakeSlack

Json = dict[str, Any]


@pytest.fixture
def anna(slack: FakeSlack) -> User:
    return slack.add_user("anna")


@pytest.fixture
def general(slack: FakeSlack, anna: User) -> Channel:
    return slack.add_channel("general", anna)


@pytest.fixture
async def question(slack: FakeSlack, anna: User, general: Channel) -> Message:
    return await slack.say(anna, general, "how long is the warranty?")


def to(question: Message, asker: User) -> Json:
    """Where to stream the answer."""
    thread = {"channel": question.channel, "thread_ts": question.ts}
    return thread | {"recipient_user_id": asker.id, "recipient_team_id": asker.team}


async def test_a_stream_gathers_what_is_appended_until_it_is_stopped(
    slack: FakeSlack, client: AsyncWebClient, question: Message, anna: User, general: Channel
) -> None:
    ts = (await client.chat_startStream(**to(question, anna), markdown_text="Two "))["ts"]
    at: Json = {"channel": general.id, "ts": ts}
    await client.chat_appendStream(**at, markdown_text="years")
    read = await client.conversations_replies(channel=general.id, ts=question.ts)
    assert (read["messages"][1]["text"], read["messages"][1]["streaming_state"]) == ("Two years", "in_progress")
    stopped = await client.chat_stopStream(**at, markdown_text=" [1].", blocks=[{"type": "divider"}])
    assert stopped["message"]["text"] == "Two years [1]."
    assert [block["type"] for block in stopped["message"]["blocks"]] == ["divider"]
    assert slack.transcript(general, question.ts)[1] == "footnote: Two years [1]."
    for late in (client.chat_appendStream, client.chat_stopStream):
        with pytest.raises(SlackApiError, match="message_not_in_streaming_state"):
            await late(**at, markdown_text="!")


async def test_the_clients_own_helper_streams(
    client: AsyncWebClient, question: Message, anna: User, general: Channel
) -> None:
    stream = await client.chat_stream(**to(question, anna), buffer_size=4)
    for piece in ("Two", " years", " [1]."):
        await stream.append(markdown_text=piece)
    await stream.stop()
    assert stream.ts is not None
    assert general.messages[stream.ts].text == "Two years [1]."


@pytest.mark.parametrize("missing", ["recipient_user_id", "recipient_team_id"])
async def test_a_channel_needs_to_be_told_whom_a_stream_is_for(
    client: AsyncWebClient, question: Message, anna: User, missing: str
) -> None:
    with pytest.raises(SlackApiError, match=f"missing_{missing}"):
        await client.chat_startStream(**to(question, anna) | {missing: None}, markdown_text="Two")


async def test_direct_messages_do_not(slack: FakeSlack, client: AsyncWebClient, anna: User) -> None:
    asked = await slack.say(anna, slack.dm(anna), "how long?")
    started = await client.chat_startStream(channel=asked.channel, thread_ts=asked.ts, markdown_text="Two")
    assert started["ok"]


async def test_a_stream_ends_by_itself_and_can_then_be_edited(
    slack: FakeSlack, client: AsyncWebClient, question: Message, anna: User, general: Channel
) -> None:
    slack.settings.stream_seconds = 0.05
    ts = (await client.chat_startStream(**to(question, anna), markdown_text="Two"))["ts"]
    await asyncio.sleep(0.06)
    for late in (client.chat_appendStream, client.chat_stopStream):
        with pytest.raises(SlackApiError, match="message_not_in_streaming_state"):
            await late(channel=general.id, ts=ts, markdown_text=" years")
    await client.chat_update(channel=general.id, ts=ts, text="Two years")
    assert general.messages[ts].text == "Two years"


async def test_while_it_runs_a_stream_is_neither_edited_nor_deleted(
    slack: FakeSlack, client: AsyncWebClient, question: Message, anna: User, general: Channel
) -> None:
    ts = (await client.chat_startStream(**to(question, anna), markdown_text="Two"))["ts"]
    with pytest.raises(SlackApiError, match="streaming_state_conflict"):
        await client.chat_update(channel=general.id, ts=ts, text="Three")
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        await client.chat_delete(channel=general.id, ts=ts)
    assert "a stream in general is open" in slack.busy
    slack.end_stream(general.messages[ts])
    await client.chat_delete(channel=general.id, ts=ts)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"markdown_text": "x", "chunks": [{"type": "markdown_text", "text": "y"}]}, "cannot_provide_both"),
        ({"chunks": [{"type": "markdown_text", "text": "y"}]}, "streaming_mode_mismatch"),
        ({"chunks": [{"type": "smoke"}]}, "streaming_mode_mismatch"),
        ({}, "no_text"),
    ],
)
async def test_what_a_stream_does_not_take_leaves_it_as_it_was(
    client: AsyncWebClient, question: Message, anna: User, general: Channel, wrong: Json, error: str
) -> None:
    ts = (await client.chat_startStream(**to(question, anna), markdown_text="Two"))["ts"]
    with pytest.raises(SlackApiError, match=error):
        await client.chat_appendStream(channel=general.id, ts=ts, **wrong)
    assert general.messages[ts].text == "Two"


async def test_chunks_are_texts_tasks_plans_and_blocks(
    client: AsyncWebClient, question: Message, anna: User, general: Channel
) -> None:
    plan = {"type": "plan_update", "title": "Searching"}
    task = {"type": "task_update", "id": "1", "title": "Read 3 documents", "status": "in_progress"}
    ts = (await client.chat_startStream(**to(question, anna), chunks=[plan, task]))["ts"]
    done = task | {"status": "complete"}
    blocks = {"type": "blocks", "blocks": [{"type": "divider"}]}
    await client.chat_appendStream(
        channel=general.id, ts=ts, chunks=[done, {"type": "markdown_text", "text": "Two"}, blocks]
    )
    message = general.messages[ts]
    assert message.stream is not None
    assert (message.stream.plan, message.stream.tasks["1"]["status"]) == ("Searching", "complete")
    assert (message.text, message.blocks) == ("Two", [{"type": "divider"}])
    for wrong in ({"type": "smoke"}, task | {"status": "lost"}, {"type": "plan_update"}):
        with pytest.raises(SlackApiError, match="invalid_chunks"):
            await client.chat_appendStream(channel=general.id, ts=ts, chunks=[wrong])


async def test_what_is_not_its_stream_is_refused(
    slack: FakeSlack, client: AsyncWebClient, question: Message, general: Channel
) -> None:
    with pytest.raises(SlackApiError, match="message_not_owned_by_app"):
        await client.chat_appendStream(channel=general.id, ts=question.ts, markdown_text="x")
    ts = (await client.chat_postMessage(channel=general.id, text="plain"))["ts"]
    with pytest.raises(SlackApiError, match="message_not_in_streaming_state"):
        await client.chat_appendStream(channel=general.id, ts=ts, markdown_text="x")


async def test_the_stop_button_ends_the_streams_and_tells_the_app(
    slack: FakeSlack, client: AsyncWebClient, question: Message, anna: User, general: Channel
) -> None:
    thread: Json = {"channel_id": general.id, "thread_ts": question.ts}
    with pytest.raises(AssertionError, match="no agent session"):
        await slack.stop(anna, general, question.ts)
    await client.agents_sessions_setStatus(**thread, status="processing", title="Warranty")
    ts = (await client.chat_startStream(**to(question, anna), markdown_text="Two"))["ts"]
    await slack.stop(anna, general, question.ts)
    with pytest.raises(SlackApiError, match="stopped_by_user"):
        await client.chat_appendStream(channel=general.id, ts=ts, markdown_text=" years")
    with pytest.raises(SlackApiError, match="message_not_in_streaming_state"):
        await client.chat_stopStream(channel=general.id, ts=ts)
    told = slack.deliveries.all[-1].payload["event"]
    assert (told["type"], told["streaming_message_ts"], told["user"]) == ("agent_session_stopped", [ts], anna.id)
    await client.agents_sessions_setStatus(**thread, status="active")
    with pytest.raises(AssertionError, match="no stop button while the session is active"):
        await slack.stop(anna, general, question.ts)


async def test_a_stopped_stream_leaves_the_session_in_the_status_it_asks_for(
    slack: FakeSlack, client: AsyncWebClient, question: Message, anna: User, general: Channel
) -> None:
    await client.agents_sessions_setStatus(channel_id=general.id, thread_ts=question.ts, status="processing")
    ts = (await client.chat_startStream(**to(question, anna), markdown_text="Two"))["ts"]
    await client.chat_stopStream(channel=general.id, ts=ts)
    assert slack.state.sessions[(general.id, question.ts)].status == "active"
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.agents_sessions_setStatus(channel_id=general.id, thread_ts=question.ts, status="Searching…")


async def test_a_status_stands_until_it_is_cleared_or_the_app_answers(
    slack: FakeSlack, client: AsyncWebClient, question: Message, general: Channel
) -> None:
    thread: Json = {"channel_id": general.id, "thread_ts": question.ts}
    key = (general.id, question.ts)
    await client.assistant_threads_setStatus(**thread, status="Searching 3 documents…")
    assert slack.state.statuses[key] == "Searching 3 documents…"
    await client.assistant_threads_setStatus(**thread, status="")
    assert key not in slack.state.statuses
    await client.assistant_threads_setStatus(**thread, status="Searching…", loading_messages=["Reading…"])
    await client.chat_postMessage(channel=general.id, thread_ts=question.ts, text="Two years")
    assert key not in slack.state.statuses


async def test_up_to_four_prompts_are_set_at_the_top_of_the_agent_view(
    slack: FakeSlack, client: AsyncWebClient, anna: User
) -> None:
    dm = await slack.open_home(anna)
    prompts = [{"title": str(n), "message": f"question {n}"} for n in range(5)]
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.assistant_threads_setSuggestedPrompts(channel_id=dm.id, prompts=prompts)
    await client.assistant_threads_setSuggestedPrompts(channel_id=dm.id, prompts=prompts[:4])
    assert slack.state.prompts[(dm.id, None)] == prompts[:4]
    said = await slack.say(anna, dm, "hello")
    await client.assistant_threads_setSuggestedPrompts(channel_id=dm.id, prompts=prompts[:1], thread_ts=said.ts)
    assert slack.state.prompts == {(dm.id, None): prompts[:4]}, "a thread makes it do nothing there"


async def test_prompts_and_title_are_a_threads_in_the_assistant_view(
    slack: FakeSlack, client: AsyncWebClient, anna: User
) -> None:
    slack.settings.agent_view = False
    root = await slack.open_assistant(anna)
    thread: Json = {"channel_id": root.channel, "thread_ts": root.ts}
    await client.assistant_threads_setSuggestedPrompts(**thread, prompts=[{"title": "t", "message": "m"}])
    await client.assistant_threads_setTitle(**thread, title="Warranty")
    assert slack.state.titles == {(root.channel, root.ts): "Warranty"}
    assert list(slack.state.prompts) == [(root.channel, root.ts)]
