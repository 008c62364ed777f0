"""Excerpts of documents: the text around a place, up to a limit."""

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
    """A place to open: a span with its surroundings, everything from a character on, or a page."""

    start: int | None = None
    end: int | None = None
    page: int | None = None

    def span(self, document: Document) -> tuple[int, int]:
        """Return the span of ``document.text``, at most ``MOST`` long. Raises ``NoSuchPlaceError``."""
        length = len(document.text)
        if self.page is not None:
            sections = [section for section in document.sections if section.page == self.page]
            if not sections:
                raise NoSuchPlaceError(f"{document.path} has no page {self.page}.")
            start, end = sections[0].char_start, sections[-1].char_end
        elif self.end is None:
            start, end = self.start or 0, length
        else:
            start, end = max(0, (self.start or 0) - AROUND), min(length, self.end + AROUND)
        if self.page is None and (start >= end or (self.end is not None and self.end <= (self.start or 0))):
            raise NoSuchPlaceError(f"{document.path} has {length:,} characters. The start must be before both ends.")
        return start, min(end, start + MOST)
