"""The workspaces that the bot is in: one by its token, or as many as installed it by OAuth."""

import asyncio
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slack_sdk.oauth.installation_store.sqlite3 import SQLite3InstallationStore
from slack_sdk.web.async_client import AsyncWebClient

from api.slack.workspace.rate_limited_client import PoliteClient


@dataclass(frozen=True, slots=True)
class Workspace:
    """One that the bot is in."""

    team: str
    bot_user: str
    bot_id: str
    token: str
    client: AsyncWebClient
    """Waits as long as Slack asks it to."""
    hasty: AsyncWebClient
    """Gives up at once, for what is not worth waiting for."""


class Workspaces(Protocol):
    """Knows where the bot is."""

    async def of(self, team: str | None, enterprise: str | None = None) -> Workspace | None:
        """None where it is not. Raises what a call to Slack raises, where one must be made first."""

    async def forget(self, team: str) -> None:
        """The bot was taken out of the workspace."""

    def trusted(self, team: str) -> bool:
        """Whether the workspace's members may be in groups."""


class SingleWorkspace:
    """The one that a bot's token is for; it says itself which that is."""

    def __init__(self, token: str, api_url: str, trusted: Collection[str] = ()) -> None:
        self._token, self._api_url, self._trusted = token, api_url, trusted
        self._known: Workspace | None = None
        self._asking = asyncio.Lock()

    async def of(self, team: str | None, enterprise: str | None = None) -> Workspace | None:  # noqa: ARG002
        async with self._asking:
            if self._known is None:
                told = await PoliteClient(self._token, self._api_url).auth_test()
                self._known = _workspace(told["team_id"], told["user_id"], told["bot_id"], self._token, self._api_url)
            return self._known

    async def forget(self, team: str) -> None:  # noqa: ARG002 - there is no other
        self._known = None

    def trusted(self, team: str) -> bool:
        return (self._known is not None and team == self._known.team) or team in self._trusted


class InstalledWorkspaces:
    """Those in an installation store."""

    def __init__(self, store: SQLite3InstallationStore, api_url: str, trusted: Collection[str]) -> None:
        self._store, self._api_url, self._trusted = store, api_url, trusted
        self._enterprises: dict[str, str | None] = {}
        self._known: dict[str, Workspace] = {}

    async def of(self, team: str | None, enterprise: str | None = None) -> Workspace | None:
        if team is None:
            return None
        if enterprise:
            self._enterprises[team] = enterprise
        bot = await asyncio.to_thread(
            self._store.find_bot, enterprise_id=self._enterprises.get(team), team_id=team, is_enterprise_install=False
        )
        if bot is None or not bot.bot_token:
            return None
        known = self._known.get(team)
        if known is None or known.token != bot.bot_token:
            known = _workspace(team, bot.bot_user_id or "", bot.bot_id or "", bot.bot_token, self._api_url)
            self._known[team] = known
        return known

    async def forget(self, team: str) -> None:
        self._known.pop(team, None)
        await asyncio.to_thread(self._store.delete_all, enterprise_id=self._enterprises.get(team), team_id=team)

    def trusted(self, team: str) -> bool:
        return team in self._trusted


def installation_store(file: Path, client_id: str) -> SQLite3InstallationStore:
    """It holds tokens, so nobody else may read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA journal_mode = WAL")
    db.close()
    return SQLite3InstallationStore(database=str(file), client_id=client_id)


def _workspace(team: str, bot_user: str, bot_id: str, token: str, api_url: str) -> Workspace:
    client = PoliteClient(token, api_url)
    hasty = PoliteClient(token, api_url, client.manners, patient=False)
    return Workspace(team, bot_user, bot_id, token, client, hasty)
