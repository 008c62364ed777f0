"""Fuses rankings and drops repeated hits: pure functions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from indexes.types import Hit

_LAYOUT = re.compile(r"^\s*[-•]\s|[\s*_#|`]+", re.MULTILINE)
"""Blanks, bullets and Markdown's marks, in which the same text differs between formats."""


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Hit]], *, k: int = 60) -> list[Hit]:
    """Fuse rankings into one: each hit scores the sum of ``1 / (k + rank)`` and keeps its first signals.

    By Cormack, Clarke and Büttcher, SIGIR 2009, with their k = 60. Ties keep the order of the first ranking.
    """
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + 1 / (k + rank)
            hits.setdefault(hit.passage.id, hit)
    return [replace(hits[i], score=score) for i, score in sorted(scores.items(), key=lambda item: -item[1])]


def without_repetitions(hits: Iterable[Hit]) -> list[Hit]:
    """Keep the best of the hits whose texts are the same but for layout and capitals.

    So a page in Word and in HTML is one hit. A version that differs in a figure or a name stays a hit of its own.
    """
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(_LAYOUT.sub("", hit.passage.text).casefold(), hit)
    return list(best.values())
