"""The library: the documents that a caller may read, with their originals and pages, and uploads."""

import base64
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from indexes.errors import FootnoteError, PageError, ReadError
from indexes.ingest.documents import document_id as id_of_path
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
"""The most characters of a document's text that one excerpt holds."""
MIN_WIDTH, MAX_WIDTH = 200, 2000
"""Pixels of a page's picture."""
PDF = "application/pdf"
_MAX_PAGE_CHARS = 200_000
"""Characters of a page that are searched for a quote. A printed page has a few thousand."""


class DocumentMissingError(FootnoteError):
    """There is no such document, or the caller may not read it. The message never says which."""

    kind = "not-found"


class NotUploadedError(FootnoteError):
    """The document was not uploaded, or lies within another document."""

    kind = "not-uploaded"


class UploadsTakenError(FootnoteError):
    """An indexed folder has a subfolder ``uploads`` of its own."""

    kind = "uploads-taken"


class UnreadFormatError(FootnoteError):
    """Documents of this format are not read."""

    kind = "unread-format"


class CursorError(FootnoteError):
    """The cursor of a page is not one that an earlier page returned."""

    kind = "bad-request"


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page of the list of documents, in the order of their paths."""

    documents: tuple[LibraryDocument, ...]
    next: str | None
    """The cursor of the next page; None on the last page."""
    total: int
    """How many documents all pages hold."""


@dataclass(frozen=True, slots=True)
class Original:
    """An open file that is the document or holds it. The caller closes it."""

    path: str
    content: BufferedReader
    size: int


@dataclass(frozen=True, slots=True)
class Highlight:
    """What is highlighted on a page: a quote, else a span of the document's text, else nothing."""

    quote: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """Counts of what a caller may read, and facts about the index."""

    documents: int
    passages: int
    revision: int
    embedding_model: str | None


class Library:
    """The documents of an index. One that the audience may not read is treated as missing. Every method may block."""

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

    def list_documents(
        self, scope: Scope, name: str = "", *, after: str | None = None, limit: int = 50
    ) -> DocumentPage:
        """Return a page of the documents within the scope whose path or title has the words of ``name``.

        Raises ``CursorError``.
        """
        path = ""
        if after is not None:
            try:
                path = base64.b64decode(after + "=" * (-len(after) % 4), b"-_", validate=True).decode()
            except ValueError:
                raise CursorError("after: pass the value of 'next' unchanged.") from None
        documents, total = self._catalog().library_rows.page(scope, name, after=path, limit=limit + 1)
        following = None
        if len(documents) > limit:
            following = base64.urlsafe_b64encode(documents[limit - 1].path.encode()).decode().rstrip("=")
        return DocumentPage(tuple(documents[:limit]), following, total)

    def facts(self, audience: Audience) -> IndexFacts:
        """Return counts of what the audience may read, and facts about the index."""
        catalog, scope = self._catalog(), Scope(audience)
        documents, passages = catalog.documents_within(scope), catalog.library_rows.passages(scope)
        return IndexFacts(documents, passages, catalog.revision, catalog.get("encoder"))

    def document(self, document_id: str, audience: Audience) -> LibraryDocument:
        """Return the document's facts, without its text. Raises ``DocumentMissingError``."""
        document = self._catalog().library_rows.document(document_id, Scope(audience))
        if document is None:
            raise _missing()
        return document

    def full_document(self, document_id: str, audience: Audience) -> Document:
        """Return the document with its whole text. Raises ``DocumentMissingError``."""
        document = self._catalog().document_within(document_id, Scope(audience))
        if document is None:
            raise _missing()
        return document

    def excerpt(self, document_id: str, audience: Audience, start: int, end: int) -> Excerpt:
        """Return the text between two characters, at most ``MAX_EXCERPT`` long. Raises ``DocumentMissingError``."""
        document = self.document(document_id, audience)
        excerpt = self._catalog().library_rows.excerpt(document, start, min(max(start, end), start + MAX_EXCERPT))
        if excerpt is None:
            raise _missing()
        return excerpt

    def has_original(self, listed: LibraryDocument) -> bool:
        """Return whether the document's file still lies where it was indexed."""
        return any(self._originals.sources(listed.file))

    def has_pages(self, listed: LibraryDocument) -> bool:
        """Return whether the document's pages can be shown as pictures."""
        return listed.media_type == PDF and not listed.enclosed and self.has_original(listed)

    def is_uploaded(self, listed: LibraryDocument) -> bool:
        """Return whether the document was uploaded."""
        return listed.file.startswith(PREFIX) and uploads_of(self._index) is not None

    def original(self, document_id: str, audience: Audience) -> Original:
        """Open the document's file. For a document within another file, that file is opened.

        Raises ``DocumentMissingError``, ``OriginalGoneError`` and ``OriginalChangedError``.
        """
        listed = self.document(document_id, audience)
        with self._originals.copied(listed.file, listed.sha256, self._limits) as copy:
            content = copy.open("rb")  # it can be read after the copy is deleted
        return Original(listed.file, content, os.fstat(content.fileno()).st_size)

    def page_picture(
        self, document_id: str, audience: Audience, page: int, width: int, highlight: Highlight
    ) -> PagePicture:
        """Return a page of a PDF as a picture. Raises as ``original`` does, ``PageError`` and ``PagesBusyError``."""
        listed = self.document(document_id, audience)
        if listed.media_type != PDF or listed.enclosed:
            raise PageError(f"{listed.path} is not a PDF file: only PDF files are shown as pages.")
        request = self._request(listed, page, width, highlight)
        originals = self._originals
        try:
            return self._pictures.of(
                listed.sha256, request, lambda: originals.copied(listed.file, listed.sha256, self._limits)
            )
        except NoPageError as error:
            raise DocumentMissingError(f"{listed.path} {error}.") from error
        except ReadError as error:
            raise PageError(f"{listed.path} cannot be shown: it {error}.") from error

    def _request(self, listed: LibraryDocument, page: int, width: int, highlight: Highlight) -> PageRequest:
        width = min(max(width, MIN_WIDTH), MAX_WIDTH)
        if not highlight.quote and highlight.start >= highlight.end:
            return PageRequest(page, width)
        begins, text = self._catalog().library_rows.page_text(listed.id, page)
        text = text[:_MAX_PAGE_CHARS]
        if highlight.quote:
            return PageRequest(page, width, text, *find_quote(highlight.quote, text, near=highlight.start - begins))
        span = (min(max(place - begins, 0), len(text)) for place in (highlight.start, highlight.end))
        return PageRequest(page, width, text, *span)

    @property
    def _originals(self) -> Originals:
        return Originals.of(self._catalog(), self._index)

    # -- changing ------------------------------------------------------------------------------------------------

    def add(self, content: BinaryIO, name: str, folder: str, readers: Collection[str]) -> str:
        """Store an upload on disk, to be indexed later, and return its path. One of the same path is replaced.

        Raises ``UnreadFormatError``, ``UploadsTakenError``, ``UploadedNameError`` and ``UploadError``.
        """
        suffix = PurePosixPath(name.strip()).suffix.lower()
        if suffix not in SUFFIXES:
            known = " ".join(sorted(SUFFIXES))
            raise UnreadFormatError(f"Files that end in {suffix[:20]!r} are not supported. Supported endings: {known}.")
        if uploads_of(self._index) is None and self._catalog().library_rows.holds(PREFIX):
            raise UploadsTakenError(f"An indexed folder has a subfolder {PREFIX} already: rename it, and index again.")
        return self._uploads.add(content, name, folder, readers)

    def remove(self, document_id: str, audience: Audience) -> None:
        """Delete an upload's file and index entry, also if it could not be indexed.

        Raises ``DocumentMissingError``, ``NotUploadedError`` and ``UploadError``.
        """
        document = self._catalog().library_rows.document(document_id, Scope(audience))
        if document is None:
            uploads = (path for path in self._uploads.paths() if audience.may_read(readers_at(path)))
            path = next((path for path in uploads if id_of_path(path) == document_id), None)
            if path is None:
                raise _missing()
        elif not self.is_uploaded(document):
            raise NotUploadedError(f"{document.path} was not uploaded: delete its file, and index its folder again.")
        elif document.enclosed:
            raise NotUploadedError(f"{document.path} lies within {document.file}: delete that document.")
        else:
            path = document.file
        self._uploads.remove(path)
        self._catalog().remove([path])


def _missing() -> DocumentMissingError:
    return DocumentMissingError("There is no such document.")
