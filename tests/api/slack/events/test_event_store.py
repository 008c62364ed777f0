"""One answer to each event, however often and in whatever order it is delivered, over restarts and refusals."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from api.slack.events.event_store import AnsweredQuestion, EventStore, SlackBusyError
from api.slack.workspace.slack_request import SlackPlace, SlackRequest
from fakes.answerer import ScriptedAnswerer
from fakes.engines import ROOT
from fakes.slack.server import FakeSlack
from fakes.slack_bots import LEAVE, Library, Start, answering, slack_settings
from rag.types import Delta

REQUEST = SlackRequest(key="T:C:1.0", place=SlackPlace("T", "C", "1.0"), user="U", text="?", ts="1.0")


@pytest.mark.parametrize("parallel", [False, True])
async def test_the_same_event_four_times_has_one_answer(slack: FakeSlack, start: Start, *, parallel: bool) -> None:
    slack.settings.copies, slack.settings.parallel = 4, parallel
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    async with start(library):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave?")
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 1
    assert len(library.asked) == 1
    assert (
        len([d for d in slack.deliveries.all if d.payload["event"].get("ts") == question.ts]) == 2
    )  # mention and message


@pytest.mark.parametrize("order", [list, lambda held: list(reversed(held))])
async def test_mention_and_message_are_one_in_either_order(slack: FakeSlack, start: Start, order: Any) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    async with start(library):
        slack.deliveries.hold()
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave?")
        slack.deliveries.release(order)
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 1
    assert len(library.asked) == 1


async def test_an_event_whose_first_delivery_never_arrived_is_answered(slack: FakeSlack, start: Start) -> None:
    slack.settings.lose, slack.settings.retry_seconds = 1, (0.05,)
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    async with start():
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave?")
        await slack.until(lambda: slack.answers(general, question.ts))
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 1


async def test_an_event_that_comes_again_after_a_restart_is_not_answered_again(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    async with start(library):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave?")
        await slack.settled()
    again = [
        delivery.payload for delivery in slack.deliveries.all if delivery.payload["event"].get("ts") == question.ts
    ]
    async with start(library):
        for payload in again:
            slack.deliveries.event(payload)
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 1
        await slack.say(anna, general, "and leave next year?", question.ts)
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 2  # it still takes part in the thread
    assert len(library.asked) == 2


async def test_an_answer_that_a_stop_of_the_bot_interrupts_says_so(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    library.gate = asyncio.Event()
    async with start(library):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave?")
        await slack.until(lambda: slack.sent("chat.startStream"))
    (message,) = slack.answers(general, question.ts)
    assert "I was interrupted before the answer was done." in message.content
    assert not message.streaming


RUN = """
import asyncio, sys
from pathlib import Path
from typing import Any
sys.path[:0] = [{tests!r}]
from fakes.answerer import EndlessAnswerer
from fakes.slack_bots import Library, LEAVE
from fakes.services import fake_services
from api.slack.factory import make_bot
from api.slack.socket_mode import SocketMode
from rag.settings import load_settings

async def main():
    settings = load_settings(Path("footnote.toml"))
    library = Library(LEAVE)
    library.gate = asyncio.Event()
    bot = make_bot(settings, fake_services(library))
    async with SocketMode(bot, settings.slack.app_token.get_secret_value(), settings.slack.api_url):
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("alone", [False, True])
async def test_a_kill_over_an_answer_leaves_a_message_that_says_so_after_the_restart(
    slack: FakeSlack, tmp_path: Path, *, alone: bool
) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    write_settings(slack, tmp_path / "server", ephemeral=alone)
    with process(RUN.format(tests=str(ROOT / "tests"))) as running:
        await slack.until(lambda: slack.sockets.ready, timeout=60)
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave?")
        await slack.until(lambda: slack.state.statuses if alone else replied(tmp_path / "server" / "slack.sqlite3"))
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    await asyncio.sleep(0.1)
    again = [
        delivery.payload for delivery in slack.deliveries.all if delivery.payload["event"].get("ts") == question.ts
    ]
    library = Library(LEAVE)
    async with answering(slack, library, slack_settings(slack, tmp_path / "server")) as bot:
        await bot.idle()
        for payload in again:
            slack.deliveries.event(payload)
        await slack.until(lambda: slack.answers(general, question.ts))
        await bot.idle()
        (message,) = slack.answers(general, question.ts)
    assert "I was interrupted before the answer was done." in message.content
    assert message.ephemeral_for == (anna.id if alone else None)
    assert library.asked == []


def replied(file: Path) -> bool:
    store = EventStore(file)
    answers = store.unfinished_answers()
    store.close()
    return any(answer.reply for answer in answers)


def write_settings(slack: FakeSlack, folder: Path, *, ephemeral: bool) -> None:
    Path("footnote.toml").write_text(
        f'[server]\ndir = "{folder}"\n[slack]\nbot_token = "{slack.bot_token}"\napp_token = "{slack.app_token}"\n'
        f'api_url = "{slack.base_url}"\n[[slack.channels]]\nchannel = "general"\n'
        f"ephemeral = {str(ephemeral).lower()}\n",
        encoding="utf-8",
    )


@contextlib.contextmanager
def process(code: str) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        yield running
    finally:
        running.kill()
        running.wait()


async def test_storms_of_429_are_waited_out_as_long_as_slack_asks(slack: FakeSlack, start: Start) -> None:
    slack.limits.storm(
        2, "chat.startStream", "chat.stopStream", "conversations.info", "chat.postMessage", retry_after=1
    )
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    async with start():
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave?")
        await slack.until(lambda: slack.answers(general, question.ts))
        await slack.settled()
        assert "25 days of leave [1]" in slack.answers(general, question.ts)[0].content
    assert slack.limits.refusals
    assert slack.limits.impatient == []


async def test_edits_are_spaced(slack: FakeSlack, start: Start) -> None:
    slack.errors["chat.startStream"] = ["internal_error"] * 9
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    async with start(ScriptedAnswerer(Delta("and so on"), asyncio.Event())):
        threads = [await slack.say(anna, general, f"{slack.bot.mention} how much leave?") for _ in range(3)]
        await slack.until(lambda: len(slack.sent("chat.postMessage")) == 3)
        for question in threads:
            await slack.say(anna, general, "stop", question.ts)
        await slack.settled()
    shown = [call.at for call in slack.outbound if call.method == "chat.postMessage"]
    assert all(later - earlier > 0.6 for earlier, later in pairwise(shown))


async def test_fifty_questions_at_once_are_all_answered_each_threads_in_order(slack: FakeSlack, start: Start) -> None:
    await load(slack, start, 0.6, 50)


@pytest.mark.skipif("SLACK_LOAD" not in os.environ, reason="takes minutes: make slack-load")
@pytest.mark.timeout(900)
async def test_fifty_questions_at_once_of_a_model_of_ten_seconds_are_acknowledged_within_one(
    slack: FakeSlack, start: Start
) -> None:
    assert await load(slack, start, 10.0, 50) < 1


async def load(slack: FakeSlack, start: Start, delay: float, questions: int) -> float:
    """In three channels, each question in one of twelve threads; the seconds of 99 % of acknowledgements."""
    slack.settings.ack_seconds = 30  # a machine that does much else is measured, not failed
    slack.limits.enforced = False
    anna = slack.add_user("anna")
    channels = [slack.add_channel(f"channel{n}", anna) for n in range(3)]
    library = Library(LEAVE, delay=delay)
    async with start(library, at_once=8) as bot:
        roots = [(channel, await slack.say(anna, channel, "A thread")) for channel in channels for _ in range(4)]
        began = time.monotonic()
        for n in range(questions):
            channel, root = roots[n % len(roots)]
            await slack.say(anna, channel, f"{slack.bot.mention} how much leave, number {n}?", root.ts)
        await slack.until(lambda: len(library.asked) == questions, timeout=delay * questions + 60)
        await bot.idle()
        await slack.settled()
        assert sum(len(slack.answers(channel, root.ts)) for channel, root in roots) == questions
    acks = sorted(slack.deliveries.latencies)
    asked = [int(question.text.split()[-1].rstrip("?")) for question in library.asked]
    for thread in range(len(roots)):
        mine = [n for n in asked if n % len(roots) == thread]
        assert mine == sorted(mine)
    took, p99 = time.monotonic() - began, acks[int(len(acks) * 0.99) - 1]
    print(f"{questions} answers in {took:.1f} s, acks p99 {p99 * 1000:.0f} ms")  # noqa: T201 - what was measured
    return p99


def test_a_claimed_event_is_a_duplicate_to_whoever_opens_the_file(tmp_path: Path) -> None:
    first, second = EventStore(tmp_path / "a.sqlite3"), EventStore(tmp_path / "a.sqlite3")
    assert first.claim(REQUEST, quiet=False)
    assert not second.claim(REQUEST, quiet=False)
    assert second.takes_part(REQUEST.place)
    assert [answer.key for answer in second.unfinished_answers()] == [REQUEST.key]
    second.finish(REQUEST.key)
    assert first.unfinished_answers() == []
    first.close()
    second.close()


def test_one_process_at_a_time_has_the_records(tmp_path: Path) -> None:
    first, second = EventStore(tmp_path / "a.sqlite3"), EventStore(tmp_path / "a.sqlite3")
    first.lock()
    with pytest.raises(SlackBusyError, match=r"a\.sqlite3: stop it"):
        second.lock()
    first.close()
    second.lock()
    second.close()


def test_what_buttons_are_about_is_remembered(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "a.sqlite3")
    question = AnsweredQuestion(SlackPlace("T", "C", None), "U", "How much?", private=True)
    store.save_question("a", question)
    assert store.find_question("a") == question
    assert store.find_question("b") is None
    store.close()
