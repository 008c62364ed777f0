"""The workspaces that the bot is installed in: one by its token, or several by OAuth."""

import asyncio
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slack_sdk.oauth.installation_store.sqlite3 import SQLite3InstallationStore
from slack_sdk.web.async_client import AsyncWebClient

from api.slack.workspace.rate_limited_client import RateLimitedClient


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace that the bot is installed in."""

    team: str
    bot_user: str
    bot_id: str
    token: str
    client: AsyncWebClient
    """Waits as long as Slack asks it to."""
    impatient_client: AsyncWebClient
    """Gives up at once, for calls that are not worth waiting for."""


class Workspaces(Protocol):
    """The workspaces that the bot is installed in."""

    async def find(self, team: str | None, enterprise: str | None = None) -> Workspace | None:
        """The workspace, or None if the bot is not installed in it. Raises if a call to Slack is needed and fails."""

    async def remove(self, team: str) -> None:
        """Forget a workspace that the bot was removed from."""

    def is_trusted(self, team: str) -> bool:
        """Whether the workspace's members may belong to groups."""


class SingleWorkspace:
    """The workspace of one bot token; Slack is asked which one that is."""

    def __init__(self, token: str, api_url: str, trusted: Collection[str] = ()) -> None:
        self._token, self._api_url, self._trusted = token, api_url, trusted
        self._workspace: Workspace | None = None
        self._lock = asyncio.Lock()

    async def find(self, team: str | None, enterprise: str | None = None) -> Workspace | None:  # noqa: ARG002
        """The one workspace, whatever the team."""
        async with self._lock:
            if self._workspace is None:
                bot = await RateLimitedClient(self._token, self._api_url).auth_test()
                self._workspace = _workspace(bot["team_id"], bot["user_id"], bot["bot_id"], self._token, self._api_url)
            return self._workspace

    async def remove(self, team: str) -> None:  # noqa: ARG002 - there is no other
        """Forget the workspace."""
        self._workspace = None

    def is_trusted(self, team: str) -> bool:
        """Whether it is the token's own workspace, or one that the settings name."""
        return (self._workspace is not None and team == self._workspace.team) or team in self._trusted


class InstalledWorkspaces:
    """The workspaces in an installation store."""

    def __init__(self, store: SQLite3InstallationStore, api_url: str, trusted: Collection[str]) -> None:
        self._store, self._api_url, self._trusted = store, api_url, trusted
        self._enterprises: dict[str, str | None] = {}
        self._workspaces: dict[str, Workspace] = {}

    async def find(self, team: str | None, enterprise: str | None = None) -> Workspace | None:
        """The workspace with the token that is stored now."""
        if team is None:
            return None
        if enterprise:
            self._enterprises[team] = enterprise
        bot = await asyncio.to_thread(
            self._store.find_bot, enterprise_id=self._enterprises.get(team), team_id=team, is_enterprise_install=False
        )
        if bot is None or not bot.bot_token:
            return None
        workspace = self._workspaces.get(team)
        if workspace is None or workspace.token != bot.bot_token:
            workspace = _workspace(team, bot.bot_user_id or "", bot.bot_id or "", bot.bot_token, self._api_url)
            self._workspaces[team] = workspace
        return workspace

    async def remove(self, team: str) -> None:
        """Delete the workspace's installation and token."""
        self._workspaces.pop(team, None)
        await asyncio.to_thread(self._store.delete_all, enterprise_id=self._enterprises.get(team), team_id=team)

    def is_trusted(self, team: str) -> bool:
        """Whether the settings name the workspace."""
        return team in self._trusted


def installation_store(file: Path, client_id: str) -> SQLite3InstallationStore:
    """Open the store of OAuth installations. It holds tokens, so only its owner may read the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA journal_mode = WAL")
    db.close()
    return SQLite3InstallationStore(database=str(file), client_id=client_id)


def _workspace(team: str, bot_user: str, bot_id: str, token: str, api_url: str) -> Workspace:
    client = RateLimitedClient(token, api_url)
    impatient_client = RateLimitedClient(token, api_url, client.limits, patient=False)
    return Workspace(team, bot_user, bot_id, token, client, impatient_client)
