"""Every measure on a case worked out by hand, and what applies to which question."""

import string
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from eval.metrics import judgements
from eval.metrics.scoring import METRICS, METRICS_BY_NAME, score_case, score_cases
from eval.optional import ExtraMissingError, eval_extra
from eval.types import GoldCase, Row
from fakes.asked import case, row

JUDGED = {measure.name for measure in judgements.METRICS}
"""A judge tells them, not a row."""
GOLD = ("a p3 100-200", "b p1 0-100", "d p7 0-100")
FOUND = ("c p1 0-100", "a p4 150-350", "b p1 50-150", "b p1 150-250")
CITED = ("a p4 180-220", "c p1 0-60", "b p1 0-100")
CHECKED: Any = (("supported", (1,)), ("weak", (2,)), ("unsupported", (2, 3)), ("uncited", ()))
LEAVE = ("The annual leave is 27 days.", "27 days")
SAID = "You get 27 days, of leave [1]."
ANSWERABLE = case(*GOLD, answers=LEAVE)
UNANSWERABLE = case(answerable=False)
ANSWERED = row(gold=GOLD, found=FOUND, cited=CITED, checked=CHECKED, answer=SAID, confidence=0.7)
UNVERIFIED = replace(ANSWERED, status="unverified")
DECLINED = row(gold=GOLD, found=FOUND, status="declined", confidence=0.2)
FAILED = row(gold=GOLD, status="failed", error="It is busy.")

BY_HAND: tuple[tuple[str, GoldCase, Row, float], ...] = (
    ("context_file_recall", ANSWERABLE, ANSWERED, 2 / 3),
    ("context_file_all", ANSWERABLE, ANSWERED, 0),
    ("context_file_all", case("a", "b"), row(found=("b", "c", "a")), 1),
    ("context_file_recall@5", ANSWERABLE, ANSWERED, 2 / 3),
    ("context_file_recall@5", case("a", "f"), row(found="a b a b c d e f".split()), 1 / 2),
    ("context_file_all@5", case("a", "e"), row(found="a b a b c d e f".split()), 1),
    ("context_file_all@5", case("a", "f"), row(found="a b a b c d e f".split()), 0),
    ("context_file_success@1", ANSWERABLE, ANSWERED, 0),
    ("context_file_success@1", case("a"), row(found="ab"), 1),
    ("context_file_success@5", ANSWERABLE, ANSWERED, 1),
    ("context_file_success@5", case("f"), row(found="abcdef"), 0),
    ("context_file_mrr", ANSWERABLE, ANSWERED, 1 / 2),
    ("context_file_ndcg@10", ANSWERABLE, ANSWERED, (0.630930 + 0.5) / (1 + 0.630930 + 0.5)),
    ("context_page_recall", ANSWERABLE, ANSWERED, 1 / 3),
    ("context_page1_recall", ANSWERABLE, ANSWERED, 2 / 3),
    ("context_span_recall", ANSWERABLE, ANSWERED, 100 / 300),
    ("context_span_precision", ANSWERABLE, ANSWERED, 100 / 500),
    ("context_span_iou", ANSWERABLE, ANSWERED, 100 / 700),
    ("context_section_recall", ANSWERABLE, ANSWERED, 2 / 3),
    ("context_section_recall", case("a p1 0-9"), row(gold=["a p1 0-9"], found=["b p1 0-9"] * 3 + ["a p1 5-30"]), 1),
    ("context_section_recall@3", case("a p1 0-9"), row(gold=["a p1 0-9"], found=["b p1 0-9"] * 3 + ["a p1 5-30"]), 0),
    ("context_section_recall@3", ANSWERABLE, ANSWERED, 2 / 3),
    ("context_mrr", ANSWERABLE, ANSWERED, 1 / 2),
    ("answer_contains", ANSWERABLE, ANSWERED, 1),
    ("answer_contains", ANSWERABLE, row(answer="Of 27 such days few are left."), 0),
    ("answer_contains", ANSWERABLE, row(answer="127 days."), 0),
    ("answer_token_recall", case(answers=["the leave is 27 days"]), ANSWERED, 3 / 4),
    ("answer_f1", ANSWERABLE, ANSWERED, 2 * 3 / (6 + 5)),
    ("answer_em", ANSWERABLE, ANSWERED, 0),
    ("answer_em", ANSWERABLE, row(answer="The 27 days! [1][2]"), 1),
    ("correct", ANSWERABLE, ANSWERED, 1),
    ("brier", ANSWERABLE, ANSWERED, 0.09),
    ("brier", UNANSWERABLE, ANSWERED, 0.49),
    ("citation_file_recall", ANSWERABLE, ANSWERED, 2 / 3),
    ("citation_file_precision", ANSWERABLE, ANSWERED, 2 / 3),
    ("citation_page_recall", ANSWERABLE, ANSWERED, 1 / 3),
    ("citation_page_precision", ANSWERABLE, ANSWERED, 1 / 3),
    ("citation_page1_recall", ANSWERABLE, ANSWERED, 2 / 3),
    ("citation_page1_precision", ANSWERABLE, ANSWERED, 2 / 3),
    ("citation_span_recall", ANSWERABLE, ANSWERED, 120 / 300),
    ("citation_span_precision", ANSWERABLE, ANSWERED, 120 / 200),
    ("has_citation", ANSWERABLE, ANSWERED, 1),
    ("has_citation", ANSWERABLE, DECLINED, 0),
    ("cited_unanswerable", UNANSWERABLE, ANSWERED, 1),
    ("cited_unanswerable", UNANSWERABLE, DECLINED, 0),
    ("sentences_supported", ANSWERABLE, ANSWERED, 1 / 4),
    ("sentences_unsupported", ANSWERABLE, ANSWERED, 2 / 4),
    ("citations_needed", ANSWERABLE, ANSWERED, 1 / 3),
    ("declined_answerable", ANSWERABLE, ANSWERED, 0),
    ("declined_answerable", ANSWERABLE, DECLINED, 1),
    ("declined_answerable", ANSWERABLE, FAILED, 0),
    ("partly_answerable", ANSWERABLE, ANSWERED, 0),
    ("partly_answerable", ANSWERABLE, replace(ANSWERED, status="partly"), 1),
    ("correct", ANSWERABLE, replace(ANSWERED, status="partly"), 1),
    ("correct", UNANSWERABLE, replace(ANSWERED, status="partly"), 0),
    ("declined_unanswerable", UNANSWERABLE, replace(ANSWERED, status="partly"), 0),
    ("unverified_answerable", ANSWERABLE, ANSWERED, 0),
    ("unverified_answerable", ANSWERABLE, UNVERIFIED, 1),
    ("correct", ANSWERABLE, UNVERIFIED, 1),
    ("correct", ANSWERABLE, replace(UNVERIFIED, answer="It is 99 days [1]."), 0),
    ("correct", UNANSWERABLE, UNVERIFIED, 0),
    ("declined_answerable", ANSWERABLE, UNVERIFIED, 0),
    ("declined_unanswerable", UNANSWERABLE, UNVERIFIED, 0),
    ("brier", ANSWERABLE, UNVERIFIED, 0.09),
    ("declined_unanswerable", UNANSWERABLE, ANSWERED, 0),
    ("declined_unanswerable", UNANSWERABLE, DECLINED, 1),
    ("declined_unanswerable", UNANSWERABLE, FAILED, 0),
    ("failed", ANSWERABLE, ANSWERED, 0),
    ("failed", UNANSWERABLE, FAILED, 1),
)

# Every measure


@pytest.mark.parametrize(
    ("name", "of", "came", "value"), BY_HAND, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_measure_is_what_it_comes_to_by_hand(name: str, of: GoldCase, came: Row, value: float) -> None:
    assert score_case(of, came)[name] == pytest.approx(value, abs=1e-6)


def test_every_measure_is_worked_out_by_hand_and_told_once() -> None:
    assert {name for name, *_ in BY_HAND} == set(METRICS_BY_NAME) - JUDGED
    assert len(METRICS) == len(METRICS_BY_NAME)


def test_every_measure_says_what_it_is_and_a_guarded_one_how_much_may_be_lost() -> None:
    assert all(measure.about.endswith(".") for measure in METRICS)
    guarded = {measure.name: measure.margin for measure in METRICS if measure.guarded}
    assert (guarded.pop("failed"), guarded.pop("answer_f1")) == (0, 0.03)
    assert set(guarded.values()) == {0.02}


def test_a_rate_is_0_or_1() -> None:
    for _, of, came, _ in BY_HAND:
        assert {value for name, value in score_case(of, came).items() if METRICS_BY_NAME[name].kind == "rate"} <= {
            0.0,
            1.0,
        }


# What applies


def families(of: GoldCase, came: Row) -> set[str]:
    return {name.partition("_")[0] for name in score_case(of, came)}


def test_of_an_answered_question_everything_is_told_but_what_belongs_to_unanswerable_ones() -> None:
    untold = set(METRICS_BY_NAME) - JUDGED - set(score_case(ANSWERABLE, ANSWERED))
    assert untold == {"declined_unanswerable", "cited_unanswerable"}


def test_of_an_unanswerable_question_neither_evidence_nor_answer_is_judged() -> None:
    assert families(UNANSWERABLE, DECLINED) == {"failed", "declined", "cited", "correct"}
    assert "sentences_supported" in score_case(UNANSWERABLE, ANSWERED)


def test_of_a_search_only_what_was_found_is_judged() -> None:
    assert families(ANSWERABLE, row(gold=GOLD, found=FOUND, status="retrieved")) == {"context", "failed"}
    assert families(UNANSWERABLE, row(status="retrieved")) == {"failed"}


def test_a_question_without_evidence_is_judged_by_its_answer_alone() -> None:
    assert families(case(answers=LEAVE), row(answer=SAID)) == {
        "answer",
        "correct",
        "declined",
        "failed",
        "has",
        "partly",
        "unverified",
    }


def test_a_question_without_gold_answers_is_judged_by_its_evidence_alone() -> None:
    assert "answer" not in families(case("a"), row(found="a", cited="a"))


def test_pages_are_judged_only_where_the_gold_has_one_and_characters_only_where_it_is_located() -> None:
    names = set(score_case(case("a"), row(gold=["a"], found=["a p1 0-9"], cited=["a p1 0-9"])))
    assert not [name for name in names if "page" in name or "span" in name or name == "context_mrr"]
    half = set(score_case(case("a", "b"), row(gold=["a p1 0-5", "b"], found=["a p1 0-9"])))
    assert "context_page_recall" in half
    assert "context_span_recall" not in half


def test_evidence_without_a_page_beside_one_with_is_judged_by_its_file() -> None:
    assert score_case(case("a p2", "b"), row(found=["a p1", "b p9"]))["context_page_recall"] == 0.5


def test_a_place_without_a_page_is_on_no_page_of_the_evidence() -> None:
    told = score_case(case("a p1"), row(found=["a"], cited=["a"]))
    assert (told["context_page1_recall"], told["citation_page1_precision"]) == (0, 0)
    assert told["citation_file_recall"] == 1


def test_a_row_that_does_not_say_where_its_evidence_stands_is_judged_by_the_cases_pages() -> None:
    assert score_case(case("a p2"), row(found=["a p2"]))["context_page_recall"] == 1


def test_what_finds_and_cites_nothing_scores_0_and_has_no_precision_of_citations() -> None:
    told = score_case(ANSWERABLE, row(gold=GOLD, answer="27 days."))
    assert {value for name, value in told.items() if name.startswith(("context", "citation"))} == {0.0}
    assert not [name for name in told if name.startswith("citation") and "precision" in name]


@pytest.mark.parametrize("came", [DECLINED, FAILED], ids=["declined", "failed"])
def test_an_answer_that_is_none_is_wrong_and_no_confidence_in_it_is_judged(came: Row) -> None:
    told = score_case(ANSWERABLE, came)
    assert {value for name, value in told.items() if name.startswith(("answer", "correct", "citation"))} == {0.0}
    assert "brier" not in told


def test_without_a_confidence_there_is_nothing_to_hold_against_the_outcome() -> None:
    assert "brier" not in score_case(ANSWERABLE, row(answer=SAID))


def test_a_file_that_is_evidence_twice_counts_once() -> None:
    told = score_case(case("a p1", "a p2", "b p1"), row(found=["a p1"], cited=["a p1", "a p1"]))
    assert (told["context_file_recall"], told["citation_file_recall"]) == (0.5, 0.5)
    assert told["citation_page_recall"] == pytest.approx(1 / 3, abs=1e-6)
    assert told["citation_file_precision"] == 1


def test_characters_that_are_found_twice_count_once() -> None:
    told = score_case(
        case("a"), row(gold=["a 0-100"], found=["a 0-80", "a 60-120", "a 60-120"], cited=["a 0-10", "a 0-10"])
    )
    assert (told["context_span_recall"], told["citation_span_recall"]) == (1, 0.1)
    assert told["context_span_precision"] == pytest.approx(100 / 120, abs=1e-6)


# Correct


@pytest.mark.parametrize(
    ("gold", "said", "right"),
    [
        ("27 days", "It is 27 days.", True),
        ("27 days", "It is 27.5 days.", False),
        ("27", "It is 27.5 days.", False),
        ("5 weeks", "It is 12 weeks.", False),
        ("$1,496.50", "It costs 1496.5 dollars.", False),
        ("the shed behind the canteen", "Behind the canteen there is a shed.", True),
        ("Marie Curie", "Marie was it.", False),
        (f"{' '.join(string.ascii_lowercase[1:21])}", f"{' '.join(string.ascii_lowercase[1:11])}", True),
        (f"{' '.join(string.ascii_lowercase[1:21])}", f"{' '.join(string.ascii_lowercase[1:10])}", False),
        (f"{' '.join(string.ascii_lowercase[1:11])}", f"{' '.join(string.ascii_lowercase[1:8])}", True),
        (f"{' '.join(string.ascii_lowercase[1:11])}", f"{' '.join(string.ascii_lowercase[1:7])}", False),
        (f"{' '.join(string.ascii_lowercase[1:20])} 7", f"{' '.join(string.ascii_lowercase[1:20])} 8", False),
    ],
)
def test_an_answer_is_correct_that_agrees_in_words_and_figures(gold: str, said: str, *, right: bool) -> None:
    assert score_case(case(answers=[gold]), row(answer=f"{said} [1]"))["correct"] == right


def test_a_markers_number_is_no_figure_of_the_answer() -> None:
    assert score_case(case(answers=["7 days"]), row(answer="Some days [7]."))["correct"] == 0


def test_any_of_several_gold_answers_makes_an_answer_correct() -> None:
    assert score_case(case(answers=["no", "27 days"]), row(answer="27 days"))["correct"] == 1


@pytest.mark.parametrize(
    ("cited", "right"), [(["a p4"], 1), (["a p5"], 0), (["b p3"], 0), (["b p3", "a p2"], 1), ([], 0)]
)
def test_without_gold_answers_one_is_correct_that_cites_the_evidence_or_a_page_beside(
    cited: Sequence[str], right: float
) -> None:
    assert score_case(case("a p3"), row(cited=cited))["correct"] == right


def test_without_gold_answers_a_quote_beside_the_evidences_words_is_not_correct() -> None:
    said = [row(gold=["a p3 10-20"], cited=[place]) for place in ("a p3 19-30", "a p3 20-30")]
    assert [score_case(case("a p3"), one)["correct"] for one in said] == [1, 0]


@pytest.mark.parametrize(
    ("gold", "said", "right"),
    [
        ("No", "No, it is not.", 1),
        ("No", "Yes. There is no upper limit.", 0),
        ("yes", "Yes, it may.", 1),
        ("They may not smoke", "They may smoke here.", 0),
        ("They may not smoke", "Smoke they may not.", 1),
    ],
)
def test_an_answer_that_says_the_opposite_is_wrong(gold: str, said: str, right: float) -> None:
    assert score_case(case(answers=[gold]), row(answer=said))["correct"] == right


def test_to_decline_is_correct_only_where_the_documents_give_no_answer() -> None:
    came = (ANSWERED, DECLINED, FAILED)
    assert [score_case(ANSWERABLE, one)["correct"] for one in came] == [1, 0, 0]
    assert [score_case(UNANSWERABLE, one)["correct"] for one in came] == [0, 1, 0]


def test_without_answers_and_evidence_it_cannot_be_told_whether_an_answer_is_correct() -> None:
    assert "correct" not in score_case(case(), row(answer=SAID))


# All questions


def test_questions_are_told_in_the_order_of_the_gold_with_their_document_and_those_not_asked_left_out() -> None:
    cases = [case("b", "a", id="1", kind="multi"), case("a", id="2"), case(answerable=False, id="3")]
    came = {name: row(id=name, status="declined") for name in "31"}
    told = score_cases(cases, came)
    assert [(one.id, one.kind, one.cluster, one.status) for one in told] == [
        ("1", "multi", "b", "declined"),
        ("3", "", "3", "declined"),
    ]
    assert told[1].scores == score_case(cases[2], came["3"])


# The extra


def test_a_library_that_is_not_installed_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.text", None)
    with pytest.raises(ExtraMissingError) as caught:
        score_case(ANSWERABLE, ANSWERED)
    assert str(caught.value) == "Evaluation needs torchmetrics, which is not installed: pip install 'footnote[eval]'."


def test_an_error_inside_a_library_that_is_installed_is_not_said_to_be_a_missing_one() -> None:
    with pytest.raises(ImportError, match="cannot import name") as caught, eval_extra():
        from json import no_such_name  # noqa: F401
    assert not isinstance(caught.value, ExtraMissingError)
