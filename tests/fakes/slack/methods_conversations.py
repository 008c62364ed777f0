"""conversations.* and reactions.*."""

from collections.abc import Iterable

from fakes.slack.methods_people import paged
from fakes.slack.methods_streams import expire
from fakes.slack.model import Channel, Json, Message, SlackError
from fakes.slack.payloads import channel_json, message_json
from fakes.slack.state import HISTORY, READ
from fakes.slack.world import Call, Method


def info(call: Call) -> Json:
    """``conversations.info``."""
    channel = call.channel()
    call.needs(READ[channel.kind])
    described = channel_json(channel, call.installation.bot.id)
    if call.flag("include_num_members"):
        described["num_members"] = len(channel.members)
    return {"channel": described}


def members(call: Call) -> Json:
    """``conversations.members``."""
    channel = call.channel()
    call.needs(READ[channel.kind])
    page, after = paged(call, sorted(channel.members))
    return {"members": page, "response_metadata": {"next_cursor": after}}


def listed(call: Call) -> Json:
    """``conversations.list``."""
    kinds = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
    wanted = {kinds.get(name.strip()) for name in (call.maybe("types") or "public_channel").split(",")}
    bot, team = call.installation.bot.id, call.installation.team.id
    known = [
        channel.id
        for channel in call.state.channels.values()
        if channel.kind in wanted
        and team in {channel.team, *channel.teams}
        and (channel.kind == "public" or bot in channel.members)
    ]
    page, after = paged(call, known)
    channels = [channel_json(call.state.channels[c], bot) for c in page]
    return {"channels": channels, "response_metadata": {"next_cursor": after}}


def opened(call: Call) -> Json:
    """The direct messages with a user. Several users at once are not among what the bot does."""
    users = (call.maybe("users") or "").split(",")
    if call.maybe("channel"):
        return {"channel": channel_json(call.channel(), call.installation.bot.id)}
    if len(users) != 1 or users[0] not in call.state.users:
        raise SlackError("user_not_found" if users != [""] else "users_list_not_supplied")
    if call.state.users[users[0]].bot_id is not None:
        raise SlackError("cannot_dm_bot")
    channel = call.state.dm(call.state.users[users[0]], call.installation)
    return {"channel": channel_json(channel, call.installation.bot.id)}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.needs(HISTORY[channel.kind])
    if call.installation.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    for message in channel.messages.values():
        expire(message, call.world.settings.stream_seconds)
    return channel


def history(call: Call) -> Json:
    """The newest first; replies are not among them, unless they were sent to the channel too."""
    channel = _readable(call)
    shown = [m for m in channel.messages.values() if m.thread_ts in (None, m.ts) or m.subtype == "thread_broadcast"]
    return _page(call, channel, reversed(shown))


def replies(call: Call) -> Json:
    """The thread, oldest first, from its root; where a reply is named only that reply, as Slack has it."""
    channel = _readable(call)
    named = channel.messages.get(call.text("ts"))
    if named is None:
        raise SlackError("thread_not_found")
    thread = [named] if named.root != named.ts else call.state.thread(channel, named.ts)
    return _page(call, channel, thread)


def _page(call: Call, channel: Channel, messages: Iterable[Message]) -> Json:
    oldest, latest = call.maybe("oldest") or "0", call.maybe("latest") or "9"
    inclusive = call.flag("inclusive")
    kept = {
        m.ts: m
        for m in messages
        if not m.deleted and (oldest < m.ts < latest or (inclusive and m.ts in (oldest, latest)))
    }
    page, after = paged(call, list(kept))
    described = [message_json(call.state, kept[ts]) for ts in page]
    if not call.flag("include_all_metadata"):
        described = [{name: value for name, value in one.items() if name != "metadata"} for one in described]
    return {"messages": described, "has_more": bool(after), "response_metadata": {"next_cursor": after}}


def react(call: Call) -> Json:
    """``reactions.add``."""
    users, bot = _reaction(call)
    if bot in users:
        raise SlackError("already_reacted")
    users.add(bot)
    return {}


def unreact(call: Call) -> Json:
    """``reactions.remove``."""
    users, bot = _reaction(call)
    if bot not in users:
        raise SlackError("no_reaction")
    users.discard(bot)
    return {}


def _reaction(call: Call) -> tuple[set[str], str]:
    channel = call.channel()
    message = call.state.message(channel, call.text("timestamp"))
    call.seen_in(channel)
    return message.reactions.setdefault(call.text("name"), set()), call.installation.bot.id


METHODS = {
    "conversations.info": Method(info, None, 3),
    "conversations.members": Method(members, None, 4),
    "conversations.list": Method(listed, "channels:read", 2),
    "conversations.open": Method(opened, "im:write", 3),
    "conversations.history": Method(history, None, 3),
    "conversations.replies": Method(replies, None, 3),
    "reactions.add": Method(react, "reactions:write", 3),
    "reactions.remove": Method(unreact, "reactions:write", 2),
}
