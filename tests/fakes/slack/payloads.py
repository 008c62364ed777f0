"""How Slack writes down messages, users and channels, and what it wraps events in."""

import time

from fakes.slack.model import Channel, Installation, Json, Message, User
from fakes.slack.state import State
from fakes.slack.world import World

CHANNEL_TYPES = {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}
MESSAGE_EVENTS = {
    "public": ("message.channels", "channels:history"),
    "private": ("message.groups", "groups:history"),
    "im": ("message.im", "im:history"),
    "mpim": ("message.mpim", "mpim:history"),
}


def message_json(state: State, message: Message) -> Json:
    """The message as conversations.history, events and interactions carry it."""
    author = state.users[message.user]
    out: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text, "team": author.team}
    out |= {name: getattr(message, name) for name in ("thread_ts", "bot_id", "app_id", "subtype", "metadata")}
    out["blocks"] = message.blocks
    if message.edited and not (message.bot_id and message.blocks):  # an app's blocks are not marked as edited
        out["edited"] = {"user": message.user, "ts": message.edited}
    if message.reactions:
        out["reactions"] = [{"name": n, "count": len(u), "users": sorted(u)} for n, u in message.reactions.items()]
    if message.streaming:
        out["streaming_state"] = "in_progress"
    thread = state.channels[message.channel].messages.values()
    replies = [
        reply for reply in thread if reply.thread_ts == message.ts and reply is not message and not reply.deleted
    ]
    if replies and message.thread_ts in (None, message.ts):
        out |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
    return {name: value for name, value in out.items() if value not in (None, [])}


def user_json(user: User, *, strange: bool, email: bool) -> Json:
    """A user as Slack describes one."""
    profile: Json = {"real_name": user.name.title(), "display_name": user.name, "team": user.team}
    if email and user.email is not None:
        profile["email"] = user.email
    return {
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.name.title(),
        "profile": profile,
        "locale": user.locale,
        "is_admin": False,
        "is_owner": False,
        "is_bot": user.bot_id is not None,
        "is_app_user": False,
        "is_restricted": user.restricted,
        "is_ultra_restricted": user.ultra_restricted,
        "is_email_confirmed": True,
    } | ({"is_stranger": True} if strange else {})


def channel_json(channel: Channel, bot: str) -> Json:
    """A channel as Slack describes one."""
    out: Json = {
        "id": channel.id,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public",
        "is_archived": channel.archived,
        "is_shared": channel.shared,
        "is_ext_shared": channel.shared,
        "is_org_shared": False,
        "context_team_id": channel.team,
    }
    if channel.kind == "im":
        return out | {"user": next(iter(channel.members - {bot}), bot)}
    shared = sorted({channel.team, *channel.teams}) if channel.shared else []
    return out | {"name": channel.name, "is_member": bot in channel.members, "connected_team_ids": shared}


def message_event(state: State, message: Message, channel: Channel) -> Json:
    """A ``message`` event of a new message."""
    author = state.users[message.user]
    kind = CHANNEL_TYPES[channel.kind]
    event = message_json(state, message)
    event = {name: value for name, value in event.items() if name not in ("reply_count", "latest_reply")}
    if message.thread_ts is None:
        event.pop("thread_ts", None)
    event |= {"channel": channel.id, "channel_type": kind, "event_ts": message.ts}
    if channel.shared and author.team != channel.team:
        event |= {"user_team": author.team, "source_team": author.team}
    if message.thread_ts and message.thread_ts in channel.messages:
        event["parent_user_id"] = channel.messages[message.thread_ts].user
    return event


def changed_event(state: State, message: Message, channel: Channel, before: Json) -> Json:
    """``message_changed``, or ``message_deleted``."""
    now = message_json(state, message)
    base: Json = {"type": "message", "channel": channel.id, "channel_type": CHANNEL_TYPES[channel.kind], "hidden": True}
    ts = state.new_ts()
    base |= {"ts": ts, "event_ts": ts, "previous_message": before}
    if message.deleted:
        return base | {"subtype": "message_deleted", "deleted_ts": message.ts}
    return base | {"subtype": "message_changed", "message": now}


def wrapped(world: World, installation: Installation, event: Json, channel: Channel | None) -> Json:
    """The event in what the Events API and Socket Mode deliver it in."""
    team = installation.team.id
    authorization = {
        "enterprise_id": None,
        "team_id": team,
        "user_id": installation.bot.id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": "verification-token",
        "team_id": team,
        "context_team_id": team,
        "context_enterprise_id": None,
        "api_app_id": world.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": world.state.new_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [authorization],
        "is_ext_shared_channel": channel is not None and channel.shared,
        "event_context": f"4-{world.state.new_id('')}",
    }


def subscribed(world: World, installation: Installation, event: Json, channel: Channel | None) -> bool:
    """Whether the app gets the event: it is subscribed to its kind and has the scope that goes with it."""
    kind, scope = event["type"], None
    if kind == "message" and channel is not None:
        kind, scope = MESSAGE_EVENTS[channel.kind]
    elif kind == "app_mention":
        scope = "app_mentions:read"
    inside = channel is None or installation.bot.id in channel.members
    return kind in world.settings.events and inside and (scope is None or scope in installation.scopes)
