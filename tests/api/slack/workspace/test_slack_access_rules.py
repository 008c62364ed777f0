"""Access rules that stop to match, met in Slack: a second folder and a typo let nobody read what was protected."""

from pathlib import Path
from typing import Any

import pytest

from fakes.engines import OpenEngine, RememberingEncoder
from fakes.libraries import written
from fakes.slack.model import Channel, User
from fakes.slack.server import FakeSlack
from fakes.slack_bots import Start
from indexes.errors import FootnoteError, UnmatchedRuleError
from indexes.ingest.sync import SyncListener
from rag.engine.engine import open_writer
from rag.settings import load_settings

SECRET = "The pilot of Heron Bay earns 5,100 crowns."
FILES = {"docs/hr/pay.md": SECRET, "docs/news.md": "Terns nest on Heron Bay.", "more/shed.md": "Bicycles of the bay."}
RULE, TYPO = ({"glob": glob, "groups": ("hr",)} for glob in ("hr/**", "Hr/**"))
HR = {"groups": [{"group": "hr", "emails": ["hana@acme.example"]}]}


async def asked(slack: FakeSlack, user: User, channel: Channel) -> str:
    question = await slack.say(user, channel, f"{slack.bot.mention} What does the pilot of Heron Bay earn?")
    await slack.settled()
    return "\n".join(message.content for message in slack.answers(channel, question.ts))


@pytest.mark.parametrize("rule", [RULE, TYPO])
async def test_a_second_folder_and_a_typo_tell_slack_nothing(
    slack: FakeSlack,
    start: Start,
    tmp_path: Path,
    encoder: RememberingEncoder,
    opened: OpenEngine,
    rule: dict[str, Any],
) -> None:
    place = written(tmp_path / "place", FILES)

    def index(glob: dict[str, Any], *folders: str) -> FootnoteError | None:
        with open_writer(load_settings(index={"dir": place / "index"}, access=(glob,)), encoder) as writer:
            try:
                writer.run([place / folder for folder in folders], SyncListener())
            except UnmatchedRuleError as error:
                return error
        return None

    assert index(RULE, "docs") is None
    stopped = index(rule, "docs", "more")
    anna, hana = slack.add_user("anna"), slack.add_user("hana")
    general = slack.add_channel("general", anna, hana)
    async with start(opened(place / "index", access=(rule,)).assistant, **HR):
        for user, channel in (anna, general), (anna, slack.dm(anna)), (hana, general):
            assert "5,100" not in await asked(slack, user, channel)
        assert "5,100" in await asked(slack, hana, slack.dm(hana))
    assert slack.leaked("5,100", hana) == []
    if rule == TYPO:
        assert "'Hr/**' matches no document" in str(stopped)
        assert "--allow-unmatched-rules" in str(stopped)
        assert "--allow-delete" not in str(stopped)
    else:
        assert stopped is None
