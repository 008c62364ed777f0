"""Metrics of an answer against the gold answers, and whether it counts as correct."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import product

from eval.metrics.spans import have_characters, is_at, shared_characters
from eval.optional import eval_extra
from eval.types import GoldCase, Location, Metric, Row
from indexes.text.tokenization import figures
from rag.citations.markers import without_markers
from rag.evidence.wording.negation import negates

METRICS = (
    Metric(
        "correct",
        "Whether the answer contains a gold answer, or 7 in 10 of its words (5 in 10 if it has more than 10)"
        " and all its figures. Without gold answers: whether it cites the evidence's words, its page or a"
        " page beside. For unanswerable questions: whether it declines.",
        kind="rate",
        guarded=True,
        margin=0.02,
    ),
    Metric(
        "answer_contains",
        "Whether the answer contains a gold answer word for word.",
        kind="rate",
        guarded=True,
        margin=0.02,
    ),
    Metric(
        "answer_token_recall", "Share of a gold answer's words that the answer contains.", guarded=True, margin=0.02
    ),
    Metric(
        "answer_f1",
        "F1 of the answer's words against a gold answer's (SQuAD script).",
        guarded=True,
        margin=0.03,
    ),
    Metric("answer_em", "Whether the answer equals a gold answer (SQuAD script).", kind="rate"),
)
"""Of several gold answers the best match counts. Markers are removed from an answer first.

``answer_contains`` and ``answer_token_recall`` equal those of the benchmarks' ``score.py``, but declining scores
0. F1 and exact match split words otherwise: SQuAD's script deletes punctuation, ``score.py`` splits at it."""

_LONG = 10
"""Words of a gold answer above which it is an explanation, which everyone words differently."""
_ENOUGH, _ENOUGH_OF_LONG = 0.7, 0.5
"""Share of a gold answer's words that makes an answer correct."""
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def answer_scores(case: GoldCase, row: Row) -> dict[str, float]:
    """Return the metrics of an answerable case with gold answers. A declined or failed answer scores 0."""
    if not row.answers:
        return dict.fromkeys(("answer_contains", "answer_token_recall", "answer_f1", "answer_em"), 0.0)
    with eval_extra():
        from torchmetrics.functional.text import squad
    answer = without_markers(row.answer)
    result = squad({"prediction_text": answer, "id": row.id}, {"answers": {"text": [*case.answers]}, "id": row.id})
    return {
        "answer_contains": float(any(_contains(answer, gold) for gold in case.answers)),
        "answer_token_recall": max(_token_recall(answer, gold) for gold in case.answers),
        "answer_f1": float(result["f1"]) / 100,
        "answer_em": float(result["exact_match"]) / 100,
    }


def is_correct(case: GoldCase, row: Row, gold: Sequence[Location]) -> bool | None:
    """Whether the answer is correct; None without gold answers and evidence, where nothing decides that."""
    if not case.answerable:
        return row.declined
    if not row.answers:
        return False
    if case.answers:
        answer = without_markers(row.answer)
        return any(_agrees(answer, gold_answer) for gold_answer in case.answers)
    if not gold:
        return None
    for cited, place in product((cited.place for cited in row.citations), gold):
        exact = have_characters([cited, place])
        if shared_characters([cited], [place]) > 0 if exact else is_at(cited, place, tolerance=1):
            return True
    return False


def _agrees(answer: str, gold: str) -> bool:
    answer_words, gold_words = _words(answer), _words(gold)
    if gold_words in (["yes"], ["no"]):
        return answer_words[:1] == gold_words
    if negates(set(gold_words)) and not negates(set(answer_words)):
        return False
    enough = _ENOUGH if len(gold_words) <= _LONG else _ENOUGH_OF_LONG
    return figures(gold) <= figures(answer) and (_contains(answer, gold) or _token_recall(answer, gold) >= enough)


def _contains(answer: str, gold: str) -> bool:
    phrase = " ".join(_words(gold))
    return bool(phrase) and f" {phrase} " in f" {' '.join(_words(answer))} "


def _token_recall(answer: str, gold: str) -> float:
    answer_words, gold_words = Counter(_words(answer)), Counter(_words(gold))
    return (answer_words & gold_words).total() / gold_words.total() if gold_words else float(not answer_words)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", _ARTICLE.sub(" ", text.lower()))
