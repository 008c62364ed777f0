"""Where a source says it: the smallest span of a passage that bears out a claim."""

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

from indexes.text.sentences import is_table_row, sentence_spans
from indexes.text.tokenization import stems, words
from indexes.types import Passage
from rag.evidence.quantities import Amounts, amounts, missing_amounts, normalize_amounts
from rag.evidence.scoring import Source
from rag.types import Span

_WINDOW = 2
"""Sentences that a quote may take."""
_LENGTH_COST = 0.05
"""What 200 characters more must add in agreement to be quoted."""
_SMALL_WORDS = 0.1
"""What all words weigh, "in" and "out" too, beside those that carry the matter."""
_LONG = 160
"""Characters of a sentence of which a clause may be enough."""
_CLAUSE = re.compile(r"[;:](?=\s)|\s[–—-](?=\s)|,(?=\s+(?:and|but|while|whereas|which|who|where|so)\b)")
_CONDITION = re.compile(r"\b(?:unless|except|if|only|not|no|never|without|until|provided|however|but)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Window:
    """A run of sentences that may be quoted, and what stands in it."""

    start: int
    end: int
    stems: frozenset[str]
    amounts: Amounts
    words: frozenset[str]


def locate(claim: str, passage: Passage) -> Span:
    """The smallest run of whole sentences, or the clause, in the passage that bears out the claim best."""
    return trimmed(claim, passage.text, ranked(claim, passage)[0])


def ranked(claim: str, passage: Passage) -> list[Window]:
    """All that may be quoted, what agrees best with the claim in words and figures first."""
    wanted = _window(claim, (0, len(claim)))
    return sorted(windows(passage.text), key=lambda window: -_worth(wanted, window))


@lru_cache(maxsize=256)
def windows(text: str) -> tuple[Window, ...]:
    """Runs of one and two sentences, in order; the whole where it has none."""
    spans = sentence_spans(text) or [(0, len(text))]
    runs = [
        (spans[i][0], spans[i + size - 1][1]) for size in range(1, _WINDOW + 1) for i in range(len(spans) - size + 1)
    ]
    return tuple(_window(text, span) for span in runs)


def grounds(passage: Passage, span: Span) -> Source:
    """The span as a reader understands it: of a table's row, its header stands in the passage or its context."""
    text = passage.text[slice(*span)]
    return Source.of(passage, text, _header(passage.text, span) if is_table_row(text) else "")


def _window(text: str, span: Span) -> Window:
    said = text[slice(*span)]
    return Window(*span, frozenset(stems(normalize_amounts(said))), amounts(said), frozenset(words(said)))


def _worth(claim: Window, window: Window) -> float:
    """Agreement less what the length costs: a quote is the fewest sentences that prove the claim."""
    agreement = len(claim.stems & window.stems) / max(1, len(claim.stems))
    agreement += _SMALL_WORDS * len(claim.words & window.words) / max(1, len(claim.words))
    if count := len(claim.amounts.quantities) + len(claim.amounts.days):
        agreement += 1 - len(missing_amounts(claim.amounts, window.amounts)) / count
    return agreement - _LENGTH_COST * (window.end - window.start) / 200


def _header(text: str, span: Span) -> str:
    """The first row of the table that a row is in, where the passage has it."""
    header = ""
    for line in reversed(text[: span[0]].splitlines()):
        if not is_table_row(line):
            break
        header = line
    return header


def trimmed(claim: str, text: str, window: Window) -> Span:
    """A clause of a long sentence, where it has all of the claim that the sentence has, and leaves no condition out."""
    if window.end - window.start <= _LONG or is_table_row(said := text[window.start : window.end]):
        return window.start, window.end
    cuts = [0, *(found.end() for found in _CLAUSE.finditer(said)), len(said)]
    wanted = frozenset(stems(normalize_amounts(claim))) & window.stems
    enough = [
        (start, end)
        for start, end in itertools.pairwise(cuts)
        if wanted <= frozenset(stems(normalize_amounts(said[start:end])))
        and not _CONDITION.search(said[:start] + said[end:])
    ]
    start, end = enough[0] if enough else (0, len(said))
    clause = said[start:end]
    left, right = len(clause) - len(clause.lstrip()), len(clause.rstrip(" \n,;:–—-"))
    return (window.start + start + left, window.start + start + right) if right > left else (window.start, window.end)
