"""Pure functions over ranked hits."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from indexes.types import Hit

_LAYOUT = re.compile(r"^\s*[-•]\s|[\s*_#|`]+", re.MULTILINE)
"""Blanks, bullets and Markdown's marks: what differs between a text and the same one in another format."""


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Hit]], *, k: int = 60) -> list[Hit]:
    """One ranking out of several: each hit scores the sum of ``1 / (k + rank)``; its signals are the first's.

    Cormack, Clarke and Büttcher, SIGIR 2009, whose k = 60 it is. Ties keep the order of the first ranking.
    """
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + 1 / (k + rank)
            hits.setdefault(hit.passage.id, hit)
    return [replace(hits[i], score=score) for i, score in sorted(scores.items(), key=lambda item: -item[1])]


def without_repetitions(hits: Iterable[Hit]) -> list[Hit]:
    """Of those whose texts are the same, layout and capitals aside, the best.

    So a page as Word and as HTML is one hit; a version in which one figure or name is another stays one of its own.
    """
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(_LAYOUT.sub("", hit.passage.text).casefold(), hit)
    return list(best.values())
