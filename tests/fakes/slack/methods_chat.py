"""chat.* but the streams: https://docs.slack.dev/reference/methods?family=chat."""

from fakes.slack.model import Channel, Json, Message, SlackError
from fakes.slack.payloads import changed_event, message_event, message_json
from fakes.slack.state import State
from fakes.slack.validation import MARKDOWN, TEXT, UPDATED_TEXT, check_blocks, check_metadata, check_text
from fakes.slack.world import Call, Method


def post(call: Call, channel: Channel, message: Message) -> Message:
    """Puts the app's message into the channel, and tells the app of it as Slack does."""
    channel.messages[message.ts] = message
    call.seen_in(channel)
    if message.thread_ts:
        call.state.statuses.pop((channel.id, message.thread_ts), None)
    if call.world.settings.echoes:
        call.world.emit(call.installation, message_event(call.state, message, channel), channel)
    return message


def changed(call: Call, channel: Channel, message: Message, before: Json) -> None:
    """Tell the app that a message was changed."""
    call.seen_in(channel)
    if call.world.settings.echoes:
        call.world.emit(call.installation, changed_event(call.state, message, channel, before), channel)


def content(call: Call, most: int) -> tuple[str, list[Json]]:
    """The text and blocks of the arguments. ``markdown_text`` is both, and may not stand with either."""
    markdown, text, blocks = call.maybe("markdown_text"), call.maybe("text"), call.args.get("blocks")
    check_metadata(call.args.get("metadata"))
    if markdown is not None:
        if text is not None or blocks:
            raise SlackError("markdown_text_conflict")
        return check_text(markdown, MARKDOWN), [{"type": "markdown", "text": markdown}]
    if text is None and not blocks and not call.args.get("attachments"):
        raise SlackError("no_text")
    return check_text(text or "", most), check_blocks(blocks or [])


def draft(call: Call, channel: Channel, text: str, blocks: list[Json]) -> Message:
    """A message of the app's bot, not yet posted."""
    bot = call.installation.bot
    own = named(call.state, blocks)
    message = Message(call.state.new_ts(), channel.id, bot.id, text, own, bot_id=bot.bot_id)
    message.app_id = call.world.app_id
    message.metadata = call.args.get("metadata")
    message.thread_ts = thread_of(call, channel)
    return message


def thread_of(call: Call, channel: Channel) -> str | None:
    """The thread to post into: its root, though a reply was named."""
    ts = call.maybe("thread_ts")
    if ts is None:
        return None
    parent = channel.messages.get(ts)
    if parent is None or parent.deleted:
        raise SlackError("thread_not_found")
    return parent.root


def post_message(call: Call) -> Json:
    """``chat.postMessage``."""
    channel = call.channel()
    text, blocks = content(call, TEXT)
    if call.installation.bot.id not in channel.members and "chat:write.public" not in call.installation.scopes:
        raise SlackError("not_in_channel")
    if channel.archived:
        raise SlackError("is_archived")
    message = post(call, channel, draft(call, channel, text, blocks))
    return {"channel": channel.id, "ts": message.ts, "message": message_json(call.state, message)}


def post_ephemeral(call: Call) -> Json:
    """``chat.postEphemeral``."""
    channel = call.member_channel()
    text, blocks = content(call, TEXT)
    user = call.text("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    message = draft(call, channel, text, blocks)
    message.ephemeral_for = user
    channel.ephemerals[message.ts] = message
    call.seen_by(user)
    return {"message_ts": message.ts}


def update(call: Call) -> Json:
    """A text without blocks takes the blocks there were away; where blocks are given it is not marked as edited."""
    channel = call.channel()
    message = call.own_message(channel, "cant_update_message")
    if message.streaming:
        raise SlackError("streaming_state_conflict")
    text, blocks = content(call, UPDATED_TEXT)
    before = message_json(call.state, message)
    rewrite(call.state, message, text, blocks)
    changed(call, channel, message, before)
    return {"channel": channel.id, "ts": message.ts, "text": text, "message": message_json(call.state, message)}


def rewrite(state: State, message: Message, text: str, blocks: list[Json]) -> None:
    """Replace the text and blocks of a message."""
    message.versions.append(message.content)
    message.text = text
    message.blocks = named(state, blocks)
    message.edited = state.new_ts()


def named(state: State, blocks: list[Json]) -> list[Json]:
    """The blocks, each with a block_id as Slack gives one to those that have none."""
    return [{"block_id": state.new_id("b"), **block} for block in blocks]


def delete(call: Call) -> Json:
    """``chat.delete``."""
    channel = call.channel()
    message = call.own_message(channel, "cant_delete_message")
    if message.streaming:
        raise SlackError("cant_delete_message")
    before = message_json(call.state, message)
    message.deleted = True
    changed(call, channel, message, before)
    call.readers = frozenset()  # it carried nothing
    return {"channel": channel.id, "ts": message.ts}


def permalink(call: Call) -> Json:
    """``chat.getPermalink``."""
    channel = call.channel()
    message = call.state.message(channel, call.text("message_ts"))
    link = f"https://{call.installation.team.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


METHODS = {
    "chat.postMessage": Method(post_message, "chat:write", "post"),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write", 4),
    "chat.update": Method(update, "chat:write", 3),
    "chat.delete": Method(delete, "chat:write", 3),
    "chat.getPermalink": Method(permalink, None, "special"),
}
