"""What a model writes to say that the sources do not answer is read, and never shown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.prompting.sentinels import SentinelFilter


def read(*pieces: str) -> tuple[str, str, bool]:
    """What is shown, the part that is not answered, and whether all is declined."""
    sentinels = SentinelFilter()
    shown = "".join([*map(sentinels.feed, pieces), sentinels.finish()])
    return shown.rstrip(), sentinels.unanswered, sentinels.declined


@pytest.mark.parametrize(
    ("reply", "shown", "part"),
    [
        ("Eight weeks [1].\nNOT_ANSWERED: what the pager pays", "Eight weeks [1].", "what the pager pays"),
        ("Eight weeks [1].\n\n**NOT_ANSWERED:** the pager.\n", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1]. NOT_ANSWERED: the pager", "Eight weeks [1].", "the pager"),
        ("- Eight weeks [1]\n- NOT_ANSWERED: the pager", "- Eight weeks [1]", "the pager"),
        ("NOT_ANSWERED: the pager\nEight weeks [1].", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1].\nNOT_ANSWERED: a\nNOT_ANSWERED: b", "Eight weeks [1].", "a; b"),
        ("Eight weeks [1].\nNOT_ANSWERED: none.", "Eight weeks [1].", ""),
        ("Eight weeks [1].\nNOT_ANSWERED:", "Eight weeks [1].", ""),
        ("Eight weeks [1].\nNO_ANSWER", "Eight weeks [1].", ""),
        ("Eight weeks [1].\nNot_Answered: the pager", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1].\nNot answered: the pager [2].", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1].\n**NOT ANSWERED**: the pager", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1].\nNOT\\_ANSWERED: the pager", "Eight weeks [1].", "the pager"),
        (
            "Eight weeks [1].\nNot_ANSWERED: and, in a few words, the part that they do not answer",
            "Eight weeks [1].",
            "",
        ),
        (
            "Eight weeks [1].\nNOT_ANSWERED: the part that they do not answer: the pager",
            "Eight weeks [1].",
            "the pager",
        ),
        ("Eight weeks [1].\nNOT_ANSWERED: who steers the ferry", "Eight weeks [1].", ""),
        ("Eight weeks [1].\n[NOT_ANSWERED]: the pager", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1].\nNOT_ANSWER: the pager", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1].\nUNANSWERED: the pager", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1].\nNot-Answered: the pager", "Eight weeks [1].", "the pager"),
        ("Eight weeks [1].\nNOT_ANSWERED (the pager)", "Eight weeks [1].", "the pager"),
        ("Calls are not answered on Sunday [1].", "Calls are not answered on Sunday [1].", ""),
        ("No answer is due on Sunday [1].", "No answer is due on Sunday [1].", ""),
        ("NO, it is not NOT_ANSWER.", "NO, it is not NOT_ANSWER.", ""),
        ("Plan N", "Plan N", ""),
    ],
)
def test_the_line_on_what_is_not_answered_is_taken_out_however_it_comes(reply: str, shown: str, part: str) -> None:
    for size in (1, 2, 3, 7, len(reply)):
        assert read(*(reply[i : i + size] for i in range(0, len(reply), size))) == (shown, part, False)


@pytest.mark.parametrize(
    "reply",
    [
        *(
            "no_answer",
            "No_Answer.",
            "NO ANSWER",
            "No answer.",
            "**No answer**",
            '"No answer."',
            "`NO_ANSWER`",
            "NO\\_ANSWER",
        ),
        *("[NO_ANSWER]", "<NO_ANSWER>", "NO_ANSWERED", "(NO_ANSWER)."),
        *("NO_ANSWER\n\nThe pager is not described.", "_No answer found._", "NoAnswer"),
    ],
)
def test_it_declines_in_any_case_and_spelling(reply: str) -> None:
    for size in (1, 2, 5, len(reply)):
        assert read(*(reply[i : i + size] for i in range(0, len(reply), size))) == ("", "", True)


@pytest.mark.parametrize("reply", ["NO_ANSWER", " **NO_ANSWER**.", "\nNO_ANSWER [1]", "NO_ANSWER: they do not say."])
def test_a_reply_that_begins_so_declines_the_whole(reply: str) -> None:
    for size in (1, 2, len(reply)):
        assert read(*(reply[i : i + size] for i in range(0, len(reply), size))) == ("", "", True)


def test_a_part_that_never_ends_is_cut_short() -> None:
    _, part, _ = read("A [1].\nNOT_ANSWERED: ", *(["the pager "] * 1000))
    assert 290 <= len(part) <= 300


@given(st.lists(st.sampled_from(["N", "NO", "_ANSWER", "T", "NOT_ANSWERED", ": a", "\n", " ", "*", "x [1]."])))
def test_a_word_that_was_streamed_is_never_a_sentinel(pieces: list[str]) -> None:
    shown, _, _ = read(*pieces)
    assert "NOT_ANSWERED" not in shown


@pytest.mark.parametrize("piece", [" ", "*", "N", "NO_ANSWER", "NOT_ANSWERED", "-\n"])
def test_no_reply_takes_long_to_read(piece: str) -> None:
    began = time.process_time()
    read(*([piece] * 20_000))
    read(piece * 20_000)
    assert time.process_time() - began < 2
