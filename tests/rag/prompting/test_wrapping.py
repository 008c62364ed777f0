"""What models wrap an answer in is taken off, however it is streamed."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.prompting.wrapping import FenceFilter, SourceListFilter

FACT = "Skiffs dry on the east slip [1]."
NAMES = ("yard/slips.md", "slips.md", "Slips of the yard", "racks.csv")


def cut(reply: str, size: int) -> list[str]:
    return [reply[i : i + size] for i in range(0, len(reply), size)]


def unfenced(*pieces: str) -> str:
    fence = FenceFilter()
    return "".join([*map(fence.feed, pieces), fence.finish()])


def listless(*pieces: str, question: str = "Where do skiffs dry?") -> str:
    lists = SourceListFilter(NAMES, question)
    return "".join([*map(lists.feed, pieces), lists.finish()])


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (f"```markdown\n{FACT}\n```", f"{FACT}\n"),
        (f"```\n{FACT}\n```\n", f"{FACT}\n\n"),
        (f"\n~~~md\n{FACT}\n~~~", f"{FACT}\n"),
        (f"```text\n{FACT}", FACT),
        (f"```markdown\n{FACT}\n```bash\nslip east\n```\nDone.\n```", f"{FACT}\n```bash\nslip east\n```\nDone.\n"),
        (f"```markdown\n{FACT}\n```\nSources: slips.md", f"{FACT}\n\nSources: slips.md"),
    ],
)
def test_a_fence_around_the_whole_reply_is_taken_off(reply: str, shown: str) -> None:
    for size in (1, 2, 5, len(reply)):
        assert unfenced(*cut(reply, size)) == shown


@pytest.mark.parametrize(
    "reply",
    [
        "```python\nslip[1]\n```",
        f"```\nslip east\n```\n{FACT}",
        f"{FACT}\n```\nslip east\n```",
        "`slip` is the word.",
        "``",
        "```",
    ],
)
def test_code_in_a_reply_stays_code(reply: str) -> None:
    for size in (1, 2, 5, len(reply)):
        assert unfenced(*cut(reply, size)) == reply


@pytest.mark.parametrize(
    "own",
    [
        "Sources:\n[1] slips.md\n[2] racks.csv",
        "## References\n1. slips.md, line 3\n2. racks.csv, line 2\n",
        "**Quellen**\n\n- Slips of the yard, Seite 2\n- racks.csv",
        "**Sources:**\n* slips.md [1]\n",
        "---\n\n### Sources\n\n- [1]: slips.md\n\n- [2]: racks.csv",
        "Source: slips.md, line 3",
        "Sources: [1][2]",
        "Sources: [1] slips.md, [2] racks.csv",
        "Références :\n1. Notice du chantier\n",
        "[1] slips.md\n[2] racks.csv, line 2",
        "[^1]: slips.md, line 3",
        "References",
    ],
)
def test_a_list_of_sources_at_the_end_is_dropped(own: str) -> None:
    reply = f"{FACT}\n\n{own}"
    for size in (1, 2, 5, len(reply)):
        assert listless(*cut(reply, size)).rstrip("\n") == FACT


@pytest.mark.parametrize(
    "reply",
    [
        f"{FACT}\n\nSources:\n- the east tap [1]\n- the well [2]",
        f"{FACT}\n\nSources:\n- the east tap\n- the well",
        f"{FACT}\n\nSources of water are two taps [1].",
        "Sources:\n1. the east tap\n2. the well",
        f"{FACT}\n\n---\n\n- Racks are numbered [2].\n",
        f"{FACT}\n[1] says the same of canoes.",
        "- Reference numbers stand on the hull [1].\n- Sourced wood [2]",
        "```\nSources:\n[1] slips.md\n```",
    ],
)
def test_what_a_document_says_in_a_list_stays(reply: str) -> None:
    for size in (1, 2, 5, len(reply)):
        assert listless(*cut(reply, size)) == reply


def test_a_list_of_sources_that_was_asked_for_stays() -> None:
    reply = f"{FACT}\nReferences\n1. a former club\n2. a sailmaker"
    assert listless(reply, question="What references does the club want?") == reply
    assert listless(reply) == f"{FACT}\n"


def test_what_follows_the_list_is_shown() -> None:
    assert listless(f"{FACT}\nSources:\n[1] slips.md\n\nCanoes too [1].\n") == f"{FACT}\nCanoes too [1].\n"


def test_an_answer_is_not_held_back() -> None:
    lists = SourceListFilter(NAMES)
    assert [lists.feed(piece) for piece in ("Skiffs", " dry\n", "S", "ources", " wait", " x", "\n")] == [
        *("Skiffs", " dry\n", "", "", "", ""),
        "Sources wait x\n",
    ]
    assert lists.feed("Canoes") == "Canoes"


PARTS = st.lists(
    st.sampled_from(
        [
            "Sources",
            ":",
            "\n",
            "[1]",
            " slips.md",
            "1. ",
            "- ",
            "---",
            "```",
            " ",
            "a claim",
            "[^1]:",
            "**",
            "markdown",
            "Quelle",
        ]
    ),
    max_size=14,
).map("".join)


@given(PARTS, st.lists(st.integers(0, 90), max_size=6))
def test_however_it_is_cut_the_same_is_shown(reply: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(at, len(reply)) for at in cuts), len(reply)]
    pieces = [reply[a:b] for a, b in itertools.pairwise(edges)]
    assert listless(*pieces) == listless(reply)
    assert unfenced(*pieces) == unfenced(reply)


@pytest.mark.parametrize("piece", [" ", "\n", "`", "```\n", "Sources:\n", "[1] ", "- a\n", "---\n", "S"])
def test_no_reply_takes_long_to_read(piece: str) -> None:
    began = time.process_time()
    for read in (listless, unfenced):
        read(FACT, "\n", *([piece] * 20_000))
        read(piece * 20_000)
    assert time.process_time() - began < 4
