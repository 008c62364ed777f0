"""Documents and index runs as JSON."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from api.core.problems import Problem
from api.library.index_runs import RunOutcome, RunProgress, Stage
from api.library.library import DocumentPage, Library
from api.middleware.failures import report_problem
from api.schemas.answer import Frame, frame, problem_frame
from api.schemas.question import Body
from indexes.storage.library_rows import Excerpt, LibraryDocument
from indexes.types import Kind


class DocumentBody(Body):
    id: str
    path: str = Field(examples=["handbook/leave-policy.pdf"])
    title: str
    media_type: str
    dated: date = Field(description="the date in the document, else the date of its file")
    labels: tuple[str, ...]
    bytes: int | None = Field(
        description="the size of its file; null for a document within another file, such as an attachment"
    )
    pages: int | None = Field(description="the last page with text; null for formats without pages")
    uploaded: bool = Field(description="whether it was uploaded by POST /v1/documents and can be deleted")


class DocumentsBody(Body):
    documents: tuple[DocumentBody, ...]
    next: str | None = Field(description="the value of 'after' for the next page; null on the last page")
    total: int = Field(description="how many documents match the filters, on all pages")


class SectionBody(Body):
    """``char_*`` count the characters (Unicode code points) of the whole document's text."""

    char_start: int
    char_end: int
    line: int
    heading: tuple[str, ...]
    page: int | None
    sheet: str | None
    slide: int | None
    kind: Kind


class WholeDocumentBody(DocumentBody):
    text: str
    text_start: int = Field(description="the position of the first character of 'text' in the document")
    text_end: int
    characters: int = Field(
        description="the length of the whole document; if text_end is less, request the rest from there"
    )
    sections: tuple[SectionBody, ...] = Field(description="the sections that 'text' holds, also in part")
    has_original: bool = Field(description="whether its file, or the file it lies in, is still where it was indexed")
    has_pages: bool = Field(description="whether its pages can be shown as pictures")


class UploadedBody(Body):
    id: str
    path: str


class FailedBody(Body):
    path: str
    reason: str


class FinishedBody(Body):
    """Counts of the files that the caller may see."""

    added: int
    changed: int
    removed: int
    failed: tuple[FailedBody, ...]


class LastBody(FinishedBody):
    ended: datetime
    error: Problem | None = Field(description="why the run failed; null otherwise")


class IndexBody(Body):
    documents: int = Field(description="how many the caller may read")
    passages: int
    revision: int = Field(description="changes with every change of the index")
    embedding_model: str | None
    syncing: bool
    last: LastBody | None = Field(description="how this server's last index run ended")


class ProgressBody(Body):
    """The progress of the files that the caller may see."""

    stage: Stage
    done: int
    total: int
    path: str | None


class SyncBody(Body):
    status: Literal["accepted"] = "accepted"


def documents_body(page: DocumentPage, library: Library) -> DocumentsBody:
    """Return a page of the list of documents as JSON."""
    documents = tuple(DocumentBody(**_facts(document, library)) for document in page.documents)
    return DocumentsBody(documents=documents, next=page.next, total=page.total)


def whole_document_body(excerpt: Excerpt, library: Library) -> WholeDocumentBody:
    """Return an excerpt of a document as JSON."""
    return WholeDocumentBody(
        **_facts(excerpt.listed, library),
        text=excerpt.text,
        text_start=excerpt.char_start,
        text_end=excerpt.char_end,
        characters=excerpt.characters,
        sections=tuple(SectionBody.model_validate(section) for section in excerpt.sections),
        has_original=library.has_original(excerpt.listed),
        has_pages=library.has_pages(excerpt.listed),
    )


def last_body(outcome: RunOutcome) -> LastBody:
    """Return the outcome of the last index run as JSON."""
    error = report_problem(outcome.error) if outcome.error else None
    return LastBody(**_finished(outcome).model_dump(), ended=outcome.ended, error=error)


def run_frame(event: RunProgress | RunOutcome) -> Frame:
    """Return an event of an index run as a server-sent event."""
    match event:
        case RunProgress():
            return frame("progress", ProgressBody.model_validate(event))
        case RunOutcome(error=None):
            return frame("finished", _finished(event))
        case RunOutcome(error=error):
            return problem_frame(report_problem(error or AssertionError("matched above")))


def _finished(outcome: RunOutcome) -> FinishedBody:
    failed = tuple(FailedBody(path=path, reason=reason) for path, reason in outcome.failed)
    return FinishedBody(added=outcome.added, changed=outcome.changed, removed=outcome.removed, failed=failed)


def _facts(listed: LibraryDocument, library: Library) -> dict[str, object]:
    return {
        "id": listed.id,
        "path": listed.path,
        "title": listed.title,
        "media_type": listed.media_type,
        "dated": listed.dated,
        "labels": listed.labels,
        "bytes": None if listed.enclosed else listed.size,
        "pages": listed.pages,
        "uploaded": library.is_uploaded(listed),
    }
