"""The one path a question takes."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.chat import ScriptedChat
from fakes.passages import FixedRetriever, passage
from fakes.prompt_reading import read_user_turn
from rag.answering.assistant import DECLINED, Assistant
from rag.errors import ModelEmptyError, ModelError
from rag.prompting import prompts
from rag.prompting.llm_writer import LLMWriter
from rag.types import Answer, Completed, Confidence, Delta, Question, Retrieved, Turn, Usage

WRITTEN = ["China makes 90 % of rare earths [1]. ", "China makes 30 % of rare earths [1]. ", "Elephants never forget. "]
CHINA = passage("China makes 90 % of rare earths.")
ASKED = Question("Who makes rare earths?")


async def test_an_answer_is_streamed_and_then_stands_checked() -> None:
    model = ScriptedChat("China makes ", "90 % of rare earths", " [", "1].", Usage(12, 5))
    events = [event async for event in Assistant(FixedRetriever(CHINA), LLMWriter(model)).stream(ASKED)]
    assert isinstance(events[0], Retrieved)
    assert "".join(e.text for e in events if isinstance(e, Delta)) == "China makes 90 % of rare earths [1]."
    assert isinstance(events[-1], Completed)
    answer = events[-1].answer
    assert (answer.text, answer.status) == ("China makes 90 % of rare earths [1].", "answered")
    assert answer.citations[0].quote == "China makes 90 % of rare earths."
    assert (answer.usage, answer.model) == (Usage(12, 5), "scripted")
    assert {"retrieve", "first_token", "generate", "check", "total"} <= answer.timings.keys()


async def test_nothing_found_never_calls_the_model() -> None:
    model = ScriptedChat("Anything.")
    answer = await Assistant(FixedRetriever(), LLMWriter(model)).answer(ASKED)
    assert model.calls == []
    assert (answer.status, answer.text, answer.citations) == ("declined", DECLINED, ())
    assert (answer.declined_by, answer.nearest) == ("search", ())


@pytest.mark.parametrize(
    "pieces", [("NO_ANSWER",), ("NO", "_ANS", "WER"), (" **NO_", "ANSWER**."), ("\n", "NO_ANSWER [1]")]
)
async def test_the_models_decline_is_put_in_words_without_sources(pieces: tuple[str, ...]) -> None:
    events = [event async for event in Assistant(FixedRetriever(CHINA), LLMWriter(ScriptedChat(*pieces))).stream(ASKED)]
    assert [e.text for e in events if isinstance(e, Delta)] == [DECLINED]
    assert isinstance(events[-1], Completed)
    assert (events[-1].answer.status, events[-1].answer.citations) == ("declined", ())
    assert events[-1].answer.declined_by == "model"


async def test_a_decline_still_counts_its_tokens() -> None:
    answer = await Assistant(FixedRetriever(CHINA), LLMWriter(ScriptedChat("NO_ANSWER", Usage(9, 2)))).answer(ASKED)
    assert answer.usage == Usage(9, 2)


async def test_a_model_that_tells_how_sure_it_is_is_believed_also_when_it_declines() -> None:
    answer = await Assistant(FixedRetriever(CHINA), LLMWriter(ScriptedChat(Confidence(0.2), "NO_ANSWER"))).answer(ASKED)
    assert (answer.status, answer.confidence) == ("declined", 0.2)


async def test_else_an_answer_is_as_sure_as_its_sentences_are_borne_out() -> None:
    model = ScriptedChat("China makes 90 % of rare earths [1]. Elephants never forget [1].")
    answer = await Assistant(FixedRetriever(CHINA), LLMWriter(model)).answer(ASKED)
    assert answer.confidence == sum(sentence.support for sentence in answer.sentences) / 2 > 0


async def test_a_word_that_only_begins_like_a_decline_is_said() -> None:
    model = ScriptedChat("NO", "VA says that China makes 90 % of rare earths [1].")
    told = passage("NOVA says that China makes 90 % of rare earths.")
    answer = await Assistant(FixedRetriever(told), LLMWriter(model)).answer(ASKED)
    assert answer.text.startswith("NOVA says that China")


async def test_an_answer_of_which_nothing_is_borne_out_is_shown_unverified() -> None:
    model = ScriptedChat("Elephants never forget [1]. Paris is in France.")
    answer = await Assistant(FixedRetriever(CHINA), LLMWriter(model)).answer(ASKED)
    assert (answer.status, answer.declined_by) == ("unverified", None)
    assert answer.text == "Elephants never forget [1]. Paris is in France."
    assert [sentence.verdict for sentence in answer.sentences] == ["unsupported", "uncited"]


@given(
    st.lists(st.sampled_from([*WRITTEN, "NO_ANSWER", " ", "\n", "- "]), min_size=1, max_size=6).filter(
        lambda parts: any(map(str.isalnum, "".join(parts)))
    )
)
def test_what_a_model_wrote_is_declined_by_nothing_but_the_model(written: list[str]) -> None:
    model, said = ScriptedChat("".join(written)), {part for part in written if part in WRITTEN}
    answer = asyncio.run(Assistant(FixedRetriever(CHINA), LLMWriter(model)).answer(ASKED))
    assert (answer.status == "declined") == (answer.declined_by == "model") == (not answer.sentences)
    assert (answer.status == "unverified") == bool(answer.sentences and not is_any_borne_out(answer))
    if said and "NO_ANSWER" not in written:
        assert answer.status != "declined"


def is_any_borne_out(answer: Answer) -> bool:
    return any(sentence.verdict in ("supported", "weak") for sentence in answer.sentences)


async def test_a_follow_up_searches_with_what_was_asked_before() -> None:
    retriever = FixedRetriever(CHINA)
    history = (Turn("user", "Who makes rare earths?"), Turn("assistant", "China."))
    await Assistant(retriever, LLMWriter(ScriptedChat("NO_ANSWER"))).answer(Question("How much of them?", history))
    assert retriever.queries == ["How much of them?\nWho makes rare earths?"]


async def test_the_model_is_given_history_sources_and_question() -> None:
    model = ScriptedChat("NO_ANSWER")
    history = (Turn("user", "Hello"), Turn("assistant", "Hi"))
    await Assistant(FixedRetriever(CHINA), LLMWriter(model)).answer(Question("Who?", history))
    ((system, turns),) = model.calls
    assert system == prompts.SYSTEM
    assert turns[:2] == list(history)
    question, (source,) = read_user_turn(turns[2])
    assert (question, source.number, source.text) == ("Who?", 1, CHINA.text)


async def test_a_model_that_fails_fails_the_answer_in_its_own_words() -> None:
    model = ScriptedChat("China makes", ModelError("The model server went away."))
    with pytest.raises(ModelError, match="went away"):
        await Assistant(FixedRetriever(CHINA), LLMWriter(model)).answer(ASKED)


async def test_who_stops_listening_stops_the_model() -> None:
    model = ScriptedChat("China makes 90 % of rare earths. ", "And more. ", "And more.")
    stream = Assistant(FixedRetriever(CHINA), LLMWriter(model)).stream(ASKED)
    async for event in stream:
        if isinstance(event, Delta):
            break
    await stream.aclose()
    assert model.closed


FACT = "China makes 90 % of rare earths [1]."


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>\nOr 80 %? Source 1 has it.\n</think>\n\n{FACT}",
        f"Okay, the user wants a country.\n</think>\n{FACT}",
        f"```markdown\n{FACT}\n```",
        f"{FACT}\n\n**Sources:**\n1. a.txt, line 1",
        f"{FACT}\nNot_ANSWERED: and, in a few words, the part that they do not answer",
    ],
)
@pytest.mark.parametrize("size", [1, 6, 400])
async def test_what_a_model_wraps_its_answer_in_is_neither_streamed_nor_checked(reply: str, size: int) -> None:
    model = ScriptedChat(*(reply[i : i + size] for i in range(0, len(reply), size)), Usage(12, 90))
    events = [event async for event in Assistant(FixedRetriever(CHINA), LLMWriter(model)).stream(ASKED)]
    assert "".join(e.text for e in events if isinstance(e, Delta)).strip() == FACT
    assert isinstance(events[-1], Completed)
    answer = events[-1].answer
    assert (answer.text.strip(), answer.status, answer.usage) == (FACT, "answered", Usage(12, 90))
    assert [sentence.verdict for sentence in answer.sentences] == ["supported"]


async def test_reasoning_that_ends_in_a_decline_declines() -> None:
    model = ScriptedChat("<think>China makes 90 % of them.</think>\n\n", "NO_ANSWER")
    answer = await Assistant(FixedRetriever(CHINA), LLMWriter(model)).answer(ASKED)
    assert (answer.status, answer.declined_by) == ("declined", "model")


async def test_text_that_turns_out_to_be_reasoning_is_no_part_of_the_answer() -> None:
    model = ScriptedChat("China makes 80 %, or does it?", "\n</think>\n", FACT)
    assert (await Assistant(FixedRetriever(CHINA), LLMWriter(model)).answer(ASKED)).text == FACT


@pytest.mark.parametrize("reply", ["", "\n", "[1]", "<think>China, or", "```\n```"])
async def test_a_model_that_writes_no_answer_is_a_failure_and_no_decline(reply: str) -> None:
    with pytest.raises(ModelEmptyError, match="scripted wrote"):
        await Assistant(FixedRetriever(CHINA), LLMWriter(ScriptedChat(reply))).answer(ASKED)
