"""How well an answer agrees with the gold answers, and whether it counts as correct."""

import re
from collections import Counter
from collections.abc import Sequence

from eval.metrics.spans import have_characters, is_at, shared_characters
from eval.optional import eval_extra
from eval.types import GoldCase, Location, Metric, Row
from indexes.text.tokenization import figures
from rag.citations.markers import without_markers
from rag.evidence.scoring import negates

METRICS = (
    Metric(
        "correct",
        "Whether the answer holds a gold answer, or 7 in 10 of its words (5 of one longer than 10), figures and all;"
        " without gold answers, whether it cites the evidence's words, or its page or one beside; where the documents"
        " give no answer, whether it declines.",
        kind="rate",
        guarded=True,
        margin=0.02,
    ),
    Metric(
        "answer_contains",
        "Whether the answer holds a gold answer word for word.",
        kind="rate",
        guarded=True,
        margin=0.02,
    ),
    Metric("answer_token_recall", "Share of a gold answer's words that the answer holds.", guarded=True, margin=0.02),
    Metric(
        "answer_f1",
        "Words that the answer and a gold answer share, and how few others it has (F1 of the SQuAD script).",
        guarded=True,
        margin=0.03,
    ),
    Metric("answer_em", "Whether the answer is a gold answer and no more (SQuAD script).", kind="rate"),
)
"""Of several gold answers the one that agrees best counts. Markers are no part of an answer.

``answer_contains`` and ``answer_token_recall`` are those of ``score.py`` of the benchmarks, but that the words with
which one declines are no answer; F1 and exact match differ from its in how they divide words: SQuAD's script deletes
punctuation where it divides at it."""

_LONG = 10
"""Words of a gold answer above which it is an explanation, that each words and rounds off otherwise."""
_ENOUGH, _ENOUGH_OF_LONG = 0.7, 0.5
"""Share of a gold answer's words that makes an answer correct."""
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def answer_scores(case: GoldCase, row: Row) -> dict[str, float]:
    """Of an answerable case with gold answers. What declines or failed scores 0."""
    if row.status not in ("answered", "partly"):
        return dict.fromkeys(("answer_contains", "answer_token_recall", "answer_f1", "answer_em"), 0.0)
    with eval_extra():
        from torchmetrics.functional.text import squad
    answer = without_markers(row.answer)
    told = squad({"prediction_text": answer, "id": row.id}, {"answers": {"text": [*case.answers]}, "id": row.id})
    return {
        "answer_contains": float(any(_contains(answer, gold) for gold in case.answers)),
        "answer_token_recall": max(_token_recall(answer, gold) for gold in case.answers),
        "answer_f1": float(told["f1"]) / 100,
        "answer_em": float(told["exact_match"]) / 100,
    }


def is_correct(case: GoldCase, row: Row, gold: Sequence[Location]) -> bool | None:
    """None where that cannot be told: no gold answers and no evidence."""
    if not case.answerable:
        return row.declined
    if row.status not in ("answered", "partly"):
        return False
    if case.answers:
        answer = without_markers(row.answer)
        return any(_agrees(answer, one) for one in case.answers)
    return any(_stands(cited.place, place) for cited in row.citations for place in gold) if gold else None


def _stands(cited: Location, gold: Location) -> bool:
    if have_characters([cited, gold]):
        return shared_characters([cited], [gold]) > 0
    return is_at(cited, gold, tolerance=1)


def _agrees(answer: str, gold: str) -> bool:
    said, wanted = _words(answer), _words(gold)
    if wanted in (["yes"], ["no"]):
        return said[:1] == wanted
    if negates(set(wanted)) and not negates(set(said)):
        return False
    enough = _ENOUGH if len(_words(gold)) <= _LONG else _ENOUGH_OF_LONG
    return figures(gold) <= figures(answer) and (_contains(answer, gold) or _token_recall(answer, gold) >= enough)


def _contains(answer: str, gold: str) -> bool:
    wanted = " ".join(_words(gold))
    return bool(wanted) and f" {wanted} " in f" {' '.join(_words(answer))} "


def _token_recall(answer: str, gold: str) -> float:
    said, wanted = Counter(_words(answer)), Counter(_words(gold))
    return (said & wanted).total() / wanted.total() if wanted else float(said == wanted)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", _ARTICLE.sub(" ", text.lower()))
