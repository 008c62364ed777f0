"""The sentences and table rows of passages that may answer a question, and the features that speak for each."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from indexes.protocols import Encoder
from indexes.text.sentences import is_table_row, sentence_spans
from indexes.text.tokenization import content_words, figures, identifiers, stem, stems
from indexes.types import Passage
from rag.evidence.tables.relations import Table, cells_of, read_tables
from rag.extractive.answer_types import Kind, holds, kind_of
from rag.question.decomposition import ASKING
from rag.safety.invisible_text import strip_invisible
from rag.types import Span

MOST = 20
"""Candidates that are embedded, the likeliest by their words. Embedding takes most of an answer's time."""
_ASKING, _EARLIER = 0.25, 0.4
"""Weight of a word that only asks ("explain"), and of a word that only the question before a follow-up has."""
_NEAR = 3
"""Content words, at most, between two words of the question that stand together in a sentence."""
_NUMBERING = re.compile(r"^#*\s*(?:\d+[.)])*\d*\s+")
_BULLET = re.compile(r"[-*•]\s")
_RUNNING = re.compile(r"\bpage \d+(?: of \d+)?$", re.IGNORECASE)
"""A running head or foot."""
_HEADING_WORDS = 8
_NAMING = 2
"""Words of the question that a row has, beside those of its header, if they name it."""
_SHORTEST_STEM, _ENDING = 4, 3
"""Letters of a stem that another word begins with, and letters more that the word may have: child, children."""


@dataclass(frozen=True, slots=True)
class NumberedPassage:
    """A passage and its number among those found, from 1."""

    number: int
    passage: Passage

    @property
    def context(self) -> str:
        """The headings, and a table's header row."""
        return strip_invisible(self.passage.context)

    @property
    def words(self) -> set[str]:
        """The stems of its context and text."""
        return set(stems(strip_invisible(f"{self.passage.context} {self.passage.text}")))

    def sentences(self) -> "list[_Sentence]":
        """Return the sentences and table rows that may answer."""
        spans = sentence_spans(self.passage.text)
        texts = {span: strip_invisible(self.passage.text[slice(*span)]) for span in spans}
        # a table that began before this passage has its header row in the context
        header = self.context.partition("\n")[2] or next((text for text in texts.values() if is_table_row(text)), "")
        able = [span for span in spans if _may_answer(texts[span]) and texts[span] != header]
        before = {following: span for span, following in pairwise(spans) if span in able}
        return [
            _Sentence(self, *span, texts[span], header if is_table_row(texts[span]) else "", before.get(span))
            for span in able
        ]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence or row that may answer: ``passage.text[start:end]``, and the features that speak for it."""

    source: NumberedPassage
    start: int
    end: int
    features: Mapping[str, float]
    """Each from 0 to 1.

    ``cosine``: likeness in meaning. ``said``, ``near``, ``around``: the share of the question's words, weighted by
    rarity, in the sentence, with its neighbours, in its passage. ``together``: of the question's words that follow each
    other, those that stand together. ``kind``: whether it holds the kind of thing asked for. ``lacks``: the question's
    figures that the passage does not have. ``rank``: 1 for the first passage, ½ for the second.
    """
    covers: Mapping[str, float]
    """The question's words that it has, each with its share of the question."""
    before: Span | None = None
    """The span of the sentence before it, if that may answer too."""
    is_named: bool = False
    """Whether it is a row that the question names: by an identifier, or by words that leave none over."""
    lead_in: str = ""
    """A line of ours that stands before it and claims nothing of its matter."""

    @property
    def text(self) -> str:
        """The sentence on one line."""
        return " ".join(strip_invisible(self.source.passage.text[self.start : self.end]).split())

    @property
    def line(self) -> str:
        """The sentence as it is told: of a row, each cell with the head of its column."""
        if not is_table_row(self.text) or (table := self._table) is None:
            return self.text
        cells = [cell.replace("**", "") for cell in cells_of(self.text)]
        heads = [" ".join(dict.fromkeys(filter(None, (table.head(n, 1), table.head(n))))) for n in range(len(cells))]
        told = [f"{head.removesuffix(':')}: {cell}" if head else cell for head, cell in zip(heads, cells, strict=True)]
        return " | ".join(text for text, cell in zip(told, cells, strict=True) if cell)

    @property
    def _table(self) -> Table | None:
        """The table with heads that has it as a row."""
        cells = cells_of(self.text)
        tables = read_tables(strip_invisible(self.source.passage.text), self.source.context)
        return next((table for table in tables if any(table.heads) and cells in table.rows), None)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence, or a table row with its header, before it is compared with a question."""

    source: NumberedPassage
    start: int
    end: int
    text: str
    header: str
    before: Span | None

    @property
    def with_header(self) -> str:
        return f"{self.header} {self.text}"

    def is_named_in(self, question: str) -> bool:
        """Return whether it is a row that a question names."""
        if not is_table_row(self.text):
            return False
        if asked_for := identifiers(question):
            return not asked_for.isdisjoint(identifiers(self.text))
        asked = set(stems(question)) - ASKING
        own, heads = set(stems(self.text)), set(stems(self.header.replace("_", " ")))
        naming = {word for word in asked if any(_alike(word, other) for other in own)}
        telling = [word for word in naming if not word[0].isdigit()]
        return len(telling) >= _NAMING and all(any(_alike(word, other) for other in heads) for word in asked - naming)


class _QuestionWords:
    """A question, ready to be compared with sentences."""

    def __init__(self, question: str, earlier: str, sources: Sequence[NumberedPassage]) -> None:
        self.text = f"{question}\n{earlier}".strip()
        """With the question before a follow-up."""
        self.kind: Kind = kind_of(question)
        self.figures = figures(question)
        self.pairs = list(pairwise(stem(word) for word in content_words(question)))
        own = set(stems(question))
        passages_with = Counter(word for source in sources for word in source.words)
        rarity = {
            word: math.log(1 + (len(sources) + 1) / (passages_with[word] + 1))
            * (_ASKING if word in ASKING else 1)
            * (1 if word in own else _EARLIER)
            for word in stems(self.text)
        }
        total = sum(rarity.values())
        self.shares = {word: weight / total for word, weight in rarity.items()}
        """Each stem's share of the question, 1 in all. A rarer word weighs more."""

    def share(self, present: set[str]) -> float:
        """Return the share of the question that is in these stems."""
        return sum(share for word, share in self.shares.items() if word in present)

    def together(self, text: str) -> float:
        """Return the share of the pairs whose words stand close to each other in a text."""
        places: dict[str, list[int]] = {}
        for place, word in enumerate(content_words(text)):
            places.setdefault(stem(word), []).append(place)
        close = [
            any(abs(a - b) <= _NEAR for a in places.get(first, ()) for b in places.get(second, ()))
            for first, second in self.pairs
        ]
        return sum(close) / len(close) if close else 0.0

    def score(self, source: NumberedPassage, rank: int) -> list[tuple[_Sentence, dict[str, float]]]:
        """Return the sentences of a passage, each with the features that need no encoder."""
        sentences = source.sentences()
        context, around = set(stems(source.context)), self.share(source.words)
        present = figures(strip_invisible(f"{source.passage.path} {source.passage.context} {source.passage.text}"))
        lacks = len(self.figures - present) / len(self.figures) if self.figures else 0.0
        words = [set(stems(sentence.with_header)) for sentence in sentences]
        return [
            (
                sentence,
                {
                    "said": self.share(words[n]),
                    "near": self.share(context.union(*words[max(0, n - 1) : n + 2])),
                    "around": around,
                    "together": self.together(sentence.with_header),
                    "lacks": lacks,
                    "kind": holds(self.kind, sentence.text, self.text),
                    "rank": 1 / rank,
                },
            )
            for n, sentence in enumerate(sentences)
        ]


def candidates(question: str, earlier: str, sources: Sequence[NumberedPassage], encoder: Encoder) -> list[Candidate]:
    """Return the ``MOST`` likeliest sentences by their words, in the order of the sources.

    ``earlier`` is the question before a follow-up, or empty.
    """
    asked = _QuestionWords(question, earlier, sources)
    scored = [pair for rank, source in enumerate(sources, start=1) for pair in asked.score(source, rank)]
    worth = [f["said"] + 0.5 * f["near"] + 0.35 * f["rank"] + 0.1 * f["together"] - 0.3 * f["lacks"] for _, f in scored]
    likely = [scored[n] for n in sorted(sorted(range(len(scored)), key=lambda n: -worth[n])[:MOST])]
    if not likely:
        return []
    vectors = encoder.encode([f"{s.source.context.partition(chr(10))[0]}: {s.with_header}" for s, _ in likely])
    cosines = np.clip(vectors @ encoder.encode_query([asked.text])[0], 0, 1)
    result = []
    for (sentence, features), cosine in zip(likely, cosines, strict=True):
        present = set(stems(sentence.with_header))
        covers = {word: share for word, share in asked.shares.items() if word in present}
        features["cosine"] = float(cosine)
        is_named = sentence.is_named_in(question)
        place = (sentence.source, sentence.start, sentence.end)
        result.append(Candidate(*place, features, covers, sentence.before, is_named))
    return result


def _alike(word: str, other: str) -> bool:
    """Return whether two stems are of one word, or one is the other with an ending."""
    shorter, longer = sorted((word, other), key=len)
    is_close = len(shorter) >= _SHORTEST_STEM and len(longer) - len(shorter) <= _ENDING
    return word == other or (is_close and longer.startswith(shorter))


def _may_answer(text: str) -> bool:
    """Tell whether a text says something by itself: not a heading, question, table rule, page number or lead-in."""
    text = _NUMBERING.sub("", text.strip())
    if text.endswith((":", "?")) or _RUNNING.search(text) or not any(character.isalnum() for character in text):
        return False
    whole = text.endswith((".", "!", '"', "”", ")")) or is_table_row(text) or bool(_BULLET.match(text))
    return whole or any(character.isdigit() for character in text) or len(text.split()) > _HEADING_WORDS
