"""The library: the documents that a caller may read, their originals, their pages, and those that they add."""

import base64
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from indexes.errors import FootnoteError, PageError, ReadError
from indexes.ingest.documents import document_id
from indexes.ingest.originals import Originals
from indexes.ingest.uploads import PREFIX, Uploads, readers_at, uploads_of
from indexes.readers.page_images import NoPageError, PagePicture, PagePictures, PageRequest
from indexes.readers.registry import SUFFIXES
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.storage.library_rows import Excerpt, LibraryDocument
from indexes.text.loose_match import find_quote
from indexes.types import Audience, Document, Scope

MAX_EXCERPT = 500_000
"""Characters of a document's text that are given at once."""
MIN_WIDTH, MAX_WIDTH = 200, 2000
"""Of a page's picture, in pixels."""
PDF = "application/pdf"
_MAX_PAGE = 200_000
"""Characters of a page in which a quote is looked for: print has a few thousand."""


class DocumentMissingError(FootnoteError):
    """There is no such document, or none that the caller may read: never says which."""

    kind = "not-found"


class NotUploadedError(FootnoteError):
    """The document lies in a folder of its owner's, or within another document."""

    kind = "not-uploaded"


class UploadsTakenError(FootnoteError):
    """The documents that are indexed have a folder ``uploads`` of their own."""

    kind = "uploads-taken"


class UnreadFormatError(FootnoteError):
    """No document of this format is read."""

    kind = "unread-format"


class CursorError(FootnoteError):
    """What a page of the list is to begin after is none that was given."""

    kind = "bad-request"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some of the documents, in the order of their paths."""

    documents: tuple[LibraryDocument, ...]
    next: str | None
    """What the next ones come after, to be given back as it is; None where these are the last."""
    total: int
    """How many there are on all shelves."""


@dataclass(frozen=True, slots=True)
class Original:
    """An open file, which is the document or holds it; whoever asked for it closes it."""

    path: str
    content: BufferedReader
    size: int


@dataclass(frozen=True, slots=True)
class Marked:
    """What is marked on a page: a quote, else a span of the document's text, else nothing."""

    quote: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is of an index that a caller may read."""

    documents: int
    passages: int
    revision: int
    embedding_model: str | None


class Library:
    """Blocks. Whatever it is asked for, a document that the audience may not read is as one that does not exist."""

    def __init__(
        self, catalog: Callable[[], Catalog], index: Path, limits: ReadingLimits, max_upload_mb: int = 50
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._limits = limits
        self._pictures = PagePictures(limits.file_mb)
        self._uploads = Uploads(index)
        self.max_upload_mb = max_upload_mb

    # -- reading -------------------------------------------------------------------------------------------------

    def shelf(self, scope: Scope, name: str = "", *, after: str | None = None, limit: int = 50) -> Shelf:
        """Documents within the scope whose path or title has the words. Raises ``CursorError``."""
        found, total = self._catalog().library_rows.page(scope, name, after=_path_of(after), limit=limit + 1)
        following = _cursor(found[limit - 1].path) if len(found) > limit else None
        return Shelf(tuple(found[:limit]), following, total)

    def facts(self, audience: Audience) -> Facts:
        catalog, scope = self._catalog(), Scope(audience)
        documents, passages = catalog.documents_within(scope), catalog.library_rows.passages(scope)
        return Facts(documents, passages, catalog.revision, catalog.get("encoder"))

    def document(self, document_id: str, audience: Audience) -> LibraryDocument:
        """Raises ``DocumentMissingError``."""
        found = self._catalog().library_rows.document(document_id, Scope(audience))
        if found is None:
            raise _missing()
        return found

    def whole(self, document_id: str, audience: Audience) -> Document:
        """With all its text. Raises ``DocumentMissingError``."""
        found = self._catalog().document_within(document_id, Scope(audience))
        if found is None:
            raise _missing()
        return found

    def excerpt(self, document_id: str, audience: Audience, start: int, end: int) -> Excerpt:
        """Its text from one character to another, at most ``MAX_EXCERPT``. Raises ``DocumentMissingError``."""
        listed = self.document(document_id, audience)
        found = self._catalog().library_rows.excerpt(listed, start, min(max(start, end), start + MAX_EXCERPT))
        if found is None:
            raise _missing()
        return found

    def has_original(self, listed: LibraryDocument) -> bool:
        """Whether its file lies where it was indexed."""
        return any(self._originals.sources(listed.file))

    def has_pages(self, listed: LibraryDocument) -> bool:
        return listed.media_type == PDF and not listed.enclosed and self.has_original(listed)

    def is_uploaded(self, listed: LibraryDocument) -> bool:
        return listed.file.startswith(PREFIX) and uploads_of(self._index) is not None

    def original(self, document_id: str, audience: Audience) -> Original:
        """Of a document within a file, that file.

        Raises ``DocumentMissingError``, ``OriginalGoneError`` and ``OriginalChangedError``.
        """
        listed = self.document(document_id, audience)
        with self._originals.copied(listed.file, listed.sha256, self._limits) as copy:
            content = copy.open("rb")  # which the copy outlives
        return Original(listed.file, content, os.fstat(content.fileno()).st_size)

    def picture(self, document_id: str, audience: Audience, page: int, width: int, marked: Marked) -> PagePicture:
        """A page of a PDF. Raises as ``original`` does, ``PageError`` and ``PagesBusyError``."""
        listed = self.document(document_id, audience)
        if listed.media_type != PDF or listed.enclosed:
            raise PageError(f"{listed.path} is not a PDF of its own: only those are shown as pages.")
        request = self._request(listed, page, width, marked)
        originals = self._originals
        try:
            return self._pictures.of(
                listed.sha256, request, lambda: originals.copied(listed.file, listed.sha256, self._limits)
            )
        except NoPageError as error:
            raise DocumentMissingError(f"{listed.path} {error}.") from error
        except ReadError as error:
            raise PageError(f"{listed.path} cannot be shown: it {error}.") from error

    def _request(self, listed: LibraryDocument, page: int, width: int, marked: Marked) -> PageRequest:
        width = min(max(width, MIN_WIDTH), MAX_WIDTH)
        if not marked.quote and marked.start >= marked.end:
            return PageRequest(page, width)
        begins, text = self._catalog().library_rows.page_text(listed.id, page)
        text = text[:_MAX_PAGE]
        if marked.quote:
            return PageRequest(page, width, text, *find_quote(marked.quote, text, near=marked.start - begins))
        span = (min(max(place - begins, 0), len(text)) for place in (marked.start, marked.end))
        return PageRequest(page, width, text, *span)

    @property
    def _originals(self) -> Originals:
        return Originals.of(self._catalog(), self._index)

    # -- changing ------------------------------------------------------------------------------------------------

    def add(self, content: BinaryIO, name: str, folder: str, readers: Collection[str]) -> str:
        """The path of the document, which is on disk then, and is yet to be indexed. One of the same path is replaced.

        Raises ``UnreadFormatError``, ``UploadsTakenError``, ``UploadedNameError`` and ``UploadError``.
        """
        suffix = PurePosixPath(name.strip()).suffix.lower()
        if suffix not in SUFFIXES:
            known = " ".join(sorted(SUFFIXES))
            raise UnreadFormatError(f"Files that end in {suffix[:20]!r} are not read; these are: {known}.")
        if uploads_of(self._index) is None and self._catalog().library_rows.holds(PREFIX):
            raise UploadsTakenError(f"What is indexed has a folder {PREFIX} already: rename it, and index again.")
        return self._uploads.add(content, name, folder, readers)

    def remove(self, document_id: str, audience: Audience) -> None:
        """File and index entry of an upload, also of one that could not be indexed.

        Raises ``DocumentMissingError``, ``NotUploadedError`` and ``UploadError``.
        """
        listed = self._catalog().library_rows.document(document_id, Scope(audience))
        path = self._removable(listed) if listed else self._unindexed(document_id, audience)
        self._uploads.remove(path)
        self._catalog().remove([path])

    def _removable(self, listed: LibraryDocument) -> str:
        if not self.is_uploaded(listed):
            raise NotUploadedError(f"{listed.path} was not uploaded: delete it in its folder, and have that indexed.")
        if listed.enclosed:
            raise NotUploadedError(f"{listed.path} lies within {listed.file}: delete that.")
        return listed.file

    def _unindexed(self, wanted: str, audience: Audience) -> str:
        for path in self._uploads.paths():
            if document_id(path) == wanted and audience.may_read(readers_at(path)):
                return path
        raise _missing()


def _missing() -> DocumentMissingError:
    return DocumentMissingError("There is no such document.")


def _cursor(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode().rstrip("=")


def _path_of(cursor: str | None) -> str:
    if cursor is None:
        return ""
    with suppress(ValueError):
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    raise CursorError("after: give it as it was given in 'next'.")
