"""Any answer becomes messages that Slack takes, whole, and with nothing live in them but our own links."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from api.slack.messages.blocks import (
    MAX_BLOCKS,
    MAX_TOGETHER,
    Message,
    RenderedAnswer,
    RenderOptions,
    block_size,
    render_answer,
    render_stopped,
)
from api.slack.messages.escaping import MarkdownEscaper, escape_markdown, escape_mrkdwn
from api.slack.messages.message_chunks import split_markdown
from api.slack.messages.translations import TRANSLATIONS
from fakes.answerer import answer, citation
from fakes.slack.validation import check_blocks
from indexes.types import Query
from rag.types import Answer, Retrieval, Verdict

BASE = "https://docs.acme.example"
OPTIONS = RenderOptions(base_url=BASE, answer_id="a1", feedback=True, person=True, share=True)
HOSTILE = [
    "<!channel>", "<!here|here>", "<@U012>", "<#C01|general>", "<\u200b!channel>", "<\u2060@U012>", "<!\u00adchannel>",
    "<https://evil.example/x|click>", "https://evil.example", "www.evil.example", "evil.com/x?a=1", "mailto:x@evil.com",
    "[click](https://evil.example)", "![x](https://evil.example/p.png)", "[x]: https://evil.example", "<a href=x>",
    "x@evil.co", "&lt;!channel&gt;", "\\<!channel\\>", "javascript:alert(1)", "]\u200b(https://evil.example)",
    "http\u200b://evil.example",
]  # fmt: skip
MARKDOWN = [
    "# Head",
    "- item",
    "| a | b |",
    "|---|---|",
    "```python",
    "```",
    "~~~",
    "x = 1",
    "",
    "",
    "1. one",
    "> quote",
]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
LINES = st.one_of(
    WORDS, st.sampled_from(MARKDOWN), st.sampled_from(HOSTILE), st.integers(1, 900).map("long word ".__mul__)
)
TEXTS = st.lists(LINES, max_size=80).map("\n".join)
ANSWERS = st.builds(
    lambda text, quotes: replace(
        answer(text), citations=tuple(citation(n, quote or "x") for n, quote in enumerate(quotes, 1))
    ),
    TEXTS,
    st.lists(st.one_of(WORDS, st.sampled_from(HOSTILE), st.integers(1, 500).map("the quote & ".__mul__)), max_size=70),
)
LIVE = re.compile(r"<[@!#]|\]\(|\]:|://|<[a-zA-Z/]")
many = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def words(rendered: RenderedAnswer, kind: str) -> str:
    texts = [block["text"] for message in rendered.messages for block in message.blocks if block["type"] == kind]
    return "\n".join(text if isinstance(text, str) else text["text"] for text in texts)


@many
@given(ANSWERS)
def test_every_message_is_one_that_slack_takes(answer: Answer) -> None:
    messages = render_answer(answer, OPTIONS).messages
    assert messages
    for message in messages:
        check_blocks(list(message.blocks))
        assert len(message.blocks) <= MAX_BLOCKS
        assert sum(map(block_size, message.blocks)) <= MAX_TOGETHER
        assert len(message.text) <= 3000


@many
@given(ANSWERS)
def test_no_text_and_no_source_is_lost(answer: Answer) -> None:
    rendered = render_answer(answer, OPTIONS)
    body, sources = words(rendered, "markdown"), words(rendered, "section")
    assert not Counter(escape_markdown(answer.text).split()) - Counter(body.split())
    for source in answer.citations:
        assert f"*[{source.number}]*" in sources
        assert f"{BASE}/view/" in sources
    quoted = Counter(
        word for source in answer.citations for word in escape_mrkdwn(" ".join(source.quote.split())).split()
    )
    assert not quoted - Counter(sources.split())


@many
@given(ANSWERS)
def test_nothing_is_live_but_our_own_links(answer: Answer) -> None:
    rendered = render_answer(answer, OPTIONS)
    assert not LIVE.search(words(rendered, "markdown"))
    assert not any(
        LIVE.search(message.text) for message in rendered.messages if message.text in words(rendered, "markdown")
    )
    for token in re.findall(r"<[^>]*>?", words(rendered, "section")):
        assert token.startswith(f"<{BASE}/view/")
        assert token.endswith(">")


@many
@given(TEXTS)
def test_rendered_as_markdown_there_is_neither_link_nor_image_nor_html(text: str) -> None:
    html = MarkdownIt("commonmark").render(escape_markdown(text))
    assert not re.search(r"<(?:a|img|script|iframe)\b", html)


@many
@given(TEXTS, st.lists(st.integers(0, 4000), max_size=8))
def test_however_it_is_streamed_nothing_is_live_and_no_word_is_lost(text: str, cuts: list[int]) -> None:
    stream = MarkdownEscaper()
    edges = [0, *sorted(cuts), len(text)]
    escaped = "".join(stream.feed(text[a:b]) for a, b in pairwise(edges)) + stream.finish()
    assert not LIVE.search(escaped)
    assert escaped.split() == escape_markdown(text).split()


@many
@given(TEXTS)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert escape_markdown(escape_markdown(text)) == escape_markdown(text)


@many
@given(TEXTS, st.sampled_from([1000, 3000, 11000]))
def test_pieces_have_the_length_and_all_the_words(text: str, limit: int) -> None:
    cut = split_markdown(text, limit)
    assert all(len(piece) <= limit for piece in cut)
    assert not Counter(text.split()) - Counter("\n".join(cut).split())


def test_a_long_paragraph_after_a_blank_line_is_cut_once_more() -> None:
    cut = split_markdown("\n\nbefore\n\n" + "long word " * 101, 1000)
    assert [len(piece) <= 1000 for piece in cut] == [True, True, True]
    assert cut[0].strip() == "before"


def test_code_that_is_cut_is_code_in_each_piece() -> None:
    code = "```python\n" + "\n".join(f"x{n} = {n}" for n in range(400)) + "\n```\nafter"
    for piece in split_markdown(code, 1500):
        blocks = [token.type for token in MarkdownIt().parse(piece)]
        assert blocks[0] == "fence"
        assert piece.startswith("```python\n")
        assert piece.count("```") == 2


def test_a_table_that_is_cut_has_its_head_in_each_piece() -> None:
    table = "| n | square |\n|---|---|\n" + "\n".join(f"| {n} | {n * n} |" for n in range(400))
    for piece in split_markdown(table, 1500):
        assert piece.startswith("| n | square |\n|---|---|\n| ")


def test_a_word_without_end_is_cut_and_whole() -> None:
    assert "".join(split_markdown("x" * 30_000, 11_000)).replace("\n", "") == "x" * 30_000


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_is_shown_and_does_nothing(text: str) -> None:
    escaped = escape_markdown(f"See {text} now")
    assert not LIVE.search(escaped)
    assert escaped.startswith("See ")
    assert escaped.endswith(" now")


@pytest.mark.parametrize(
    ("verdict", "finding", "told"),
    [
        ("supported", "[2] does not say it", "⚠ _Supported, but not by each source that it names:_ So [1]. ([2] does"),
        ("weak", "30 is calculated", "⚠ _Weakly supported by its source:_ So [1]. (30 is calculated)"),
        ("supported", "", ""),
        ("weak", "", ""),
    ],
)
def test_what_was_found_of_a_sentence_is_told_though_its_sources_bear_it_out(
    verdict: Verdict, finding: str, told: str
) -> None:
    said = answer("So [1].", {1: "so"}, verdicts=(verdict,))
    said = replace(said, sentences=tuple(replace(sentence, finding=finding) for sentence in said.sentences))
    shown = words(render_answer(said, OPTIONS), "section")
    assert (told in shown) if told else ("⚠" not in shown)


def test_what_was_written_of_an_answer_that_was_stopped_stays() -> None:
    (message,) = render_stopped("So far", "Stopped.").messages
    assert message == Message("So far", ({"type": "markdown", "text": "So far"}, message.blocks[1]))
    assert "_Stopped._" in str(message.blocks[1])


def test_a_declined_answer_says_which_languages_were_searched_where_the_question_is_in_another() -> None:
    declined = replace(
        answer("", status="declined"), retrieval=Retrieval(Query("?"), (), searched_languages=("English", "French"))
    )
    german = replace(OPTIONS, translation=TRANSLATIONS["de"])
    told = (
        "Die Dokumente beantworten diese Frage nicht. Gesucht wurde nur in der Sprache der Dokumente: English, French."
    )
    assert render_answer(declined, german).text == told
    assert render_answer(answer("", status="declined"), german).text == TRANSLATIONS["de"].declined
