"""Which candidates answer, and how many are needed."""

from dataclasses import replace

import pytest

from fakes.encoder import WordsEncoder
from fakes.passages import passage
from indexes.types import Matrix
from rag.extractive.candidates import MOST, Candidate, NumberedPassage, candidates
from rag.extractive.selection import CHOICE, CONFIDENCE, choose, confidence, question_features, ranked

WATT = "James Watt built engines in Birmingham. He patented the separate condenser in 1769."


def sources(*texts: str, context: str = "") -> list[NumberedPassage]:
    found = [passage(text, path=f"{n}.txt", context=context) for n, text in enumerate(texts, start=1)]
    return [NumberedPassage(number, one) for number, one in enumerate(found, start=1)]


def found(question: str, *texts: str, context: str = "") -> list[Candidate]:
    return ranked(candidates(question, "", sources(*texts, context=context), WordsEncoder()))


def said(question: str, *texts: str) -> list[str]:
    return [candidate.text for candidate in choose(found(question, *texts))]


class Counting(WordsEncoder):
    """Counts what it is given to embed."""

    embedded = 0

    def encode(self, texts: list[str], /) -> Matrix:  # type: ignore[override]  # only lists come
        self.embedded += len(texts)
        return super().encode(texts)


def test_the_sentence_before_comes_along_where_the_answer_begins_with_he() -> None:
    assert said("Who patented the separate condenser in 1769?", WATT) == [
        "James Watt built engines in Birmingham.",
        "He patented the separate condenser in 1769.",
    ]


def test_a_sentence_that_names_its_subject_comes_alone() -> None:
    text = "Engines were built in Birmingham. James Watt patented the separate condenser in 1769."
    assert said("Who patented the separate condenser in 1769?", text) == [
        "James Watt patented the separate condenser in 1769."
    ]


def test_a_comparison_takes_a_sentence_from_each_side() -> None:
    halifax, lisbon = "The canteen in Halifax opens at noon.", "The canteen in Lisbon opens at nine."
    assert said("When does the canteen open in Halifax and when in Lisbon?", halifax, "Boats float.", lisbon) == [
        halifax,
        lisbon,
    ]


def test_what_was_said_already_is_not_said_again() -> None:
    text = "Full-time staff get 25 days of leave a year."
    assert said("How many days of leave do staff get?", text, text) == [text]


def test_no_more_candidates_are_embedded_than_are_likely_by_their_words() -> None:
    encoder = Counting()
    text = " ".join(f"Boat {n} floats well." for n in range(60))
    assert len(candidates("Which boat floats?", "", sources(text), encoder)) == MOST
    assert encoder.embedded == MOST + 1  # and the question


def test_a_row_is_read_with_the_header_of_its_table() -> None:
    row = found("What is the rate of Halifax?", "Office | Rate\nHalifax | 128 EUR\nGdańsk | 94 EUR")[0]
    assert row.text == "Halifax | 128 EUR"
    assert set(row.covers) == {"rate", "halifax"}


def test_the_features_tell_where_the_words_of_the_question_stand() -> None:
    text = "The depot is in Halifax. It stores rope. The canteen opens at noon."
    first, second, third = sorted(found("Where is the depot for rope?", text), key=lambda c: c.start)
    assert first.features["said"] == pytest.approx(0.5) == second.features["said"]
    assert first.features["near"] == pytest.approx(1) == third.features["around"]
    assert third.features["said"] == 0


def test_a_figure_of_the_question_that_a_source_lacks_is_told() -> None:
    text = "The code of box 12 is 1012."
    assert found("What is the code of box 3?", text)[0].features["lacks"] == 1
    assert found("What is the code of box 12?", text)[0].features["lacks"] == 0


def test_words_with_which_one_asks_weigh_less_than_those_of_the_matter() -> None:
    covers = found("Which details mention boats?", "Boats float. Details follow, and mention much.")
    shares = {word: share for candidate in covers for word, share in candidate.covers.items()}
    assert shares["boat"] > 2 * shares["detail"]


def test_what_only_the_question_before_asks_weighs_less() -> None:
    given = sources("Rope and boats are sold in Halifax.")
    (only,) = candidates("And boats?", "Where is rope sold?", given, WordsEncoder())
    assert only.covers["boat"] > 2 * only.covers["rope"]


def test_the_less_of_the_question_a_source_has_the_less_sure_is_an_answer() -> None:
    text = "The Basic plan covers hospital stays."
    named, other = (confidence(found(f"What does the {plan} plan cover?", text)) for plan in ("Basic", "Platinum"))
    assert other < named


def test_nothing_found_is_no_confidence() -> None:
    assert confidence([]) == 0


def test_every_weight_is_of_a_feature() -> None:
    best = found("Where are boats?", "Boats float in Halifax.")
    assert CHOICE.keys() <= best[0].features.keys()
    assert CONFIDENCE.keys() == question_features(best).keys()


def test_the_lead_is_that_of_the_likest_over_the_mean() -> None:
    best = found("Where are boats?", "Boats float in Halifax.")
    meant = [replace(best[0], features={**best[0].features, "cosine": value}) for value in (0.5, 0.9, 0.4)]
    assert question_features(meant)["lead"] == pytest.approx(0.3)


def test_a_sentence_of_another_source_that_says_least_of_the_question_does_not_join() -> None:
    """Though it says a part that no other does."""
    best, aside = found(
        "Who founded the northern ferry line?", "Ann founded the ferry line.", "The northern depot floats."
    )
    near = replace(aside, features={**aside.features, "cosine": 0.5, "near": 0.25, "kind": 1, "rank": 0.5})
    assert choose([best, near]) == [best, near]
    far = replace(near, features={**near.features, "rank": 0.12, "kind": 0})
    assert choose([best, far]) == [best]
