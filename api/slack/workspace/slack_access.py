"""What people may see in Slack: public documents, and more only for a lone asker or a closed channel with a rule.

If Slack does not say, or cannot be asked, the narrower reading holds: the answer is made of public documents.
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
from api.slack.workspace.slack_request import SlackRequest
from indexes.types import Audience
from rag.settings import SlackChannelSettings, SlackGroupSettings

log = logging.getLogger(__name__)
T = TypeVar("T")
FAILURES = (SlackClientError, aiohttp.ClientError, TimeoutError)
"""What a failed call to Slack raises."""
_CACHE_S = 60.0
"""How long Slack's word on people and channels is believed."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation. ``shared``: with other organisations. ``closed``: a private channel or direct messages."""

    id: str
    name: str = ""
    closed: bool = False
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """A user. Guests, bots and people of other workspaces are not ``full`` members."""

    id: str
    full: bool = False
    email: str | None = None
    """The confirmed address."""


class _TimedCache(Generic[T]):
    def __init__(self) -> None:
        self._values: dict[tuple[str, ...], tuple[float, T]] = {}

    async def get(self, key: tuple[str, ...], fetch: Callable[[], Awaitable[T]]) -> T:
        """The value of the last minute, or else a fetched one."""
        now = time.monotonic()
        if key in self._values and now - self._values[key][0] < _CACHE_S:
            return self._values[key][1]
        if len(self._values) > 10_000:
            self._values.clear()
        value = await fetch()
        self._values[key] = now, value
        return value


class SlackAccess:
    """Enforce who sees what. Only members of ``is_trusted`` workspaces are in groups: others can fake an address."""

    def __init__(
        self,
        groups: Sequence[SlackGroupSettings],
        channels: Sequence[SlackChannelSettings],
        is_trusted: Callable[[str], bool],
    ) -> None:
        self._groups = groups
        self._rules = {rule.channel.lstrip("#"): rule for rule in channels}
        self._is_trusted = is_trusted
        self._channels = _TimedCache[Channel]()
        self._members = _TimedCache[Member]()
        self._user_groups = _TimedCache[Mapping[str, frozenset[str]]]()

    def may_be_auto(self, channel: str) -> bool:
        """Whether the channel's mode may be "auto", as far as its id tells; its name is not asked for."""
        rule = self._rules.get(channel)
        return rule.mode == "auto" if rule else any(rule.mode == "auto" for rule in self._rules.values())

    async def channel(self, client: AsyncWebClient, team: str, channel: str) -> Channel:
        """The channel's facts; if Slack does not tell, those of a public channel."""

        async def fetch() -> Channel:
            info: dict[str, Any] = (await client.conversations_info(channel=channel))["channel"]
            shared = any(info.get(flag) for flag in ("is_ext_shared", "is_pending_ext_shared", "is_shared"))
            closed = bool(info.get("is_private") or info.get("is_mpim") or info.get("is_im"))
            return Channel(channel, info.get("name") or "", closed, shared)

        try:
            return await self._channels.get((team, channel), fetch)
        except FAILURES as error:
            log.warning("Channel %s is treated as public: %s", channel, failure_reason(error))
            return Channel(channel)

    def rule(self, channel: Channel) -> SlackChannelSettings:
        """The channel's settings, by its id or its name; the defaults if it has none."""
        rule = self._rules.get(channel.id) or self._rules.get(channel.name)
        return rule or SlackChannelSettings(channel=channel.id)

    async def principal(
        self, client: AsyncWebClient, request: SlackRequest, channel: Channel, *, asker_only: bool
    ) -> Principal:
        """The asker, with the audience of everyone who will see the answer."""
        team, rule = request.place.team, self.rule(channel)
        internal = self._is_trusted(team) and not request.external
        if rule.groups and not asker_only and not (internal and channel.closed and not channel.shared):
            log.warning("Channel %s is open to others: its groups are ignored", channel.id)
            internal = False
        groups: Sequence[str] = ()
        if internal and (self._groups if asker_only else rule.groups):
            member = await self._member(client, team, request.user)
            if member.full and asker_only:
                groups = [own.group for own in self._groups if await self._is_in_group(client, team, member, own)]
            elif member.full:
                groups = rule.groups
        return Principal(f"slack:{team}:{request.user}", request.user, Audience(frozenset(groups)))

    async def _member(self, client: AsyncWebClient, team: str, user: str) -> Member:
        """The user; if Slack does not tell, a guest."""

        async def fetch() -> Member:
            info: dict[str, Any] = (await client.users_info(user=user))["user"]
            teams = (info.get("enterprise_user") or {}).get("teams") or ()
            lesser = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")
            full = (info.get("team_id") == team or team in teams) and not any(info.get(flag) for flag in lesser)
            confirmed = info.get("is_email_confirmed") is not False
            return Member(info["id"], bool(full), (info.get("profile") or {}).get("email") if confirmed else None)

        try:
            return await self._members.get((team, user), fetch)
        except FAILURES as error:
            log.warning("User %s is treated as a guest: %s", user, failure_reason(error))
            return Member(user)

    async def _is_in_group(self, client: AsyncWebClient, team: str, member: Member, rule: SlackGroupSettings) -> bool:
        """Whether the member's address or user groups, by id or handle, are those of the group's rule."""
        email = (member.email or "").lower()
        if email and any(fnmatch(email, glob.lower()) for glob in rule.emails):
            return True
        if not rule.user_groups:
            return False

        async def fetch() -> Mapping[str, frozenset[str]]:
            groups: list[dict[str, Any]] = (await client.usergroups_list(include_users=True))["usergroups"]
            names = ((name, group) for group in groups for name in (group["id"], group.get("handle")) if name)
            return {name: frozenset(group.get("users") or ()) for name, group in names}

        try:
            users = await self._user_groups.get((team,), fetch)
        except FAILURES as error:
            log.warning("The user groups are treated as empty: %s", failure_reason(error))
            return False
        return any(member.id in users.get(name.lstrip("@"), ()) for name in rule.user_groups)


def failure_reason(error: BaseException) -> str:
    """Slack's name for the failure, without what was sent."""
    response = getattr(error, "response", None)
    return str(response["error"]) if response is not None and "error" in response.data else type(error).__name__
