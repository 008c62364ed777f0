"""Documents by their ids: the text around a place, for who may read it."""

from dataclasses import dataclass
from typing import Protocol

from indexes.errors import FootnoteError
from indexes.types import Audience, Document, Scope
from rag.bootstrap import Engine

AROUND = 1000
"""Characters that are shown before and after a span."""
MOST = 12_000
"""Characters that are shown at once."""


class NotReadableError(FootnoteError):
    """There is no such document for who asks: whether there is one for others is not told."""

    kind = "not-found"


class NoSuchPlaceError(FootnoteError):
    """The document has no such place."""

    kind = "bad-place"


class Sources(Protocol):
    """Knows documents' texts."""

    def text_of(self, document_id: str, audience: Audience) -> Document | None:
        """None where there is none that the audience may read. May block."""


class IndexSources:
    """Those of the index as it is at each call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def text_of(self, document_id: str, audience: Audience) -> Document | None:
        return self._engine.catalog.document_within(document_id, Scope(audience))


@dataclass(frozen=True, slots=True)
class Place:
    """Where to open a document: at a span and what stands around it, from a character on, or at a page."""

    start: int | None = None
    end: int | None = None
    page: int | None = None

    def span(self, document: Document) -> tuple[int, int]:
        """Of ``document.text``, at most ``MOST`` long. Raises ``NoSuchPlaceError``."""
        start, end = self._page(document, self.page) if self.page is not None else self._given(document)
        return start, min(end, start + MOST)

    def _page(self, document: Document, page: int) -> tuple[int, int]:
        sections = [section for section in document.sections if section.page == page]
        if not sections:
            raise NoSuchPlaceError(f"{document.path} has no page {page}.")
        return sections[0].char_start, sections[-1].char_end

    def _given(self, document: Document) -> tuple[int, int]:
        length = len(document.text)
        if self.end is None:
            start, end = self.start or 0, length
        else:
            start, end = max(0, (self.start or 0) - AROUND), min(length, self.end + AROUND)
        if not start < end or (self.end is not None and self.end <= (self.start or 0)):
            raise NoSuchPlaceError(f"{document.path} has {length:,} characters: start comes before end and its end.")
        return start, end


def open_at(sources: Sources | None, document_id: str, audience: Audience, place: Place) -> tuple[Document, int, int]:
    """The document, and the span of its text to show. Raises ``NotReadableError`` and ``NoSuchPlaceError``."""
    document = sources.text_of(document_id, audience) if sources else None
    if document is None:
        raise NotReadableError("There is no such document that you may read; a search names those there are.")
    return document, *place.span(document)
