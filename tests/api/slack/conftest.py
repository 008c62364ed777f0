"""A fake Slack, and the bot before it over either transport."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from api.slack.bot import Bot
from api.slack.manifest import EVENTS, SCOPES
from fakes.slack.server import FakeSlack
from fakes.slack_bots import LEAVE, PAY, Ballot, Library, Start, Transport, answering, slack_settings
from rag.protocols import Answerer


class WatchedSlack(FakeSlack):
    """Knows the bot before it, and is settled once the bot has nothing more to do."""

    watched: Bot | None = None

    async def settled(self, *, quiet: float = 0.2, timeout: float = 20.0) -> None:  # noqa: ASYNC109 - as the fake's
        if self.watched is not None:
            await self.until(lambda: not self.deliveries.pending, timeout=timeout)
            await asyncio.wait_for(self.watched.idle(), timeout)
        await super().settled(quiet=quiet, timeout=timeout)


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[WatchedSlack]:
    monkeypatch.chdir(tmp_path)
    async with WatchedSlack() as fake:
        fake.settings.events, fake.installation.scopes = set(EVENTS), list(SCOPES)  # no more than the manifest asks for
        yield fake


@pytest.fixture(params=["socket", "http"])
def start(request: pytest.FixtureRequest, slack: WatchedSlack, tmp_path: Path) -> Start:
    transport: Transport = request.param

    def begin(library: Answerer | None = None, ballot: Ballot | None = None, **parts: Any) -> Any:
        settings = slack_settings(slack, tmp_path / "server", **parts)
        return watching(slack, answering(slack, library or Library(LEAVE, PAY), settings, transport, ballot))

    return begin


@asynccontextmanager
async def watching(slack: WatchedSlack, running: AbstractAsyncContextManager[Bot]) -> AsyncIterator[Bot]:
    async with running as bot:
        slack.watched = bot
        yield bot
        slack.watched = None
