"""Locates the quote of a citation: the smallest span of a passage that bears out a claim."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexes.text.sentences import is_table_row, sentence_spans
from indexes.text.tokenization import stems, words
from indexes.types import Passage
from rag.evidence.figures.agreement import missing_amounts
from rag.evidence.figures.quantities import Amounts, amounts, normalize_amounts
from rag.evidence.source_text import SourceText
from rag.evidence.tables.mentions import find_mentions
from rag.evidence.tables.relations import cells_of, read_tables
from rag.types import Span

_WINDOW = 2
"""Sentences that a quote may take."""
_MOST_CHARS = 600
"""Characters of the rows that are quoted together."""
_LENGTH_COST = 0.05
"""Agreement that 200 characters more must add to be quoted."""
_SMALL_WORDS = 0.1
"""Weight of all words, "in" and "out" too, beside the content words."""
_LONG = 160
"""Characters. Of a longer sentence, a clause may be enough."""
_CLAUSE = re.compile(r"[;:](?=\s)|\s[–—-](?=\s)|,(?=\s+(?:and|but|while|whereas|which|who|where|so)\b)")
_CONDITION = re.compile(r"\b(?:unless|except|if|only|not|no|never|without|until|provided|however|but)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SentenceRun:
    """A run of sentences that may be quoted: ``passage.text[start:end]``, and the words and figures in it."""

    start: int
    end: int
    stems: frozenset[str]
    amounts: Amounts
    words: frozenset[str]


def locate_quote(claim: str, passage: Passage) -> Span:
    """Return the span of the shortest sentences, or of the clause, in the passage that bear out the claim best."""
    return trim_quote(claim, passage.text, rank_quotes(claim, passage)[0])


def nearest_passage(claim: str, passages: Sequence[Passage]) -> Passage:
    """Return the passage of which a quote bears out the claim best; the first of equals."""
    target = _sentence_run(claim, (0, len(claim)))
    return max(passages, key=lambda passage: max(_worth(run, target) for run in sentence_runs(passage.text)))


def rank_quotes(claim: str, passage: Passage) -> list[SentenceRun]:
    """Return every run that may be quoted, best first: by agreement in words and figures, less the cost of length."""
    target = _sentence_run(claim, (0, len(claim)))
    return sorted([*sentence_runs(passage.text), *_rows_named(claim, passage)], key=lambda run: -_worth(run, target))


def _rows_named(claim: str, passage: Passage) -> list[SentenceRun]:
    """Return the run from the first to the last row that a claim names, if it names several."""
    tables = read_tables(passage.text, passage.context)
    keys = find_mentions(claim, tables).keys if tables else ()
    rows = {tables[t].rows[r] for key in keys for t, r in key.rows}
    spans = [span for span in sentence_spans(passage.text) if cells_of(passage.text[slice(*span)]) in rows]
    if len(keys) < _WINDOW or not spans or spans[-1][1] - spans[0][0] > _MOST_CHARS:
        return []
    return [_sentence_run(passage.text, (spans[0][0], spans[-1][1]))]


def _worth(run: SentenceRun, target: SentenceRun) -> float:
    agreement = len(target.stems & run.stems) / max(1, len(target.stems))
    agreement += _SMALL_WORDS * len(target.words & run.words) / max(1, len(target.words))
    if count := len(target.amounts.quantities) + len(target.amounts.days):
        agreement += 1 - len(missing_amounts(target.amounts, run.amounts)) / count
    return agreement - _LENGTH_COST * (run.end - run.start) / 200


@lru_cache(maxsize=256)
def sentence_runs(text: str) -> tuple[SentenceRun, ...]:
    """Return the runs of one and two sentences, in order. A text without sentences is one run."""
    spans = sentence_spans(text) or [(0, len(text))]
    runs = [
        (spans[i][0], spans[i + size - 1][1]) for size in range(1, _WINDOW + 1) for i in range(len(spans) - size + 1)
    ]
    return tuple(_sentence_run(text, span) for span in runs)


def quote_source(passage: Passage, span: Span) -> SourceText:
    """Return a span as a reader understands it: a table's row with its header, if the passage has that."""
    text, header = passage.text[slice(*span)], ""
    if is_table_row(text):
        for line in reversed(passage.text[: span[0]].splitlines()):
            if not is_table_row(line):
                break
            header = line
    return SourceText.of(passage, text, header)


def _sentence_run(text: str, span: Span) -> SentenceRun:
    run = text[slice(*span)]
    return SentenceRun(*span, frozenset(stems(normalize_amounts(run))), amounts(run), frozenset(words(run)))


def trim_quote(claim: str, text: str, run: SentenceRun) -> Span:
    """Cut a long sentence to the clause that has all of the claim in it, unless that leaves a condition out."""
    sentence = text[run.start : run.end]
    if len(sentence) <= _LONG or is_table_row(sentence):
        return run.start, run.end
    cuts = [0, *(comma.end() for comma in _CLAUSE.finditer(sentence)), len(sentence)]
    needed = frozenset(stems(normalize_amounts(claim))) & run.stems
    for start, end in itertools.pairwise(cuts):
        clause = sentence[start:end]
        whole = needed <= frozenset(stems(normalize_amounts(clause)))
        if whole and not _CONDITION.search(sentence[:start] + sentence[end:]):
            left, right = len(clause) - len(clause.lstrip()), len(clause.rstrip(" \n,;:–—-"))
            if right > left:
                return run.start + start + left, run.start + start + right
            break
    return run.start, run.end
