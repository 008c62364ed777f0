"""The nouns of the index: frozen, typed, and free of any vendor."""

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
"""The group that every audience is in; a document that it may read is public."""

Kind = Literal["prose", "table", "code"]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who asks, as the groups they are in. No groups see public documents only."""

    groups: frozenset[str] = frozenset()

    def may_read(self, readers: Iterable[str]) -> bool:
        return any(reader == EVERYONE or reader in self.groups for reader in readers)


PUBLIC = Audience()
"""Anyone at all."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is confined to. Of the values of one field any will do; every field that has some must hold."""

    paths: tuple[str, ...] = ()
    """Globs of documents' paths, as access rules have them: ``*`` stays within a folder, ``**`` does not."""
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
    """What a search may find: what ``audience`` may read, within ``filters``. Without either, all that is public."""

    audience: Audience = PUBLIC
    filters: Filters = ALL


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for, for whom, and in what."""

    text: str
    earlier: tuple[str, ...] = ()
    """What was asked before in the conversation, latest first: a follow-up may lean on it."""
    parts: tuple[str, ...] = ()
    """Questions into which it was taken apart, where it needs more than one place."""
    audience: Audience = PUBLIC
    filters: Filters = ALL
    recency_days: float | None = None
    """Half-life in days by which older documents count less; off when None."""

    @property
    def scope(self) -> Scope:
        """What may be found."""
        return Scope(self.audience, self.filters)

    @property
    def whole(self) -> str:
        """All that was asked, latest first: the words that a follow-up leaves out stand in what came before."""
        return "\n".join([self.text, *self.earlier])


@dataclass(frozen=True, slots=True)
class Section:
    """A run of a document's text that shares its page, sheet or slide, its headings and its kind."""

    char_start: int
    char_end: int
    line: int = 1
    """The line of the first character, counted from 1 on its page, or in its file where there are no pages."""
    heading: tuple[str, ...] = ()
    page: int | None = None
    sheet: str | None = None
    slide: int | None = None
    kind: Kind = "prose"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a reader found in a file: ``sections`` cover ``text`` in order, ``notes`` say what could not be read.

    A file may hold other documents, as a mail does its attachments; one that is nothing else, as a zip, has no text.
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    parts: "tuple[EmbeddedDocument, ...]" = ()
    dated: date | None = None
    """The day it gives itself, as a mail does; None where it gives none."""


@dataclass(frozen=True, slots=True)
class EmbeddedDocument:
    """A document within a file: its path there, with forward slashes, and what was found in it, or why it was not read.

    What lies deeper is told here too, by its whole path (``plans.zip/shed.pdf``): a part's extraction has no parts.
    """

    path: str
    found: Extraction | str


@dataclass(frozen=True, slots=True)
class Locator:
    """A place a person can turn to. ``char_*`` index ``Document.text``; lines count from 1 as in ``Section.line``."""

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
        part = next(
            (f"{name} {value}, " for name in ("page", "sheet", "slide") if (value := getattr(self, name)) is not None),
            "",
        )
        lines = (
            f"line {self.line_start}"
            if self.line_start == self.line_end
            else f"lines {self.line_start}–{self.line_end}"
        )
        return part + lines


@lru_cache(maxsize=2)
def _line_breaks(text: str) -> list[int]:
    """Where the lines end: found once for all passages of a document."""
    return [match.start() for match in re.finditer("\n", text)]


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was read: ``text`` is what was extracted, normalised once; ``sections`` cover it in order."""

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
    """The day it gives itself; None where it gives none, and that of its file counts."""

    def locate(self, char_start: int, char_end: int) -> Locator:
        """The place of ``text[char_start:char_end]``; a span over several sections is placed where it begins."""
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
    """What a reader must know first, and an encoder reads with it: headings, and the header row of a table."""
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
    """How one way of searching saw a passage: its score there, and its rank, from 1, where it was ranked."""

    name: str
    score: float
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, and how well it matched: higher is better, comparable within one search only."""

    passage: Passage
    score: float
    signals: tuple[Signal, ...] = ()
    """How it came to be found, in the order of the steps."""
