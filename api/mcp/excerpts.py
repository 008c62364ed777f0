"""Where a document is opened: the text around a place, as much as is shown at once."""

from dataclasses import dataclass

from indexes.errors import FootnoteError
from indexes.types import Document

AROUND = 1000
"""Characters that are shown before and after a span."""
MOST = 12_000
"""Characters that are shown at once."""


class NoSuchPlaceError(FootnoteError):
    """The document has no such place."""

    kind = "bad-place"


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
