"""Answers as HTML: nothing live comes out, nothing that was said is lost."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rendering.markdown import to_html
from fakes.answerer import answer, citation, unverified_answer
from rag.types import Citation, Sentence, Verdict

TAGS = set("p ul ol li strong em s code pre blockquote hr br h3 h4 h5 h6 table thead tbody tr th td sup span".split())
VERDICTS: tuple[Verdict, ...] = ("supported", "weak", "unsupported", "uncited")
MARKS = [*"*_`|.\\ “。é", "**", "~~", "```", "\n", "\n\n", "    ", "> ", "- ", "1. ", "# ", "|--|", "[1]", "[2]", "🎉"]
LIVE = ["[a](b)", "![x](http://e.example/?q=1)", "[x](javascript:alert(1))", "<http://e.example>", "[r][1]"]
LIVE += ["[r]: http://e.example", "<script>alert(1)</script>", "<img src=x onerror=y>", "<svg/onload=x>", "&#106;"]
ODD = ["&lt;", "&amp;", "\\[1]", "\ufdd0", "\ufde1\ufdd0", "\ufde2", "\x00", "\r", "\u202e", "days", "25"]
BITS = st.sampled_from([*MARKS, *LIVE, *ODD])
TEXTS = st.lists(BITS | st.text(max_size=5), max_size=40).map("".join)


class Seen(HTMLParser):
    """What is in a page: its tags, their attributes, its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(tag, f"{name}={value}") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def rendered(text: str, *verdicts: Verdict) -> str:
    told = answer(text, {n: "q" for n in (1, 2) if f"[{n}]" in text}, verdicts=verdicts)
    return to_html(told.text, told.sentences, told.citations)


@st.composite
def cited_answers(draw: st.DrawFn) -> tuple[str, list[Sentence], list[Citation]]:
    """Any text, sentences anywhere in it, and citations of which some spans stand on no marker."""
    text = draw(TEXTS)
    places = sorted(draw(st.lists(st.integers(0, len(text) + 2), max_size=10)))
    sentences = [
        Sentence(text[start:end], start, end, (), 0.5, draw(st.sampled_from(VERDICTS)))
        for start, end in pairwise(places)
    ]
    spans = {n: [m.span() for m in re.finditer(rf"\[{n}\]", text)] for n in (1, 2)}
    spans[1] += draw(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=2))
    return text, sentences, [citation(n, "q", tuple(where)) for n, where in spans.items()]


@given(cited_answers())
def test_nothing_live_comes_out_whatever_is_said(told: tuple[str, list[Sentence], list[Citation]]) -> None:
    seen = Seen(to_html(*told))
    assert seen.tags <= TAGS
    for tag, attribute in seen.attributes:
        assert re.fullmatch(
            r"span class=sentence (supported|weak|unsupported|uncited)|span data-sentence=\d+|sup class=marker"
            r"|sup data-number=\d|ol start=\d+|t[hd] class=(center|right|)",
            f"{tag} {attribute}",
        )


@given(cited_answers())
def test_what_is_marked_changes_nothing_that_is_read(told: tuple[str, list[Sentence], list[Citation]]) -> None:
    text, sentences, citations = told
    assert letters(Seen(to_html(text, sentences, citations)).text) == letters(Seen(to_html(text)).text)


@given(
    st.lists(
        st.sampled_from(["days", "25", "**", "*", "_", "`", " ", ". ", "<b>", "](", "![", "[1]", "é"]), max_size=40
    )
)
def test_all_words_are_kept(bits: list[str]) -> None:
    text = "x" + "".join(bits)
    assert letters(Seen(to_html(text)).text) == letters(text)


@pytest.mark.parametrize("text", ["1. 1. a", "a\r2. b", "> 3) c", "&#106; d", "&amp;"])
def test_what_a_letter_would_change_is_left_alone(text: str) -> None:
    sentence = Sentence(text, 0, len(text), (), 0.5, "weak")
    assert re.sub("</?span[^>]*>", "", to_html(text, [sentence])) == to_html(text)


@given(cited_answers())
def test_markers_stand_in_their_order(told: tuple[str, list[Sentence], list[Citation]]) -> None:
    text, sentences, citations = told
    html = to_html(text, sentences, citations)
    found = [int(number) for number in re.findall(r'<sup class="marker" data-number="(\d)">\1</sup>', html)]
    wanted = [int(number) for number in re.findall(r"\[([12])\]", text)]
    rest = iter(wanted)
    assert all(number in rest for number in found)  # a fence's info is no text: a marker in it falls
    if "```" not in text and "`\\" not in text:
        assert found == wanted


def test_a_sentence_runs_through_bold_code_and_markers() -> None:
    weak = '<span class="sentence weak" data-sentence="0">'
    assert rendered("**New** staff get `25` *days* [1].", "weak") == (
        f"<p><strong>{weak}New</span></strong>{weak} staff get </span><code>{weak}25</span></code> "
        f'<em>{weak}days</span></em> {weak}<sup class="marker" data-number="1">1</sup>.</span></p>\n'
    )


def test_a_sentence_that_its_source_contradicts_is_marked_as_that_too() -> None:
    told = unverified_answer()
    assert '<span class="sentence unsupported contradicted" data-sentence="0">' in to_html(told.text, told.sentences)


def test_what_opens_and_what_closes_a_sentence_is_in_it() -> None:
    html = rendered("- **“Days** lapse” (all).\n- <25?! 🎉", "weak", "uncited")
    assert Seen(html).text.split("\n")[1:3] == ["“Days lapse” (all).", "<25?! 🎉"]
    assert re.findall(r'data-sentence="(\d)">([^<]*)<', html) == [
        ("0", "“Days"),
        ("0", " lapse” (all)."),
        ("1", "&lt;25?!"),
    ]


def test_lists_tables_and_headings_stay_what_they_are() -> None:
    html = rendered("# Leave\n\n1. One [1]\n2. Two\n\n| a | b |\n|---|--:|\n| c | 25 [2] |")
    plain = re.sub(r"</?span[^>]*>|\n", "", html)
    one, two = (f'<sup class="marker" data-number="{n}">{n}</sup>' for n in (1, 2))
    assert plain == (
        f"<h3>Leave</h3><ol><li>One {one}</li><li>Two</li></ol>"
        '<table><thead><tr><th>a</th><th class="right">b</th></tr></thead>'
        f'<tbody><tr><td>c</td><td class="right">25 {two}</td></tr></tbody></table>'
    )


def test_line_breaks_are_kept_and_sentences_told_apart_by_them() -> None:
    html = rendered("One day.\nAnother one.", "supported", "uncited")
    assert html == (
        '<p><span class="sentence supported" data-sentence="0">One day.</span><br>\n'
        '<span class="sentence uncited" data-sentence="1">Another one.</span></p>\n'
    )


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert(1))", "![x](http://e.example)", "<http://e.example>", "[x][r]\n\n[r]: http://e.example"],
)
def test_a_link_or_picture_is_text(text: str) -> None:
    seen = Seen(to_html(text))
    assert seen.tags == {"p"}
    assert "".join(seen.text.split()) == "".join(text.split())


def test_what_nests_too_deep_is_shown_as_it_is_written() -> None:
    assert "bottom" in to_html("> " * 300 + "bottom")


@pytest.mark.parametrize("bit", ["[1] ", "**a ", "`a``", "> ", "|a", "- ", "[a](", "<b ", "_a*", "&amp;", "\\", "a\n"])
def test_it_takes_time_in_proportion_to_the_text(bit: str) -> None:
    def taken(times: int) -> float:
        begun = process_time()
        rendered(bit * times)
        return process_time() - begun

    taken(100)
    assert min(taken(8000) for _ in range(3)) < 40 * max(
        taken(1000), 0.005
    )  # 8 times the text; 64 times if it were quadratic
