"""chat.startStream, chat.appendStream and chat.stopStream, with the state a streamed message is in.

https://docs.slack.dev/reference/methods/chat.startStream and its neighbours. What they leave unsaid is as others
measured it: a stream lasts about 306 seconds whatever is appended; one opened with text takes only text
(``streaming_mode_mismatch``); while it runs it cannot be edited (``streaming_state_conflict``) or deleted.
"""

import time
from typing import Literal

from fakes.slack.methods_chat import changed, draft, named, post
from fakes.slack.model import Channel, Json, Message, Session, SlackError, Stream
from fakes.slack.payloads import message_json
from fakes.slack.validation import MARKDOWN, check_blocks, check_metadata, check_text
from fakes.slack.world import Call, Method

TASK_FIELD = 256
TASK_STATES = ("pending", "in_progress", "complete", "error")
SESSION_STATES = ("active", "processing", "suspended", "closed")


def start(call: Call) -> Json:
    """``chat.startStream``."""
    channel = call.member_channel()
    if channel.kind == "im":
        call.text("thread_ts")
    user, team = call.maybe("recipient_user_id"), call.maybe("recipient_team_id")
    if channel.kind != "im":
        _check_recipient(call, user, team)
    stream = Stream(time.monotonic(), user, team)
    message = draft(call, channel, "", [])
    chunks = _content(call, stream, required=False)
    message.stream = stream
    _take(message, chunks)
    post(call, channel, message)
    return {"channel": channel.id, "ts": message.ts}


def _check_recipient(call: Call, user: str | None, team: str | None) -> None:
    if user is None:
        raise SlackError("missing_recipient_user_id")
    if team is None:
        raise SlackError("missing_recipient_team_id")
    if user not in call.state.users:
        raise SlackError("user_not_found")
    if team != call.state.users[user].team:
        raise SlackError("team_not_found")


def append(call: Call) -> Json:
    """``chat.appendStream``."""
    channel, message, stream = _stream(call)
    if stream.state == "stopped_by_user":
        raise SlackError("stopped_by_user")
    if stream.state != "streaming":
        raise SlackError("message_not_in_streaming_state")
    chunks = _content(call, stream, required=True)
    _take(message, chunks)
    call.seen_in(channel)
    return {"channel": channel.id, "ts": message.ts}


def stop(call: Call) -> Json:
    """``chat.stopStream``."""
    channel, message, stream = _stream(call)
    if stream.state != "streaming":
        raise SlackError("message_not_in_streaming_state")
    status = call.maybe("session_status") or "active"
    if status not in SESSION_STATES:
        raise SlackError("invalid_arguments", ["[ERROR] must be one of: active, processing, suspended, closed"])
    chunks = _content(call, stream, required=False)
    blocks = check_blocks(call.args.get("blocks") or [])
    check_metadata(call.args.get("metadata"))
    before = message_json(call.state, message)
    _take(message, chunks)
    message.blocks += named(call.state, blocks)
    message.metadata = call.args.get("metadata") or message.metadata
    stream.state = "stopped"
    _session(call, channel, message, status)
    changed(call, channel, message, before)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(call.state, message)}


def _session(call: Call, channel: Channel, message: Message, status: str) -> None:
    session = call.state.sessions.get((channel.id, message.root))
    if session is not None:
        call.state.sessions[(channel.id, message.root)] = Session(status, session.title)


def _stream(call: Call) -> tuple[Channel, Message, Stream]:
    channel = call.channel()
    message = call.state.message(channel, call.text("ts"))
    if message.user != call.installation.bot.id:
        raise SlackError("message_not_owned_by_app")
    if message.stream is None:
        raise SlackError("message_not_in_streaming_state")
    expire(message, call.world.settings.stream_seconds)
    return channel, message, message.stream


def expire(message: Message, seconds: float) -> None:
    """Ends the stream whose time is over. Its message stays as it is, and may be edited again."""
    stream = message.stream
    if stream and stream.state == "streaming" and time.monotonic() > stream.started + seconds:
        stream.state = "expired"


def _content(call: Call, stream: Stream, *, required: bool) -> list[Json]:
    """What the call adds, as chunks, once it is known to be right."""
    text, chunks = call.args.get("markdown_text"), call.args.get("chunks")
    if text and chunks:
        raise SlackError("cannot_provide_both_markdown_text_and_chunks")
    if not text and not chunks:
        if required:
            raise SlackError("no_text")
        return []
    mode: Literal["markdown_text", "chunks"] = "markdown_text" if text else "chunks"
    if stream.mode not in (None, mode):
        raise SlackError("streaming_mode_mismatch")
    taken = _checked([{"type": "markdown_text", "text": text}] if text else chunks)
    stream.mode = mode
    stream.appended.append(time.monotonic())
    return taken


def _checked(chunks: object) -> list[Json]:
    if not isinstance(chunks, list) or not all(isinstance(chunk, dict) for chunk in chunks):
        raise SlackError("invalid_chunks")
    for chunk in chunks:
        kind = chunk.get("type")
        if kind == "markdown_text" and isinstance(chunk.get("text"), str):
            check_text(chunk["text"], MARKDOWN)
        elif kind == "blocks":
            check_blocks(chunk.get("blocks"))
        elif kind not in ("task_update", "plan_update"):
            raise SlackError("invalid_chunks")
        else:
            _check_task(chunk)
    return chunks


def _check_task(chunk: Json) -> None:
    if chunk["type"] == "task_update" and (not chunk.get("id") or chunk.get("status") not in TASK_STATES):
        raise SlackError("invalid_chunks")
    if not chunk.get("title"):
        raise SlackError("invalid_chunks")
    if any(len(chunk.get(name) or "") > TASK_FIELD for name in ("title", "details", "output")):
        raise SlackError("msg_too_long")


def _take(message: Message, chunks: list[Json]) -> None:
    assert message.stream is not None
    for chunk in chunks:
        if chunk["type"] == "markdown_text":
            message.text += chunk["text"]
        elif chunk["type"] == "blocks":
            message.blocks += chunk["blocks"]
        elif chunk["type"] == "plan_update":
            message.stream.plan = chunk["title"]
        else:
            message.stream.tasks[chunk["id"]] = message.stream.tasks.get(chunk["id"], {}) | chunk


METHODS = {
    "chat.startStream": Method(start, "chat:write", 2),
    "chat.appendStream": Method(append, "chat:write", 4),
    "chat.stopStream": Method(stop, "chat:write", 2),
}
