"""Who may see what in Slack: what all may see, unless only who asks sees it, or a closed channel is told otherwise.

Whatever Slack does not say, or cannot be asked, is taken for the narrower: an answer is then from public documents.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, Generic, TypeVar

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from api.core.principals import Principal
from api.slack.workspace.places import Heard
from indexes.types import PUBLIC, Audience
from rag.settings import SlackChannelSettings, SlackGroupSettings

log = logging.getLogger(__name__)
T = TypeVar("T")
FAILURES = (SlackClientError, aiohttp.ClientError, TimeoutError)
"""What a call to Slack raises where it fails."""
_SECONDS = 60.0
"""How long what Slack said of people and channels is believed."""


@dataclass(frozen=True, slots=True)
class Room:
    """A conversation. ``shared`` is with other organisations; ``closed`` are private channels and group messages."""

    id: str
    name: str = ""
    closed: bool = False
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody. Guests, people of other workspaces and bots are not ``full`` members."""

    id: str
    full: bool = False
    email: str | None = None
    """As confirmed; None where it is not."""


class _Believed(Generic[T]):
    """Remembers for a while."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[float, T]] = {}

    async def get(self, key: tuple[str, ...], ask: Callable[[], Awaitable[T]]) -> T:
        now = time.monotonic()
        if key in self._known and now - self._known[key][0] < _SECONDS:
            return self._known[key][1]
        if len(self._known) > 10_000:
            self._known.clear()
        found = await ask()
        self._known[key] = now, found
        return found


class Rights:
    """``trusted`` says of which workspaces the members are in groups: others could give themselves any address."""

    def __init__(
        self,
        groups: Sequence[SlackGroupSettings],
        channels: Sequence[SlackChannelSettings],
        trusted: Callable[[str], bool],
    ) -> None:
        self._groups = groups
        self._channels = {rule.channel.lstrip("#"): rule for rule in channels}
        self._trusted = trusted
        self._rooms = _Believed[Room]()
        self._members = _Believed[Member]()
        self._user_groups = _Believed[Mapping[str, frozenset[str]]]()

    def may_be_auto(self, channel: str) -> bool:
        """Whether the bot may have to answer there unasked, as far as is known without asking Slack."""
        rule = self._channels.get(channel)
        return rule.mode == "auto" if rule else any(rule.mode == "auto" for rule in self._channels.values())

    async def room(self, client: AsyncWebClient, team: str, channel: str) -> Room:
        async def ask() -> Room:
            told: dict[str, Any] = (await client.conversations_info(channel=channel))["channel"]
            shared = any(told.get(fact) for fact in ("is_ext_shared", "is_pending_ext_shared", "is_shared"))
            closed = bool(told.get("is_private") or told.get("is_mpim") or told.get("is_im"))
            return Room(channel, told.get("name") or "", closed, shared)

        try:
            return await self._rooms.get((team, channel), ask)
        except FAILURES as error:
            log.warning("Channel %s is taken for a public one: %s", channel, reason(error))
            return Room(channel)

    def rule(self, room: Room) -> SlackChannelSettings:
        known = self._channels.get(room.id) or self._channels.get(room.name)
        return known or SlackChannelSettings(channel=room.id)

    async def principal(self, client: AsyncWebClient, heard: Heard, room: Room, *, alone: bool) -> Principal:
        """Who asks, with what may be seen by all who will see the answer."""
        audience = await self._own(client, heard) if alone else await self._of(client, heard, room)
        return Principal(f"slack:{heard.place.team}:{heard.user}", heard.user, audience)

    async def _of(self, client: AsyncWebClient, heard: Heard, room: Room) -> Audience:
        rule = self.rule(room)
        if not rule.groups:
            return PUBLIC
        if room.shared or not room.closed or heard.external or not self._trusted(heard.place.team):
            log.warning("Channel %s is open to others: its groups are passed over", room.id)
            return PUBLIC
        member = await self._member(client, heard.place.team, heard.user)
        return Audience(frozenset(rule.groups)) if member.full else PUBLIC

    async def _own(self, client: AsyncWebClient, heard: Heard) -> Audience:
        team = heard.place.team
        if heard.external or not self._trusted(team) or not self._groups:
            return PUBLIC
        member = await self._member(client, team, heard.user)
        if not member.full:
            return PUBLIC
        found = [rule.group for rule in self._groups if await self._is_in(client, team, member, rule)]
        return Audience(frozenset(found))

    async def _is_in(self, client: AsyncWebClient, team: str, member: Member, rule: SlackGroupSettings) -> bool:
        email = (member.email or "").lower()
        if email and any(fnmatch(email, glob.lower()) for glob in rule.emails):
            return True
        if not rule.user_groups:
            return False
        users = await self._users_of(client, team)
        return any(member.id in users.get(name.lstrip("@"), ()) for name in rule.user_groups)

    async def _member(self, client: AsyncWebClient, team: str, user: str) -> Member:
        async def ask() -> Member:
            return _member(team, (await client.users_info(user=user))["user"])

        try:
            return await self._members.get((team, user), ask)
        except FAILURES as error:
            log.warning("User %s is taken for a guest: %s", user, reason(error))
            return Member(user)

    async def _users_of(self, client: AsyncWebClient, team: str) -> Mapping[str, frozenset[str]]:
        """The workspace's user groups, by id and by handle."""

        async def ask() -> Mapping[str, frozenset[str]]:
            told: list[dict[str, Any]] = (await client.usergroups_list(include_users=True))["usergroups"]
            return {
                name: frozenset(group.get("users") or ())
                for group in told
                for name in (group["id"], group.get("handle"))
                if name
            }

        try:
            return await self._user_groups.get((team,), ask)
        except FAILURES as error:
            log.warning("The user groups are taken for empty: %s", reason(error))
            return {}


def _member(team: str, told: dict[str, Any]) -> Member:
    teams = (told.get("enterprise_user") or {}).get("teams") or ()
    lesser = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")
    full = (told.get("team_id") == team or team in teams) and not any(told.get(fact) for fact in lesser)
    confirmed = told.get("is_email_confirmed") is not False
    email = (told.get("profile") or {}).get("email")
    return Member(told["id"], bool(full), email if confirmed else None)


def reason(error: BaseException) -> str:
    """Slack's name for it, without what was sent."""
    response = getattr(error, "response", None)
    return str(response["error"]) if response is not None and "error" in response.data else type(error).__name__
