"""A fake Slack, and the bot before it over either transport."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fakes.slack.server import FakeSlack
from fakes.slack_bots import LEAVE, PAY, Ballot, Library, Start, Transport, answering, slack_settings
from rag.protocols import Answerer


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[FakeSlack]:
    monkeypatch.chdir(tmp_path)
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture(params=["socket", "http"])
def start(request: pytest.FixtureRequest, slack: FakeSlack, tmp_path: Path) -> Start:
    transport: Transport = request.param

    def begin(library: Answerer | None = None, opinions: Ballot | None = None, **parts: Any) -> Any:
        settings = slack_settings(slack, tmp_path / "server", **parts)
        return answering(slack, library or Library(LEAVE, PAY), settings, transport, opinions)

    return begin
