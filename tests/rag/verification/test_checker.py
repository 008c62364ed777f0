"""Each sentence of an answer, held against its sources and given the place that proves it."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.engines import RememberingEncoder
from fakes.entailment import FixedEntailment
from fakes.passages import passage
from indexes.errors import EncoderError
from indexes.types import Matrix, Passage
from rag.citations.markers import Mark, MarkerStream, Place, renumber
from rag.errors import ModelTimeoutError
from rag.types import Usage
from rag.verification.checker import CheckedText, Checker

CHINA = passage("China makes 90 % of rare earths. The United States imports most of them.", path="a.txt", start=100)
LEAVE = passage("Staff get 25 days of leave.\nPart-time staff get\nfewer days.", path="b.pdf", page=4)


def checked(written: str, *passages: Passage, checker: Checker | None = None) -> CheckedText:
    given_to_model = passages or (CHINA, LEAVE)
    stream = MarkerStream(given_to_model)
    stream.feed(written)
    stream.finish()
    return asyncio.run((checker or Checker()).check(stream.text, stream.marks(), given_to_model))


def test_a_sentence_without_a_marker_gets_the_passage_that_proves_it() -> None:
    told = checked("China makes 90 % of rare earths. Staff get 25 days of leave [2].")
    assert told.text == "China makes 90 % of rare earths [1]. Staff get 25 days of leave [2]."
    assert [c.passage for c in told.citations] == [CHINA, LEAVE]
    assert [(s.verdict, s.citations) for s in told.sentences] == [("supported", (1,)), ("supported", (2,))]
    assert [told.text[s.start : s.end] for s in told.sentences] == [s.text for s in told.sentences]


@pytest.mark.parametrize(
    "written",
    [
        "Nobody knows why that is so.",
        "Yes.",
        "# Where China makes rare earths",
        "Does China make most of the rare earths?",
        "```\nChina makes 90 % of rare earths.\n```",
        "China makes 80 % of rare earths.",
    ],
)
def test_what_nothing_proves_or_takes_no_marker_stays_uncited(written: str) -> None:
    told = checked(written)
    assert (told.text, told.citations) == (written, ())
    assert {s.verdict for s in told.sentences} == {"uncited"}


@pytest.mark.parametrize(
    ("written", "marked"),
    [
        ("# China makes 90 % of rare earths", "# China makes 90 % of rare earths [1]"),
        ("| China | makes 90 % of rare earths |", "| China | makes 90 % of rare earths [1] |"),
        ("**China makes 90 % of rare earths.**", "**China makes 90 % of rare earths [1].**"),
        ("1. China makes 90 % of rare earths:", "1. China makes 90 % of rare earths: [1]"),
    ],
    ids=["heading", "row", "bold", "lead-in"],
)
def test_what_is_held_to_its_figures_gets_its_marker_within_its_markup(written: str, marked: str) -> None:
    told = checked(written)
    assert (told.text, [s.verdict for s in told.sentences]) == (marked, ["supported"])


def test_a_citation_whose_source_does_not_bear_it_out_stays_with_its_verdict_and_the_reason() -> None:
    told = checked("Staff get 30 days of leave [2].")
    (sentence,) = told.sentences
    assert told.text == "Staff get 30 days of leave [1]."
    assert (sentence.verdict, sentence.support, sentence.citations) == ("unsupported", 0.0, (1,))
    assert sentence.finding == "30 day: in no source; the source says 25, not 30"
    assert [c.support for c in told.citations] == [0.0]


def test_the_number_of_an_item_is_no_figure() -> None:
    told = checked("3. China makes 90 % of rare earths [1].\n4) Staff get 25 days of leave [2].")
    assert [(s.verdict, s.finding) for s in told.sentences] == [("supported", ""), ("supported", "")]


def test_a_claim_in_other_words_whose_figures_are_all_there_is_weak_at_least() -> None:
    one, other = "Off work: 25 days of leave is what everybody is granted", "Off work, 25 cars of leave are granted"
    assert [checked(f"{said} [2].").sentences[0].verdict for said in (one, other)] == ["weak", "unsupported"]


def test_a_marker_that_is_added_makes_no_link_of_what_follows() -> None:
    mark = Mark(5, 5, Place(LEAVE, 0, 5))
    told = renumber("Leave(b.pdf)", [mark])
    assert (told.text, told.spans, told.at(5)) == ("Leave [1] (b.pdf)", (((6, 9),),), 10)


def test_the_same_place_added_and_cited_is_one_source() -> None:
    told = checked("Staff get 25 days of leave. It is so: Staff get 25 days of leave [2].")
    assert told.text.count("[1]") == 2
    assert len(told.citations) == 1
    assert [told.text[a:b] for a, b in told.citations[0].answer_spans] == ["[1]", "[1]"]


def test_what_only_the_passage_around_the_quote_bears_out_is_weak() -> None:
    text = "The harbour closed early. Nobody was hurt. Ann Smith leads the yard."
    told = checked("The harbour that Ann Smith leads closed early [1].", passage(text))
    assert [s.verdict for s in told.sentences] == ["weak"]


def test_a_paraphrase_is_borne_out_by_the_encoder(encoder: RememberingEncoder) -> None:
    source = passage("Employees are entitled to twenty-five days of paid vacation each year. Dogs are welcome.")
    written = "Employees are entitled to 25 days of paid holiday every year [1]."
    (sentence,) = checked(written, source, checker=Checker(encoder)).sentences
    assert sentence.verdict in ("supported", "weak")
    assert sentence.support > checked(written, source).sentences[0].support


def test_a_row_of_a_table_is_quoted_without_and_read_with_its_header() -> None:
    table = passage("Year | Sales | Staff\n2018 | 12.5 | 70\n2019 | 14.1 | 82")
    told = checked("In the year 2019 the sales were 14.1 [1].", table)
    assert [c.quote for c in told.citations] == ["2019 | 14.1 | 82"]
    assert [s.verdict for s in told.sentences] == ["supported"]


def test_of_a_long_sentence_the_clause_that_proves_is_quoted() -> None:
    text = (
        "The yard, which was founded by two brothers from Lisbon long before the war, builds forty boats a year; "
        "its offices moved to the old mill by the river in the spring of 1987."
    )
    (citation,) = checked("The offices moved to the old mill in 1987 [1].", passage(text)).citations
    assert citation.quote == "its offices moved to the old mill by the river in the spring of 1987."


def test_rows_that_a_sentence_names_are_quoted_together_whatever_stands_between_them() -> None:
    text = "Gate | Opens | Guard\nNorth | 06:30 | Ola\nRiver | not used | none\nMill | 07:15 | Ines\nHill | 09:00 | Tor"
    told = checked("The North gate opens at 06:30 and the Mill gate at 07:15 [1].", passage(text))
    assert [s.verdict for s in told.sentences] == ["supported"]
    assert [c.quote for c in told.citations] == ["\n".join(text.splitlines()[1:4])]
    (wrong,) = checked("The North gate opens at 07:15 and the Mill gate at 06:30 [1].", passage(text)).sentences
    assert wrong.verdict == "unsupported"


def test_a_count_that_rests_on_many_rows_of_a_table_is_told_as_calculated() -> None:
    shops = passage("Shop | Opens\n--- | ---\nAston | 07:30\nBath | 06:00\nCrewe | 09:00\nDover | 08:00")
    (sentence,) = checked(
        "Three shops open at 08:00 or earlier: Aston (07:30), Bath (06:00) and Dover (08:00) [1].", shops
    ).sentences
    assert (sentence.verdict, sentence.citations) == ("weak", (1,))
    assert sentence.finding == "3 = 3 listed: calculated, not in the source"


def test_rows_of_a_table_in_two_passages_bear_out_a_count_together() -> None:
    first = passage("Shop | Opens\n--- | ---\nAston | 07:30\nBath | 06:00\nCrewe | 09:00\nDover | 08:00")
    rest = passage("Ely | 09:00\nFrome | 08:00\nGoole | 09:30", start=200, context="Shop | Opens")
    written = "Four shops open by 08:00: Aston (07:30), Bath (06:00), Dover (08:00) and Frome (08:00) [1][2]."
    result = checked(written, first, rest)
    assert [(s.verdict, s.citations) for s in result.sentences] == [("weak", (1, 2))]
    named = "Aston | 07:30\nBath | 06:00\nCrewe | 09:00\nDover | 08:00"
    assert [citation.quote for citation in result.citations] == [named, "Frome | 08:00\nGoole | 09:30"]


def test_a_second_opinion_weighs_as_much_as_the_first() -> None:
    written = "China, it is said, does make 90 % of the rare earths that there are [1]."
    alone = checked(written).sentences[0].support
    against, in_favour = (
        checked(written, checker=Checker(entailment=FixedEntailment(opinion))) for opinion in (0.02, 0.98)
    )
    assert against.sentences[0].support < alone < in_favour.sentences[0].support
    assert against.usage == Usage(7, 1)


def test_facts_stand_above_any_second_opinion() -> None:
    entailment = FixedEntailment(0.99)
    told = checked("Staff get 30 days of leave [2].", checker=Checker(entailment=entailment))
    assert [s.verdict for s in told.sentences] == ["unsupported"]
    assert entailment.asked == []


@pytest.mark.parametrize("opinion", [None, ModelTimeoutError("too slow")])
def test_without_an_opinion_the_first_one_stands(opinion: float | ModelTimeoutError | None) -> None:
    written = "China, it is said, does make 90 % of the rare earths that there are [1]."
    assert (
        checked(written, checker=Checker(entailment=FixedEntailment(opinion))).sentences == checked(written).sentences
    )


class BrokenEncoder(RememberingEncoder):
    def encode(self, texts: Sequence[str], /) -> Matrix:
        raise EncoderError("gone")


def test_an_encoder_that_fails_leaves_words_to_decide(encoder: RememberingEncoder) -> None:
    written = "China, it is said, does make 90 % of the rare earths that there are [1]."
    assert checked(written, checker=Checker(BrokenEncoder(encoder))).sentences == checked(written).sentences


def test_what_words_and_facts_decide_asks_no_encoder(encoder: RememberingEncoder) -> None:
    told = checked(
        "China makes 90 % of rare earths [1]. Staff get 30 days [2].", checker=Checker(BrokenEncoder(encoder))
    )
    assert [s.verdict for s in told.sentences] == ["supported", "unsupported"]


ANSWERS = st.lists(
    st.sampled_from(
        [
            "China makes 90 % of rare earths",
            "Staff get 25 days",
            "of leave",
            ".",
            " ",
            "[1]",
            "[2]",
            "[9]",
            "\n",
            "```",
            "【1†x】",
            "not",
            "30",
            "| a |",
            "# ",
            "?",
            "é",
            "Ann Smith",
            "[1, 2]",
        ]
    ),
    max_size=25,
).map("".join)


@given(ANSWERS | st.text(max_size=80), st.text(min_size=1, max_size=120))
def test_for_any_document_and_answer_spans_are_valid_and_numbers_run_from_one(written: str, text: str) -> None:
    told = checked(written, passage(text, start=7), CHINA, LEAVE)
    spans = [(span, c.number) for c in told.citations for span in c.answer_spans]
    assert [c.number for c in told.citations] == list(range(1, len(told.citations) + 1))
    assert list(dict.fromkeys(number for _, number in sorted(spans))) == [c.number for c in told.citations]
    assert len({(c.passage.id, c.locator.char_start, c.locator.char_end) for c in told.citations}) == len(
        told.citations
    )
    for citation in told.citations:
        at = citation.passage.locator.char_start
        assert (
            citation.passage.text[citation.locator.char_start - at : citation.locator.char_end - at] == citation.quote
        )
        assert all(told.text[a:b] == f"[{citation.number}]" for a, b in citation.answer_spans)
        assert 0 <= citation.support <= 1
    for sentence in told.sentences:
        assert told.text[sentence.start : sentence.end] == sentence.text
        assert set(sentence.citations) <= {c.number for c in told.citations}
        assert bool(sentence.citations) == (sentence.verdict != "uncited")


class CountingEncoder(RememberingEncoder):
    texts = 0

    def encode(self, texts: Sequence[str], /) -> Matrix:
        self.texts += len(texts)
        return super().encode(texts)


@pytest.mark.parametrize("sentences", [20, 40])
def test_what_an_encoder_is_given_grows_as_the_answer_does(sentences: int, encoder: RememberingEncoder) -> None:
    counting = CountingEncoder(encoder)
    written = " ".join(f"China does produce rare earths of sort {n} [1]." for n in range(sentences))
    checked(written, checker=Checker(counting))
    assert counting.texts <= 8 * sentences + 8


def test_the_place_that_says_otherwise_is_cited_and_the_sentence_contradicted() -> None:
    told = checked("Staff get 30 days of leave [2]. Staff get 30 euros for a bike [2].")
    assert [(s.verdict, s.contradicted) for s in told.sentences] == [("unsupported", True), ("unsupported", False)]
    assert "25 days" in told.citations[0].quote


SAUNA = passage("The sauna costs 9 crowns an evening. Towels are lent at the desk.", path="sauna.md")
KIOSK = passage("The kiosk sells bread until noon. A loaf costs 4 crowns.", path="kiosk.md")
OLD = passage("The sauna cost 6 crowns an evening until last year.", path="old.md")
SIGN = passage("Evenings in the sauna: 9 crowns.", path="sign.md")


@pytest.mark.parametrize("other", [KIOSK, OLD])
def test_a_second_citation_that_says_nothing_of_it_is_kept_and_marked(other: Passage) -> None:
    told = checked("The sauna costs 9 crowns an evening [1][2].", SAUNA, other)
    (sentence,) = told.sentences
    assert told.text == "The sauna costs 9 crowns an evening [1][2]."
    assert (sentence.verdict, sentence.citations, sentence.finding) == ("supported", (1, 2), "[2] does not say it")
    assert [citation.passage for citation in told.citations] == [SAUNA, other]
    assert told.citations[0].support > 0.65 > 0.4 > told.citations[1].support


@pytest.mark.parametrize(
    ("written", "passages"),
    [
        ("The sauna costs 9 crowns an evening [1][2].", (SAUNA, SIGN)),
        ("The sauna costs 9 crowns an evening, and a loaf costs 4 crowns [1][2].", (SAUNA, KIOSK)),
        ("The sauna costs 9 crowns an evening [1], and a loaf costs 4 crowns [2].", (SAUNA, KIOSK)),
    ],
)
def test_citations_that_bear_out_the_whole_or_a_part_are_not_marked(
    written: str, passages: tuple[Passage, ...]
) -> None:
    (sentence,) = checked(written, *passages).sentences
    assert (sentence.verdict, sentence.citations, sentence.finding) == ("supported", (1, 2), "")


def test_two_citations_of_a_wrong_figure_prove_nothing() -> None:
    (sentence,) = checked("The sauna costs 8 crowns an evening [1][2].", SAUNA, KIOSK).sentences
    assert (sentence.verdict, sentence.citations) == ("unsupported", (1, 2))
    assert "does not say it" not in sentence.finding


@pytest.mark.parametrize(
    "courtesy",
    [
        *(
            "Let me know if you need anything else!",
            "I hope this helps.",
            "Sure, happy to help!",
            "Good question!",
            "Sure!",
            "Please feel free to ask any questions.",
        ),
        *("If you have other questions, just ask.", "Lassen Sie mich wissen, ob das hilft."),
    ],
)
def test_what_is_said_to_the_asker_claims_nothing(courtesy: str) -> None:
    told = checked(f"The sauna costs 9 crowns an evening [1].\n\n{courtesy}", SAUNA)
    assert [claim.verdict for claim in told.claims] == ["supported"]


@pytest.mark.parametrize(
    "claim", ["If you need more towels, ask at the desk.", "Feel free to use the boats.", "Let me know 9 days before."]
)
def test_what_is_said_of_the_documents_is_a_claim_however_kind(claim: str) -> None:
    told = checked(f"The sauna costs 9 crowns an evening [1].\n\n{claim}", SAUNA)
    assert [claim.verdict for claim in told.claims] == ["supported", "uncited"]


def test_a_bare_answer_is_proven_by_the_sentence_that_explains_it() -> None:
    told = checked("Yes [2]. Staff get 25 days of leave [2].")
    assert [s.verdict for s in told.sentences] == ["supported", "supported"]
    told = checked("Yes [2]. Staff get 45 days of leave [2].")
    assert [s.verdict for s in told.sentences] == ["unsupported", "unsupported"]
