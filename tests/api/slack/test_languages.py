"""The language of a channel is that of its answers: what the model is told, over both transports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.engines import OpenEngine
from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import Json, source_with
from fakes.slack.server import FakeSlack
from fakes.slack_bots import Start
from rag.prompting import prompts

PARENTS = "how long can fathers and other second parents stay off on full pay?"
CLAIM = "Der zweite Elternteil hat 8 Wochen voll bezahlte Elternzeit"


def in_german(body: Json) -> Reply:
    return Reply((f"{CLAIM} [{source_with('8 weeks', body)}].",))


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.respond = in_german
        yield server


async def test_a_channels_answers_are_asked_for_in_its_language_and_others_in_the_questions(
    slack: FakeSlack, start: Start, server: OpenAIServer, own_index: Path, opened: OpenEngine
) -> None:
    anna = slack.add_user("anna")
    berlin, general = slack.add_channel("berlin", anna), slack.add_channel("general", anna)
    shown = []
    engine = opened(own_index, llm={"base_url": server.base_url, "model": "fake"})
    async with start(engine.assistant, channels=[{"channel": "berlin", "language": "de"}]):
        for channel in (berlin, general):
            asked = await slack.say(anna, channel, f"{slack.bot.mention} {PARENTS}")
            await slack.until(lambda channel=channel, asked=asked: slack.answers(channel, asked.ts), timeout=60)
            await slack.settled()
            seen = "\n".join(message.content for message in slack.answers(channel, asked.ts))
            assert f"{CLAIM} [1]. ⚠" in seen
            shown.append(seen)
    assert f"⚠ _Nicht geprüft, da die Quelle in einer anderen Sprache ist:_ {CLAIM} [1]." in shown[0]
    assert "⚠ _Not checked, as its source is in another language:_" in shown[1]
    prompts_sent = [request.body["messages"][0]["content"] for request in server.requests]
    assert "Answer in German, whatever language the question and the sources are in" in prompts_sent[0]
    assert prompts_sent[1:] == [prompts.SYSTEM]
