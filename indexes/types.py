"""The types of the index: frozen, and free of any vendor."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float32]
"""Rows of unit vectors, shape (n, dimensions)."""

EVERYONE = "everyone"
"""The group that every audience is in. A document that it may read is public."""

Kind = Literal["prose", "table", "code"]


@dataclass(frozen=True, slots=True)
class Audience:
    """The groups of whoever asks. Without groups, they see public documents only."""

    groups: frozenset[str] = frozenset()

    def may_read(self, readers: Iterable[str]) -> bool:
        """Whether one of a document's readers is among the groups."""
        return any(reader == EVERYONE or reader in self.groups for reader in readers)


PUBLIC = Audience()
"""The audience without groups."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Limits of a search. A document matches if, for each field with values, it matches one of them."""

    paths: tuple[str, ...] = ()
    """Globs over the paths of documents, as in access rules: ``*`` stays within a folder, ``**`` does not."""
    media_types: tuple[str, ...] = ()
    """Whole (``text/html``) or by family (``text/*``)."""
    labels: tuple[str, ...] = ()
    since: date | None = None
    """Documents of that day or later."""
    until: date | None = None
    """Documents of that day or earlier."""


ALL = Filters()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search may find: what the audience may read, within the filters. By default, all that is public."""

    audience: Audience = PUBLIC
    filters: Filters = ALL


@dataclass(frozen=True, slots=True)
class Query:
    """A query: its text, who asks, and the limits of the search."""

    text: str
    earlier: tuple[str, ...] = ()
    """Earlier questions of the conversation, latest first: a follow-up may depend on them."""
    parts: tuple[str, ...] = ()
    """The questions into which it was split, if it needs more than one place."""
    original: str = ""
    """If ``text`` is a translation: the words of the question as it was asked, which are searched for as they stand."""
    audience: Audience = PUBLIC
    filters: Filters = ALL
    recency_days: float | None = None
    """Half-life in days by which older documents count less; None turns it off."""

    @property
    def scope(self) -> Scope:
        """What the search may find."""
        return Scope(self.audience, self.filters)

    @property
    def whole(self) -> str:
        """All questions, latest first: earlier ones hold the words that a follow-up leaves out."""
        return "\n".join([self.text, *self.earlier])


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document's text with one page, sheet or slide, one heading and one kind."""

    char_start: int
    char_end: int
    line: int = 1
    """The line of the first character, from 1: on its page, or in the file if there are no pages."""
    heading: tuple[str, ...] = ()
    page: int | None = None
    sheet: str | None = None
    slide: int | None = None
    kind: Kind = "prose"


@dataclass(frozen=True, slots=True)
class Extraction:
    """The text of a file: ``sections`` cover ``text`` in order, ``notes`` say what could not be read.

    A file may contain documents, as a mail contains attachments. One that contains nothing else, as a zip, has no text.
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    parts: "tuple[EmbeddedDocument, ...]" = ()
    dated: date | None = None
    """The date in the document, as in a mail; None if there is none."""


@dataclass(frozen=True, slots=True)
class EmbeddedDocument:
    """A document within a file: its path there, with forward slashes, and its extraction, or why it was not read.

    Deeper documents are listed beside it, by their whole path (``plans.zip/shed.pdf``): its extraction has no parts.
    """

    path: str
    found: Extraction | str


@dataclass(frozen=True, slots=True)
class Locator:
    """A place that a person can find. ``char_*`` index ``Document.text``; lines count from 1 as in ``Section.line``."""

    char_start: int
    char_end: int
    line_start: int
    line_end: int
    heading: tuple[str, ...] = ()
    page: int | None = None
    sheet: str | None = None
    slide: int | None = None

    def __str__(self) -> str:
        """The place in words: ``page 4, lines 12–15``."""
        parts = (("page", self.page), ("sheet", self.sheet), ("slide", self.slide))
        part = next((f"{name} {value}, " for name, value in parts if value is not None), "")
        lines = (
            f"line {self.line_start}"
            if self.line_start == self.line_end
            else f"lines {self.line_start}–{self.line_end}"
        )
        return part + lines


@lru_cache(maxsize=2)
def _line_breaks(text: str) -> list[int]:
    """The positions of line breaks, computed once for all passages of a document."""
    return [match.start() for match in re.finditer("\n", text)]


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read: ``text`` is extracted and normalised once; ``sections`` cover it in order."""

    id: str
    path: str
    """Relative to the indexed folder, with forward slashes."""
    title: str
    media_type: str
    sha256: str
    text: str
    sections: tuple[Section, ...]
    readers: tuple[str, ...] = (EVERYONE,)
    labels: tuple[str, ...] = ()
    dated: date | None = None
    """The date in the document; if None, the date of its file counts."""

    def locate(self, char_start: int, char_end: int) -> Locator:
        """The place of ``text[char_start:char_end]``. A span over several sections has the place of its start.

        Raises ``ValueError`` if the span is empty or outside the text.
        """
        if not 0 <= char_start < char_end <= len(self.text):
            raise ValueError(f"{self.path}: no span {char_start}:{char_end} in a text of {len(self.text)} characters")
        section = self.sections[bisect_right(self.sections, char_start, key=lambda s: s.char_start) - 1]
        breaks = _line_breaks(self.text)
        line = section.line + bisect_left(breaks, char_start) - bisect_left(breaks, section.char_start)
        return Locator(
            char_start,
            char_end,
            line_start=line,
            line_end=line + self.text[char_start:char_end].rstrip("\n").count("\n"),
            heading=section.heading,
            page=section.page,
            sheet=section.sheet,
            slide=section.slide,
        )


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, small enough to embed whole: ``document.text[char_start:char_end] == text``."""

    id: str
    """Deterministic: document id, content hash, ordinal, splitter version. Indexing twice is indexing once."""
    document_id: str
    path: str
    title: str
    context: str
    """Headings, and the header row of a table: needed to understand the text, and embedded with it."""
    text: str
    locator: Locator

    def locate(self, start: int, end: int) -> Locator:
        """The place of ``text[start:end]`` in the document. A passage lies on one page, sheet or slide."""
        line = self.locator.line_start + self.text.count("\n", 0, start)
        return replace(
            self.locator,
            char_start=self.locator.char_start + start,
            char_end=self.locator.char_start + end,
            line_start=line,
            line_end=line + self.text.count("\n", start, end),
        )


@dataclass(frozen=True, slots=True)
class Signal:
    """The score of a passage in one step of a search, and its rank from 1, if the step ranked it."""

    name: str
    score: float
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its score: higher is better, comparable within one search only."""

    passage: Passage
    score: float
    signals: tuple[Signal, ...] = ()
    """Its scores in the steps of the search, in order."""
