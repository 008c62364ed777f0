"""``/v1/documents``: the library that a caller may read, and what they add to it."""

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import quote as percent_encoded

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from api.context.services import Caller, ServicesDep, WritingCaller
from api.core.principals import ForbiddenError, Principal
from api.library.document_schemas import (
    DocumentsBody,
    UploadedBody,
    WholeDocumentBody,
    documents_body,
    whole_document_body,
)
from api.library.library import MAX_EXCERPT, MAX_WIDTH, MIN_WIDTH, Highlight, Library, Original
from api.library.sync_jobs import Indexing
from api.openapi.error_responses import CATALOG, Responses, problem_responses
from indexes.errors import FootnoteError
from indexes.ingest.documents import document_id
from indexes.readers.registry import media_type
from indexes.types import EVERYONE, Scope
from rag.question.filters import make_filters

UPLOAD = "/v1/documents"
FORM_BYTES = 64 * 1024
"""Of an upload's form, besides the file."""
_MAX_FIELDS, _CHUNK = 100, 2**18
_MAX = 2**31
_GIVEN, _OTHER = {"application/pdf", "text/plain", "image/png", "image/jpeg", "image/tiff"}, "application/octet-stream"
"""Media types by which originals are called; all others are bytes."""
_ORIGINAL_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "folder": {"type": "string", "description": "where it goes, below the uploads of its readers"},
                        "groups": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "who may read it, of one's own groups, or 'everyone'; all of one's groups "
                            "where none is given",
                        },
                    },
                }
            }
        },
    }
}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FILE: Responses = {200: {"content": dict.fromkeys((*sorted(_GIVEN), _OTHER), _BYTES)}}
_MARKS = {"description": "how many lines of the page are marked", "schema": {"type": "integer"}}
_TOP = {"description": "where the first begins, as a share of the page's height", "schema": {"type": "number"}}
_PNG: Responses = {
    200: {"content": {"image/png": _BYTES}, "headers": {"Footnote-Marks": _MARKS, "Footnote-Marks-Top": _TOP}}
}
READING = ("not-found", *CATALOG)
CHANGED = ("original-gone", "original-changed")
ADDING = (
    *("bad-form", "not-a-form", "unread-format", "bad-name"),
    *("forbidden", "uploads-taken", "uploads-unusable", *CATALOG),
)
REMOVING = ("not-found", "forbidden", "not-uploaded", "uploads-unusable", *CATALOG)
router = APIRouter(prefix="/v1", tags=["documents"])
Chars = Annotated[int, Query(ge=0, le=_MAX)]


class FormError(FootnoteError):
    """An upload's form is not as it should be."""

    kind = "bad-form"


class NotAFormError(FootnoteError):
    """An upload is no form at all."""

    kind = "not-a-form"


def library_of(services: ServicesDep) -> Library:
    """These routes are there only where it is."""
    assert services.library  # noqa: S101
    return services.library


def indexing_of(services: ServicesDep) -> Indexing:
    """Likewise."""
    assert services.indexing  # noqa: S101
    return services.indexing


AtLibrary = Annotated[Library, Depends(library_of)]
AtIndexing = Annotated[Indexing, Depends(indexing_of)]


@router.get("/documents", responses=problem_responses("bad-filter", *CATALOG))
def list_documents(
    library: AtLibrary,
    caller: Caller,
    q: Annotated[str, Query(max_length=200, description="words in path or title")] = "",
    path: Annotated[tuple[str, ...], Query(description="globs: * stays within a folder, ** does not")] = (),
    type: Annotated[tuple[str, ...], Query(description="media types, or families as text/*")] = (),  # noqa: A002
    label: Annotated[tuple[str, ...], Query()] = (),
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=8000, description="'next' of the page before")] = None,
) -> DocumentsBody:
    """The documents that one may read, by path."""
    scope = Scope(caller.audience, make_filters(path, type, label))
    return documents_body(library.list_documents(scope, q, after=after, limit=limit), library)


@router.get("/documents/{id}", responses=problem_responses(*READING))
def get_document(
    id: str,  # noqa: A002
    library: AtLibrary,
    caller: Caller,
    from_: Annotated[int, Query(alias="from", ge=0, le=_MAX, description="the first character of the text")] = 0,
    to: Annotated[int | None, Query(ge=0, le=_MAX, description=f"the one behind the last; {MAX_EXCERPT:,} on")] = None,
) -> WholeDocumentBody:
    """A document with its text as it was indexed, from which citations count."""
    return whole_document_body(library.excerpt(id, caller.audience, from_, _MAX if to is None else to), library)


@router.get(
    "/documents/{id}/original",
    response_class=StreamingResponse,
    responses=_FILE | problem_responses(*READING, *CHANGED),
)
def get_original(id: str, library: AtLibrary, caller: Caller) -> Response:  # noqa: A002
    """The file as it was indexed, to be saved; of a document within a file, that file."""
    found = library.original(id, caller.audience)
    name = PurePosixPath(found.path).name
    kind = media_type(name)
    headers = {
        **_ORIGINAL_HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{percent_encoded(name, safe='')}",
        "Content-Length": str(found.size),
        "Content-Type": kind if kind in _GIVEN else _OTHER,  # of text it is not known here how it is encoded
    }
    return StreamingResponse(_pieces(found), 200, headers)


@router.get(
    "/documents/{id}/pages/{n}.png",
    response_class=Response,
    responses=_PNG | problem_responses(*READING, *CHANGED, "page-unreadable", "pages-busy"),
)
def get_page(
    id: str,  # noqa: A002
    n: Annotated[int, Path(ge=1, le=100_000)],
    library: AtLibrary,
    caller: Caller,
    quote: Annotated[str, Query(max_length=4000, description="what is marked, where it stands on the page")] = "",
    start: Chars = 0,
    end: Annotated[int, Query(ge=0, le=_MAX, description="or the characters of the document that are")] = 0,
    width: Annotated[int, Query(ge=1, le=_MAX, description=f"in pixels, {MIN_WIDTH} to {MAX_WIDTH}")] = 1000,
) -> Response:
    """A page of a PDF as a picture, with the quote marked."""
    picture = library.page_picture(id, caller.audience, n, width, Highlight(quote, start, end))
    top = {} if picture.top is None else {"Footnote-Marks-Top": f"{picture.top:.4f}"}
    return Response(picture.png, headers={"Footnote-Marks": str(picture.marks), **top}, media_type="image/png")


@router.post("/documents", status_code=202, openapi_extra=_FORM, responses=problem_responses(*ADDING))
async def upload_document(
    request: Request, caller: WritingCaller, library: AtLibrary, indexing: AtIndexing
) -> UploadedBody:
    """Takes a document in: it is safe on disk with the answer, and is indexed by itself. The same path is replaced."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise NotAFormError("Send multipart/form-data, with the document as 'file'.")
    try:
        async with request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=FORM_BYTES) as form:
            path = await run_in_threadpool(_add, form, caller, library)
    except HTTPException as error:
        if error.status_code == 400:
            raise FormError(f"The form cannot be read: {error.detail}") from error
        raise
    indexing.take_uploads()
    return UploadedBody(id=document_id(path), path=path)


@router.delete("/documents/{id}", status_code=204, responses=problem_responses(*REMOVING))
def delete_document(id: str, caller: WritingCaller, library: AtLibrary, indexing: AtIndexing) -> Response:  # noqa: A002
    """Removes an upload, file and all."""
    library.remove(id, caller.audience)
    indexing.take_uploads()  # a run that goes on may have read it already, and would bring it back
    return Response(status_code=204)


def _add(form: FormData, caller: Principal, library: Library) -> str:
    file, folder = form.get("file"), form.get("folder", "")
    if not isinstance(file, UploadFile) or not isinstance(folder, str):
        raise FormError("The form needs the document as 'file'; 'folder' and 'groups' are text.")
    readers = _readers([str(group) for group in form.getlist("groups") if group], caller)
    return library.add(file.file, file.filename or "", folder, readers)


def _readers(wanted: list[str], caller: Principal) -> Collection[str]:
    own = caller.audience.groups
    if strange := sorted({*wanted} - {*own, EVERYONE}):
        raise ForbiddenError(f"groups: {strange[0][:80]!r} is no group of this key's; it can give what it can read.")
    return {*wanted} or own or {EVERYONE}


def _pieces(found: Original) -> Iterator[bytes]:
    with found.content as content:
        while piece := content.read(_CHUNK):
            yield piece
