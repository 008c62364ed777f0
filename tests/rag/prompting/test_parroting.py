"""What a model repeats of its prompt is not shown, however it is streamed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.passages import passage
from indexes.types import Hit
from rag.prompting import prompts
from rag.prompting.llm_writer import ReplyReader
from rag.prompting.parroting import ParrotFilter
from rag.question.validation import make_question
from rag.types import Context

FACT = "Skiffs dry on the east slip [1]."
RULES = [line.removeprefix("- ") for line in prompts.SYSTEM.splitlines() if len(line.split()) >= 5]
EXAMPLE = next(line for line in prompts.SYSTEM.splitlines() if line.endswith("[2]."))


def shown(reply: str, size: int, *texts: str) -> str:
    parrot = ParrotFilter(texts)
    pieces = [reply[i : i + size] for i in range(0, len(reply), size)]
    return "".join([*map(parrot.feed, pieces), parrot.finish()])


def read(reply: str, size: int) -> tuple[str, bool]:
    """What is shown, and whether the reply says neither an answer nor that there is none."""
    hits = (Hit(passage("Skiffs dry on the east slip.", path="slips.md"), 1.0),)
    reader = ReplyReader(make_question("Where do skiffs dry?"), Context(hits, ()))
    pieces = [reply[i : i + size] for i in range(0, len(reply), size)]
    return "".join([*map(reader.feed, pieces), reader.finish()]).strip(), reader.is_empty


@pytest.mark.parametrize("rule", [*RULES, EXAMPLE])
def test_a_line_of_the_prompt_is_dropped_before_and_after_an_answer(rule: str) -> None:
    for size in (1, 7, 400):
        assert shown(f"{rule}\n{FACT}\n- {rule.upper()}", size) == f"{FACT}\n"


@pytest.mark.parametrize(
    "line", ["Use only what the sources say of slips.", "If the sources", "NO_ANSWER", "The ferry sails", FACT, ""]
)
def test_an_answers_own_words_stay(line: str) -> None:
    for size in (1, 7, 400):
        assert shown(f"{line}\n\n{line}", size) == f"{line}\n\n{line}"


def test_what_a_source_says_so_stays() -> None:
    assert shown(EXAMPLE, 5, "Timetable. The ferry sails after sunrise [2]. So it goes.") == EXAMPLE


def test_an_answer_is_not_held_back() -> None:
    parrot = ParrotFilter()
    assert [parrot.feed(piece) for piece in ("Skiffs", " dry", " on")] == ["Skiffs", " dry", " on"]


@given(st.lists(st.sampled_from([FACT, EXAMPLE, RULES[0], RULES[0][:30], "NO_ANSWER", "\n", " ", "- "]), max_size=7))
def test_however_it_is_cut_the_same_is_shown(parts: list[str]) -> None:
    reply = "".join(parts)
    assert {shown(reply, size) for size in (1, 2, 3, 10, 1000)} == {shown(reply, 9)}


def test_a_reply_of_nothing_but_the_rule_for_declining_declines() -> None:
    rule = next(rule for rule in RULES if "NO_ANSWER" in rule)
    for size in (1, 7, 400):
        assert read(rule, size) == ("", False)
        assert read(f"{rule}\n{FACT}", size) == (FACT, False)


def test_no_reply_takes_long_to_read() -> None:
    began = time.process_time()
    for reply in (RULES[0] * 400, f"{RULES[0]}\n" * 400, "the " * 20_000):
        shown(reply, 3)
    assert time.process_time() - began < 6
