"""What people meet in Slack, the same over Socket Mode and over HTTP."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from api.history.feedback_store import Feedback
from api.slack.messages.translations import TRANSLATIONS
from fakes.answerer import EndlessAnswerer, ScriptedAnswerer, telling, unverified_answer
from fakes.answerer import answer as make_answer
from fakes.slack.model import Message, texts
from fakes.slack.server import FakeSlack
from fakes.slack_bots import LEAVE, Ballot, Library, Start
from indexes.types import Query
from rag.errors import ModelUnreachableError
from rag.evidence.wording.cross_language import FINDING
from rag.question.filters import make_filters
from rag.types import Answer, Completed, Delta, Event, Question, Retrieval, Retrieved, Verdict
from rag.verification.abstention import UNVERIFIED


class Dripping(ScriptedAnswerer):
    """Waits before each event."""

    def __init__(self, *script: Event, seconds: float) -> None:
        super().__init__(*script)
        self._seconds = seconds

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        async for event in super().stream(question):
            await asyncio.sleep(self._seconds)
            yield event


def in_another_language(text: str, verdict: Verdict) -> Answer:
    answer = make_answer(text, {1: "so"}, verdicts=(verdict,))
    return replace(answer, sentences=tuple(replace(s, foreign=True, finding=FINDING) for s in answer.sentences))


def all_text(messages: list[Message]) -> str:
    return "\n".join(message.content for message in messages)


async def test_a_mention_is_answered_in_its_thread_with_a_footnote_and_its_source(
    slack: FakeSlack, start: Start
) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    async with start():
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        (message,) = slack.answers(general, question.ts)
    shown = message.content
    assert "New employees get 25 days of leave [1]." in shown
    assert "*[1]* <https://docs.acme.example/view/" in shown
    assert "leave.pdf> — page 4, line 12" in shown
    assert "> New employees get 25 days of leave" in shown


async def test_a_direct_message_is_answered_in_a_thread_of_it(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    async with start():
        question = await slack.say(anna, slack.dm(anna), "How much leave do I get?")
        await slack.settled()
        assert "25 days of leave [1]" in all_text(slack.answers(slack.dm(anna), question.ts))


async def test_a_follow_up_in_the_bots_thread_needs_no_mention_and_leans_on_the_thread(
    slack: FakeSlack, start: Start
) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    library = Library(LEAVE)
    async with start(library):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        await slack.say(ben, general, "And how much leave in the second year?", question.ts)
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 2
    history = library.asked[1].history
    assert [turn.role for turn in history] == ["user", "assistant"]
    assert history[0].text == "how much leave do I get?"
    assert "25 days of leave [1]" in history[1].text


async def test_people_who_talk_to_each_other_in_the_thread_are_left_alone(slack: FakeSlack, start: Start) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    async with start():
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        await slack.say(anna, general, f"{ben.mention} did you know about leave?", question.ts)
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 1


async def test_thanks_and_talk_in_the_bots_thread_get_silence_and_are_no_part_of_the_conversation(
    slack: FakeSlack, start: Start
) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    library = Library(LEAVE)
    async with start(library):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        for user, text in (
            (anna, "Thanks, that helped!"),
            (ben, "I took all my leave last year."),
            (anna, "Ben, are you off on leave at noon?"),
            (ben, "👍"),
            (ben, "yes, 12:30"),
        ):
            await slack.say(user, general, text, question.ts)
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 1
        await slack.say(anna, general, "and what about leave in May?", question.ts)
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 2
    assert [each.text for each in library.asked] == ["how much leave do I get?", "and what about leave in May?"]
    assert [turn.role for turn in library.asked[1].history] == ["user", "assistant"]


async def test_a_question_of_the_thread_that_the_documents_do_not_answer_gets_silence(
    slack: FakeSlack, start: Start
) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    async with start():
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        await slack.say(ben, general, "Where is lunch today?", question.ts)
        await slack.settled()
        assert len(slack.answers(general, question.ts)) == 1
        await slack.say(ben, general, f"{slack.bot.mention} where is lunch today?", question.ts)
        await slack.settled()
        assert "do not answer" in all_text(slack.answers(general, question.ts)[1:])


async def test_thanks_to_the_bot_itself_get_silence(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    async with start(library):
        said = await slack.say(anna, general, f"{slack.bot.mention} thank you!")
        direct = await slack.say(anna, slack.dm(anna), "Great, thanks :tada:")
        await slack.settled()
        assert slack.answers(general, said.ts) == slack.answers(slack.dm(anna), direct.ts) == []
    assert library.asked == []


async def test_help_tells_what_the_bot_does(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    async with start(library):
        asked = await slack.say(anna, general, f"{slack.bot.mention} help")
        assert (await slack.command(anna, general, "/ask", "help")).acknowledged
        await slack.settled()
        (message,) = slack.answers(general, asked.ts)
    assert TRANSLATIONS["en"].help in message.content
    assert TRANSLATIONS["en"].help in slack.sent("response_url")[-1].content
    assert library.asked == []


async def test_a_mention_that_an_edit_adds_is_answered_once(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general, help_ = slack.add_channel("general", anna), slack.add_channel("help", anna)
    library = Library(LEAVE)
    async with start(library, channels=[{"channel": "help", "mode": "auto"}]):
        written = await slack.say(anna, general, "leave in winter")
        unanswered = await slack.say(anna, help_, "Where is lunch?")
        await slack.settled()
        await slack.edit(written, f"{slack.bot.mention} leave in winter")
        await slack.edit(written, f"{slack.bot.mention} leave in the winter")
        await slack.edit(unanswered, f"{slack.bot.mention} Where is lunch?")
        await slack.settled()
        assert len(slack.answers(general, written.ts)) == 1
        assert "do not answer" in all_text(slack.answers(help_, unanswered.ts))
    assert [each.text for each in library.asked].count("leave in winter") == 1
    assert "leave in the winter" not in [each.text for each in library.asked]


async def test_an_edit_of_what_was_asked_is_not_answered_again(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    library = Library(LEAVE)
    async with start(library):
        asked = await slack.say(anna, slack.dm(anna), "how much leave")
        await slack.settled()
        await slack.edit(asked, f"{slack.bot.mention} how much leave")
        await slack.settled()
    assert len(library.asked) == 1


async def test_a_follow_up_where_only_the_asker_sees_answers_is_for_who_asks_it(slack: FakeSlack, start: Start) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    async with start(channels=[{"channel": "general", "ephemeral": True}]):
        asked = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        await slack.say(ben, general, "and leave next year?", asked.ts)
        await slack.settled()
    assert slack.sent("chat.postMessage") == []
    readers = [call.readers for call in slack.sent("chat.postEphemeral")]
    assert readers == [frozenset({anna.id}), frozenset({ben.id})]


@pytest.mark.parametrize("mark", ["?", "？", "؟", "፧"])
async def test_a_channel_of_its_own_accord_knows_questions_of_any_script(
    slack: FakeSlack, start: Start, mark: str
) -> None:
    anna = slack.add_user("anna")
    help_ = slack.add_channel("help", anna)
    library = Library(LEAVE)
    async with start(library, channels=[{"channel": "help", "mode": "auto"}]):
        await slack.say(anna, help_, f"Is it 25 days of leave{mark} I think so.")
        await slack.say(anna, help_, f"How much leave do we get{mark}")
        await slack.settled()
    assert [each.text for each in library.asked] == [f"How much leave do we get{mark}"]


async def test_what_is_said_elsewhere_without_a_mention_is_no_question_to_the_bot(
    slack: FakeSlack, start: Start
) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    async with start(library):
        root = await slack.say(anna, general, "How much leave do we get?")
        await slack.say(anna, general, "leave, anyone?", root.ts)
        await slack.settled()
    assert library.asked == []


async def test_a_mention_without_a_word_asks_what_was_said_before(slack: FakeSlack, start: Start) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    async with start():
        root = await slack.say(anna, general, "How much leave do we get?")
        await slack.say(ben, general, slack.bot.mention, root.ts)
        await slack.settled()
        assert "25 days of leave [1]" in all_text(slack.answers(general, root.ts))


async def test_the_command_answers_who_asked_alone(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    elsewhere = slack.add_channel("elsewhere", anna, bot=False)
    async with start():
        assert (await slack.command(anna, elsewhere, "/ask", "how much leave do I get?")).acknowledged
        await slack.settled()
    calls = slack.sent("response_url")
    assert "is searching 1,204 documents…" in calls[0].content
    assert "25 days of leave [1]" in calls[-1].content
    assert {call.readers for call in calls} == {frozenset({anna.id})}


async def test_the_message_shortcut_asks_the_documents_what_the_message_asks(slack: FakeSlack, start: Start) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    async with start():
        message = await slack.say(ben, general, "Does anyone know how much leave we get?")
        assert (await slack.shortcut(anna, "footnote_ask", message)).acknowledged
        await slack.settled()
    calls = slack.sent("response_url")
    assert "25 days of leave [1]" in calls[-1].content
    assert {call.readers for call in calls} == {frozenset({anna.id})}


async def test_the_agent_view_offers_the_prompts_when_it_is_opened(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    async with start(prompts=["How much leave?", "Who pays?"]):
        channel = await slack.open_home(anna)
        await slack.settled()
    assert [prompt["message"] for prompt in slack.state.prompts[channel.id, None]] == ["How much leave?", "Who pays?"]


async def test_the_older_assistant_view_offers_them_in_each_thread(slack: FakeSlack, start: Start) -> None:
    slack.settings.agent_view = False
    slack.settings.events.add("assistant_thread_started")
    anna = slack.add_user("anna")
    async with start(prompts=["How much leave?"]):
        root = await slack.open_assistant(anna)
        await slack.settled()
        question = await slack.say(anna, slack.dm(anna), "How much leave?", root.ts)
        await slack.settled()
        assert "25 days" in all_text(slack.answers(slack.dm(anna), root.ts))
    assert (root.channel, root.ts) in slack.state.prompts
    assert question.thread_ts == root.ts


async def test_the_status_says_how_many_documents_are_searched(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE, delay=0.3)
    async with start(library):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.until(lambda: slack.state.statuses)
        assert slack.state.statuses[general.id, question.ts] == "is searching 1,204 documents…"
        await slack.settled()
    assert not slack.state.statuses


async def test_an_answer_is_streamed_as_it_is_written(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    async with start(library):
        library.gate = asyncio.Event()
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.until(lambda: slack.sent("chat.startStream"))
        (message,) = slack.answers(general, question.ts)
        assert message.streaming
        assert message.text.startswith("New employees")
        library.gate.set()
        await slack.settled()
    assert message.text.strip() == "New employees get 25 days of leave [1]."
    assert "leave.pdf" in message.content
    assert not message.edited
    assert [call.method for call in slack.outbound if call.method.startswith("chat.")][-1] == "chat.stopStream"


@pytest.mark.parametrize("refusal", ["channel_type_not_supported", "unknown_method", "internal_error"])
async def test_where_a_stream_is_refused_one_message_is_edited(slack: FakeSlack, start: Start, refusal: str) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    slack.errors["chat.startStream"] = [refusal] * 9
    async with start(library):
        library.gate = asyncio.Event()
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.until(lambda: slack.sent("chat.postMessage"))
        library.gate.set()
        await slack.settled()
        (message,) = slack.answers(general, question.ts)
    assert message.content.count("New employees get 25 days of leave [1].") == 2  # its text, and its block
    assert "leave.pdf" in message.content
    assert "Stop" not in message.content


async def test_where_a_stream_has_expired_the_answer_is_edited_into_its_message(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    slack.settings.stream_seconds = 0.3
    async with start(library):
        library.gate = asyncio.Event()
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.until(lambda: slack.sent("chat.startStream"))
        await asyncio.sleep(0.4)
        library.gate.set()
        await slack.settled()
        (message,) = slack.answers(general, question.ts)
    assert message.edited
    assert "New employees get 25 days of leave [1]." in message.content
    assert "leave.pdf" in message.content


async def test_edits_that_are_refused_are_not_tried_for_ever_and_the_answer_comes_all_the_same(
    slack: FakeSlack, start: Start
) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    slack.errors["chat.startStream"] = ["internal_error"] * 9
    slack.errors["chat.update"] = ["internal_error"] * 99
    text = " ".join(f"word{n}" for n in range(40))
    words = [Retrieved(Retrieval(Query("?"), ())), *(Delta(f"{word} ") for word in text.split())]
    library = Dripping(*words, Completed(make_answer(f"{text} [1]", {1: "x"})), seconds=0.15)
    async with start(library):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.until(lambda: slack.sent("chat.postMessage"))
        await slack.until(lambda: len(slack.answers(general, question.ts)) == 2)
        await slack.settled()
    assert len([call for call in slack.outbound if call.method == "chat.update"]) <= 4
    assert f"{text} [1]" in slack.answers(general, question.ts)[-1].content


async def test_slacks_stop_button_stops_the_model_and_says_so(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    endless = EndlessAnswerer()
    async with start(endless):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.until(lambda: slack.sent("chat.startStream"))
        await slack.stop(anna, general, question.ts)
        await slack.settled()
        (message,) = slack.answers(general, question.ts)
    assert endless.ended.is_set()
    assert "and so on, and so on" in message.content
    assert "Stopped. What stands here was not checked." in message.content


async def test_an_edited_message_has_a_stop_button_of_its_own(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    slack.errors["chat.startStream"] = ["internal_error"] * 9
    endless = EndlessAnswerer()
    async with start(endless):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.until(lambda: slack.sent("chat.postMessage"))
        await slack.press(anna, slack.answers(general, question.ts)[0], "footnote_stop")
        await slack.settled()
        assert "Stopped." in slack.answers(general, question.ts)[0].content
    assert endless.ended.is_set()


async def test_who_says_stop_in_the_thread_stops_it(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    endless = EndlessAnswerer()
    async with start(endless):
        question = await slack.say(anna, slack.dm(anna), "how much leave do I get?")
        await slack.until(lambda: slack.sent("chat.startStream"))
        await slack.say(anna, slack.dm(anna), "Stop!", question.ts)
        await slack.settled()
        assert "Stopped." in all_text(slack.answers(slack.dm(anna), question.ts))
    assert endless.ended.is_set()


async def test_sentences_that_are_not_supported_are_marked(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    doubtful = make_answer("It is 25 days [1].\nIt was 20 once.", {1: "25 days"}, verdicts=("supported", "uncited"))
    async with start(ScriptedAnswerer(*telling(doubtful))):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        shown = all_text(slack.answers(general, question.ts))
    assert "It is 25 days [1].\nIt was 20 once. ⚠" in shown
    assert "⚠ _No source named:_ It was 20 once." in shown


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("weak", "⚠ _Not checked, as its source is in another language:_ So [1]."),
        ("unsupported", "⚠ _Not supported by its source:_ So [1]. (in another language than its source"),
    ],
)
async def test_sentences_in_another_language_than_their_source_are_marked_too(
    slack: FakeSlack, start: Start, verdict: Verdict, expected: str
) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    async with start(ScriptedAnswerer(*telling(in_another_language("So [1].", verdict)))):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        shown = all_text(slack.answers(general, question.ts))
    assert "So [1]. ⚠" in shown
    assert expected in shown


async def test_an_unverified_answer_says_so_and_what_is_contradicted(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    async with start(ScriptedAnswerer(*telling(unverified_answer()))):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        shown = all_text(slack.answers(general, question.ts))
    assert f"⚠ *{UNVERIFIED}*" in shown
    assert "⚠ _Contradicted by its source:_ Leave is 99 days [1]. (the source says 25, not 99)" in shown


async def test_a_declined_answer_is_short_and_offers_what_lies_near(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    async with start():
        question = await slack.say(anna, general, f"{slack.bot.mention} what is the wifi password?")
        await slack.settled()
        (message,) = slack.answers(general, question.ts)
    assert "The documents do not answer this question." in message.content
    near = (
        r"\*You may want to look at\*\n• <https://docs\.acme\.example/view/\w+\?[^|>]+\|leave\.pdf> — page 4, line 12"
    )
    assert re.search(near, message.content)
    assert "Sources" not in message.content


async def test_ask_a_person_tags_those_who_are_configured_once(slack: FakeSlack, start: Start) -> None:
    anna, expert = slack.add_user("anna"), slack.add_user("expert")
    general = slack.add_channel("general", anna, expert)
    async with start(people=[expert.id]):
        question = await slack.say(anna, general, f"{slack.bot.mention} what is the wifi password?")
        await slack.settled()
        for _ in range(2):
            await slack.press(anna, slack.answers(general, question.ts)[0], "footnote_person")
            await slack.settled()
        messages = slack.answers(general, question.ts)[1:]
    assert len(messages) == 1
    assert expert.mention in messages[0].text
    assert "> what is the wifi password?" in messages[0].content


async def test_what_was_asked_alone_is_put_to_people_alone(slack: FakeSlack, start: Start) -> None:
    anna, expert = slack.add_user("anna"), slack.add_user("expert")
    general = slack.add_channel("general", anna, expert)
    async with start(people=[expert.id]):
        await slack.command(anna, general, "/ask", "what is the wifi password?")
        await slack.settled()
        await slack.press(anna, [*general.ephemerals.values()][-1], "footnote_person")
        await slack.settled()
        (call,) = slack.sent("chat.postMessage")
    assert "> what is the wifi password?" in call.content
    assert call.readers == {expert.id, slack.bot.id}


async def test_a_long_answer_comes_whole_in_several_messages(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    lines = [f"Line {n} says that {n} is so [{n % 60 + 1}]." for n in range(900)]
    quotes = {n: f"quote {n} " + "is long " * 60 for n in range(1, 61)}
    async with start(ScriptedAnswerer(*telling(make_answer("\n".join(lines), quotes)))):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.until(lambda: len(slack.answers(general, question.ts)) > 3)
        await slack.settled()
        messages = slack.answers(general, question.ts)
    shown = "\n".join(text for message in messages for block in message.blocks for text in texts(block))
    assert [line for line in lines if line not in shown] == []
    assert [n for n in quotes if f"*[{n}]*" not in shown or f"quote {n} is" not in shown] == []


async def test_a_failure_is_told_in_words(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    async with start(ScriptedAnswerer(ModelUnreachableError("The language model cannot be reached."))):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        assert "The language model cannot be reached." in all_text(slack.answers(general, question.ts))


async def test_a_channel_of_its_own_accord_gets_answers_that_are_supported(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    help_ = slack.add_channel("help", anna)
    async with start(channels=[{"channel": "help", "mode": "auto"}]):
        question = await slack.say(anna, help_, "How much leave do we get?")
        await slack.until(lambda: slack.answers(help_, question.ts))
        await slack.settled()
        assert "25 days of leave [1]" in all_text(slack.answers(help_, question.ts))
        await slack.say(anna, help_, "and leave next year?", question.ts)
        await slack.settled()
        assert len(slack.answers(help_, question.ts)) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (make_answer("Nothing.", status="declined"), "the documents do not answer"),
        (unverified_answer(), "no document bears it out"),
        (make_answer("Half [1].", {1: "half"}, status="partly"), "the documents answer only a part"),
        (make_answer("So [1].", {1: "so"}, verdicts=("unsupported",)), "1 of its sentences are not supported"),
        (in_another_language("So [1].", "weak"), "1 of its sentences are not supported"),
        (make_answer("So."), "the answer claims nothing"),
    ],
)
async def test_and_silence_where_they_are_not_with_the_reason_in_the_log(
    slack: FakeSlack, start: Start, caplog: pytest.LogCaptureFixture, answer: Answer, reason: str
) -> None:
    caplog.set_level("INFO", "api.slack.responder")
    anna = slack.add_user("anna")
    help_ = slack.add_channel("help", anna)
    answerer = ScriptedAnswerer(*telling(answer))
    async with start(answerer, channels=[{"channel": help_.id, "mode": "auto"}]) as bot:
        await slack.say(anna, help_, "How much leave do we get?")
        await slack.until(lambda: answerer.ended.is_set())
        await bot.idle()
        await slack.settled()
    assert [call.method for call in slack.outbound if call.method.startswith(("chat.", "assistant.", "agents."))] == []
    assert f"Stayed silent in {help_.id}: {reason}" in caplog.text


async def test_a_channel_may_be_confined_to_some_documents(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    library = Library(LEAVE)
    async with start(library, channels=[{"channel": "general", "paths": ["hr/**"], "labels": ["rules"]}]):
        await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
    assert library.asked[0].filters == make_filters(("hr/**",), labels=("rules",))


async def test_a_channel_may_have_the_bot_speak_another_language(slack: FakeSlack, start: Start) -> None:
    anna = slack.add_user("anna")
    berlin = slack.add_channel("berlin", anna)
    general, library = slack.add_channel("general", anna), Library(LEAVE)
    async with start(library, channels=[{"channel": "berlin", "language": "de"}]):
        question = await slack.say(anna, berlin, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        assert "*Quellen*" in all_text(slack.answers(berlin, question.ts))
        await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        declined = await slack.say(anna, berlin, f"{slack.bot.mention} what is the wifi password?")
        await slack.settled()
        assert "Die Dokumente beantworten diese Frage nicht." in all_text(slack.answers(berlin, declined.ts))
    assert [question.language for question in library.asked] == ["de", None, "de"]


async def test_a_channel_may_have_who_asks_see_the_answer_first_and_share_it(slack: FakeSlack, start: Start) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    library = Library(LEAVE)
    async with start(library, channels=[{"channel": "general", "ephemeral": True}]):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        (alone,) = slack.answers(general, question.ts)
        assert alone.ephemeral_for == anna.id
        for _ in range(2):
            await slack.press(anna, alone, "footnote_share")
            await slack.settled()
        _, shared = slack.answers(general, question.ts)
    assert shared.ephemeral_for is None
    assert f"{anna.mention} shares the answer to:\n> how much leave do I get?" in shared.content
    assert "25 days of leave [1]" in shared.content
    assert len(library.asked) == 2


async def test_feedback_is_kept_and_the_last_word_counts(slack: FakeSlack, start: Start) -> None:
    anna, ben = slack.add_user("anna"), slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    ballot = Ballot()
    async with start(ballot=ballot):
        question = await slack.say(anna, general, f"{slack.bot.mention} how much leave do I get?")
        await slack.settled()
        (message,) = slack.answers(general, question.ts)
        up, down = feedback_values(message)
        for _ in range(3):
            await slack.press(anna, message, "footnote_feedback", up)
            await slack.settled()
        await slack.press(ben, message, "footnote_feedback", down)
        await slack.settled()
        assert [feedback.verdict for feedback in ballot.kept.values()] == ["up"]
        await slack.press(anna, message, "footnote_feedback", down)
        await slack.until(lambda: slack.sent("views.open"))
        (view,) = slack.state.views.values()
        await slack.submit(view, {"reason": "outdated", "comment": "It is 28 days"})
        await slack.settled()
    assert ballot.kept == {
        (f"slack:{slack.team.id}:{anna.id}", up[3:]): Feedback(
            verdict="down", reason="outdated", better_answer="It is 28 days"
        )
    }
    assert len([call for call in slack.sent("chat.postEphemeral") if "Thank you" in call.content]) == 1


def feedback_values(message: Message) -> tuple[str, str]:
    (block,) = [block for block in message.blocks if block["type"] == "context_actions"]
    (element,) = block["elements"]
    return element["positive_button"]["value"], element["negative_button"]["value"]
