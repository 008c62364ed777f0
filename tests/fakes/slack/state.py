"""Everything that is in the fake's workspaces, found and made by id."""

import itertools
import time
from dataclasses import dataclass, field

from fakes.slack.model import (
    Channel,
    Group,
    Installation,
    Message,
    Session,
    SlackError,
    Team,
    User,
    View,
)

HISTORY = {"public": "channels:history", "private": "groups:history", "im": "im:history", "mpim": "mpim:history"}
READ = {"public": "channels:read", "private": "groups:read", "im": "im:read", "mpim": "mpim:read"}


@dataclass
class State:
    """The rows of every table; what is looked for and not there raises the error Slack answers."""

    teams: dict[str, Team] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    installations: dict[str, Installation] = field(default_factory=dict)
    """By bot token."""
    statuses: dict[tuple[str, str], str] = field(default_factory=dict)
    """What a thread says the app is doing, by channel and thread; gone when it is cleared."""
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    prompts: dict[tuple[str, str | None], list[dict[str, str]]] = field(default_factory=dict)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _last: int = 0

    def new_id(self, letter: str) -> str:
        """An id that is not used yet."""
        return f"{letter}{next(self._ids):010d}"

    def new_ts(self) -> str:
        """A message's time and name: microseconds, never the same twice."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def installed(self, team: str) -> Installation:
        """The installation in the workspace."""
        for installation in self.installations.values():
            if installation.team.id == team and not installation.revoked:
                return installation
        raise LookupError(f"the app is not installed in team {team}")

    def channel(self, named: str, installation: Installation) -> Channel:
        """The conversation of that id, ``#name`` or user id, as far as the app may know of it."""
        if named in self.users and named[:1] in "UW":
            return self.dm(self.users[named], installation)
        for channel in self.channels.values():
            within = installation.team.id in {channel.team, *channel.teams}
            visible = within and (channel.kind == "public" or installation.bot.id in channel.members)
            if visible and named in (channel.id, f"#{channel.name}"):
                return channel
        raise SlackError("channel_not_found")

    def dm(self, user: User, installation: Installation) -> Channel:
        """The direct messages of a user and the app's bot, made where there are none yet."""
        pair = {user.id, installation.bot.id}
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members == pair:
                return channel
        made = Channel(self.new_id("D"), installation.team.id, "directmessage", "im", pair)
        self.channels[made.id] = made
        return made

    def message(self, channel: Channel, ts: str) -> Message:
        """The message; raises ``message_not_found``."""
        found = channel.messages.get(ts)
        if found is None or found.deleted:
            raise SlackError("message_not_found")
        return found

    def thread(self, channel: Channel, ts: str) -> list[Message]:
        """The thread's messages that are not deleted, oldest first."""
        return [m for m in channel.messages.values() if m.root == ts and not m.deleted]

    def readers(self, channel: Channel) -> frozenset[str]:
        """The people who can read there: in a public channel everyone of its teams but guests who are not in it."""
        if channel.kind != "public":
            return frozenset(channel.members)
        teams = {channel.team, *channel.teams}
        everyone = {u.id for u in self.users.values() if u.team in teams and not u.restricted}
        return frozenset(everyone | channel.members)

    def strange(self, user: User, installation: Installation) -> bool:
        """Whether the user is of another team and in no channel that the app is in."""
        if user.team == installation.team.id:
            return False
        return not any({user.id, installation.bot.id} <= c.members for c in self.channels.values() if c.shared)
