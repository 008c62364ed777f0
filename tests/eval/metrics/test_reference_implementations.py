"""The measures against ir-measures, sets, SQuAD's script and the benchmarks' scorer, and what always holds."""

import importlib.util
import re
import string
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, SetP, SetR

from eval.metrics.scoring import score_case
from eval.metrics.spans import characters, precision, recall, shared_characters
from eval.types import Location, Row
from fakes.asked import case, row
from fakes.engines import ROOT

SCORE = ROOT.parent / "shared" / "bench" / "score.py"
CHECKED: Any = (("supported", (1,)), ("weak", (2,)), ("unsupported", (2, 3)), ("uncited", ()))
PLACES = st.builds(
    lambda path, page, start, size: Location(path, page, start, start + size),
    st.sampled_from("abc"),
    st.integers(1, 4),
    st.integers(0, 60),
    st.integers(1, 30),
)
SOME = st.lists(PLACES, min_size=1, max_size=6)
ANY = st.lists(PLACES, max_size=8)


def row_of(
    gold: Sequence[Location], found: Sequence[Location] = (), cited: Sequence[Location] = (), **facts: Any
) -> Row:
    told = [[f"{p.path} p{p.page} {p.start}-{p.end}" for p in places] for places in (gold, found, cited)]
    return row(gold=told[0], found=told[1], cited=told[2], **facts)


def by_ir_measures(measure: Any, gold: Sequence[str], ranked: Sequence[str]) -> float:
    qrels = [ir_measures.Qrel("q", name, 1) for name in gold]
    run = [ir_measures.ScoredDoc("q", name, -rank) for rank, name in enumerate(ranked)]
    (told,) = ir_measures.iter_calc([measure], qrels, run)
    return float(told.value)


@given(gold=SOME, places=ANY)
def test_recall_and_precision_of_pages_are_those_of_sets(gold: list[Location], places: list[Location]) -> None:
    wanted, given_ = ([*dict.fromkeys(Location(p.path, p.page) for p in some)] for some in (gold, places))
    assert recall(wanted, given_) == pytest.approx(by_ir_measures(SetR, [*map(str, wanted)], [*map(str, given_)]))
    if given_:
        assert precision(wanted, given_) == pytest.approx(
            by_ir_measures(SetP, [*map(str, wanted)], [*map(str, given_)])
        )


@given(gold=SOME, places=ANY)
def test_the_rank_of_the_first_passage_that_touches_evidence_is_that_of_ir_measures(
    gold: list[Location], places: list[Location]
) -> None:
    touching = [str(n) for n, place in enumerate(places) if as_set([place]) & as_set(gold)]
    told = score_case(case("a"), row_of(gold, places))["context_mrr"]
    expected = by_ir_measures(RR, touching, [*map(str, range(len(places)))]) if touching else 0.0
    assert told == pytest.approx(expected, abs=1e-6)


@given(gold=SOME, places=ANY)
def test_spans_are_counted_as_sets_of_characters_are(gold: list[Location], places: list[Location]) -> None:
    wanted, found = as_set(gold), as_set(places)
    assert (characters(gold), shared_characters(gold, places)) == (len(wanted), len(wanted & found))
    told = score_case(case("a"), row_of(gold, places, places))
    assert told["context_span_iou"] == pytest.approx(len(wanted & found) / len(wanted | found), abs=1e-6)
    assert told["context_span_recall"] == told["citation_span_recall"]
    touched = [span for span in set(gold) if as_set([span]) & as_set(places[:3])]
    assert told["context_section_recall@3"] == pytest.approx(len(touched) / len(set(gold)), abs=1e-6)


def as_set(places: Sequence[Location]) -> set[tuple[str, int]]:
    return {(p.path, n) for p in places if p.start is not None and p.end is not None for n in range(p.start, p.end)}


@given(gold=SOME, places=ANY, more=PLACES)
def test_to_find_or_cite_more_never_lowers_a_recall(
    gold: list[Location], places: list[Location], more: Location
) -> None:
    fewer, greater = (score_case(case("a"), row_of(gold, some, some)) for some in (places, [*places, more]))
    assert all(greater[name] >= fewer[name] for name in fewer if "recall" in name or "mrr" in name or "_all" in name)


@given(gold=SOME, places=ANY)
def test_the_evidence_in_place_of_the_first_passage_never_lowers_a_measure_of_rank(
    gold: list[Location], places: list[Location]
) -> None:
    before, after = (score_case(case("a"), row_of(gold, some)) for some in (places, [gold[0], *places]))
    assert after["context_file_success@1"] == after["context_file_mrr"] == after["context_mrr"] == 1
    assert after["context_file_ndcg@10"] >= before["context_file_ndcg@10"]


@given(gold=SOME, places=ANY)
def test_every_value_lies_within_0_and_1(gold: list[Location], places: list[Location]) -> None:
    told = score_case(
        case("a", answers=["a b"]), row_of(gold, places, places, answer="b", confidence=0.3, checked=CHECKED)
    )
    assert all(0 <= value <= 1 for value in told.values())


def squad_tokens(text: str) -> list[str]:
    """As SQuAD's script has it: lower case, no punctuation, no articles, single spaces."""
    bare = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def squad_f1(said: str, gold: str) -> float:
    a, b = squad_tokens(said), squad_tokens(gold)
    shared = sum((Counter(a) & Counter(b)).values())
    if not a or not b:
        return float(a == b)
    return 2 * shared / (len(a) + len(b))


WORDS = st.lists(st.sampled_from("the a An leave Leave, 27 27.5 days' days - it's is É ß £5 x-y".split()), max_size=8)
TEXTS = st.one_of(WORDS.map(" ".join), st.text(st.characters(exclude_characters="[]【】"), max_size=20))


@given(said=TEXTS, gold=st.lists(TEXTS, min_size=1, max_size=3))
def test_f1_and_exact_match_are_those_of_squads_script(said: str, gold: list[str]) -> None:
    told = score_case(case(answers=gold), row(answer=said))
    assert told["answer_f1"] == pytest.approx(max(squad_f1(said, one) for one in gold), abs=2e-6)
    assert told["answer_em"] == any(squad_tokens(said) == squad_tokens(one) for one in gold)


@given(said=TEXTS, gold=TEXTS)
def test_an_answer_that_holds_the_gold_answer_holds_all_of_its_words(said: str, gold: str) -> None:
    told = score_case(case(answers=[gold]), row(answer=said))
    assert told["answer_token_recall"] == 1 or not told["answer_contains"]


NAMES = {
    "answer_contains_gold": "answer_contains",
    "answer_token_recall": "answer_token_recall",
    "citation_file_recall": "citation_file_recall",
    "citation_file_precision": "citation_file_precision",
    "citation_page_recall": "citation_page_recall",
    "citation_page_precision": "citation_page_precision",
    "citation_page_tol1_recall": "citation_page1_recall",
    "citation_page_tol1_precision": "citation_page1_precision",
    "context_file_recall": "context_file_recall",
    "context_file_all": "context_file_all",
    "context_page_recall": "context_page_recall",
    "context_page_tol1_recall": "context_page1_recall",
    "has_citation": "has_citation",
    "abstain_on_answerable": "declined_answerable",
    "abstain_on_unanswerable": "declined_unanswerable",
    "citations_on_unanswerable": "cited_unanswerable",
}
"""Their names and ours."""


@pytest.fixture(scope="module")
def score_question() -> Callable[..., None]:
    if not SCORE.is_file():
        pytest.skip(f"{SCORE} is absent: the benchmarks are not part of the repository")
    spec = importlib.util.spec_from_file_location("score", SCORE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    told: Callable[..., None] = module.score_question
    return told


def as_theirs(places: Sequence[Location]) -> list[dict[str, object]]:
    return [{"file": place.path, "page": place.page} for place in places]


@given(
    gold=st.lists(PLACES, max_size=3, unique_by=lambda place: place.path),
    found=ANY,
    cited=ANY,
    said=WORDS.map(" ".join),
    answers=st.lists(WORDS.map(lambda words: " ".join(["leave", *words])), max_size=2),
    status=st.sampled_from(["answered", "partly", "unverified", "declined"]),
    answerable=st.booleans(),
)
def test_what_the_benchmarks_scorer_measures_too_has_its_value(
    score_question: Callable[..., None],
    gold: list[Location],
    found: list[Location],
    cited: list[Location],
    said: str,
    answers: list[str],
    status: str,
    *,
    answerable: bool,
) -> None:
    theirs: dict[str, list[float]] = defaultdict(list)
    question = {"answerable": answerable, "answer": answers, "gold": as_theirs(gold)}
    prediction = {
        "answer": "" if status == "declined" else said,
        "citations": as_theirs(cited),
        "contexts": as_theirs(found),
        "abstained": status == "declined",
    }
    score_question(theirs, question, prediction, 1)
    of = case(*(f"{p.path} p{p.page}" for p in gold), answers=answers, answerable=answerable)
    ours = score_case(of, row_of(gold, found, cited, status=status, answer=said))
    expected = {NAMES[name]: float(values[0]) for name, values in theirs.items() if name in NAMES}
    assert {name: ours[name] for name in expected} == pytest.approx(expected, abs=1e-6)
