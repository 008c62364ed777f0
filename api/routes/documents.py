"""``/v1/documents``: the documents that a caller may read, and uploads."""

from collections.abc import Mapping
from functools import partial
from io import BufferedReader
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from api.context.services import Caller, ServicesDep, WritingCaller
from api.core.principals import ForbiddenError
from api.library.document_schemas import (
    DocumentsBody,
    UploadedBody,
    WholeDocumentBody,
    documents_body,
    whole_document_body,
)
from api.library.library import MAX_EXCERPT, MAX_WIDTH, MIN_WIDTH, Highlight, Library
from api.library.sync_jobs import Indexing
from api.openapi.error_responses import CATALOG, Responses, problem_responses
from api.rendering.downloads import attachment, sent_name
from indexes.errors import FootnoteError
from indexes.ingest.documents import document_id
from indexes.readers.registry import media_type
from indexes.types import EVERYONE, Scope
from rag.question.filters import make_filters

UPLOAD = "/v1/documents"
FORM_BYTES = 64 * 1024
"""The limit of an upload's form, without the file."""
_MAX_FIELDS, _CHUNK = 100, 2**18
_MAX = 2**31
_SENT_TYPES, _OTHER = (
    {"application/pdf", "text/plain", "image/png", "image/jpeg", "image/tiff"},
    "application/octet-stream",
)
"""Media types of originals; all others are sent as bytes."""
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
                        "folder": {"type": "string", "description": "the folder below the uploads of its readers"},
                        "groups": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "its readers: 'everyone' or groups of the caller; default: all of them",
                        },
                    },
                }
            }
        },
    }
}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FILE: Responses = {200: {"content": dict.fromkeys((*sorted(_SENT_TYPES), _OTHER), _BYTES)}}
_MARKS = {"description": "the number of marked lines", "schema": {"type": "integer"}}
_TOP = {"description": "the top of the first, as a share of the page's height", "schema": {"type": "number"}}
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
    """An upload's form is not valid."""

    kind = "bad-form"


class NotAFormError(FootnoteError):
    """An upload is not a form."""

    kind = "not-a-form"


class FileStream(StreamingResponse):
    """Streams an open file, and closes it in the end, also if the client leaves before the first piece."""

    def __init__(self, content: BufferedReader, headers: Mapping[str, str]) -> None:
        super().__init__(iter(partial(content.read, _CHUNK), b""), 200, headers)
        self._content = content

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        with self._content:
            await super().__call__(scope, receive, send)


def get_library(services: ServicesDep) -> Library:
    """Return the library: without it, these routes do not exist."""
    assert services.library  # noqa: S101
    return services.library


def get_indexing(services: ServicesDep) -> Indexing:
    """Return the index runs: without them, these routes do not exist."""
    assert services.indexing  # noqa: S101
    return services.indexing


LibraryDep = Annotated[Library, Depends(get_library)]
IndexingDep = Annotated[Indexing, Depends(get_indexing)]


@router.get("/documents", responses=problem_responses("bad-filter", *CATALOG))
def list_documents(
    library: LibraryDep,
    caller: Caller,
    q: Annotated[str, Query(max_length=200, description="words in the path or the title")] = "",
    path: Annotated[tuple[str, ...], Query(description="globs: * matches within a folder, ** across folders")] = (),
    type: Annotated[tuple[str, ...], Query(description="media types, or families such as text/*")] = (),  # noqa: A002
    label: Annotated[tuple[str, ...], Query()] = (),
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=8000, description="'next' of the previous page")] = None,
) -> DocumentsBody:
    """List the documents that the caller may read, by path."""
    scope = Scope(caller.audience, make_filters(path, type, label))
    return documents_body(library.list_documents(scope, q, after=after, limit=limit), library)


@router.get("/documents/{id}", responses=problem_responses(*READING))
def get_document(
    id: str,  # noqa: A002
    library: LibraryDep,
    caller: Caller,
    from_: Annotated[int, Query(alias="from", ge=0, le=_MAX, description="the first character of the text")] = 0,
    to: Annotated[
        int | None, Query(ge=0, le=_MAX, description=f"the end of the excerpt; at most {MAX_EXCERPT:,} characters")
    ] = None,
) -> WholeDocumentBody:
    """Return a document with its indexed text. Citations count its characters."""
    return whole_document_body(library.excerpt(id, caller.audience, from_, _MAX if to is None else to), library)


@router.get(
    "/documents/{id}/original",
    response_class=StreamingResponse,
    responses=_FILE | problem_responses(*READING, *CHANGED),
)
def get_original(id: str, library: LibraryDep, caller: Caller) -> Response:  # noqa: A002
    """Return the file as it was indexed, as a download; for a document within a file, that file."""
    original = library.original(id, caller.audience)
    name = PurePosixPath(original.path).name
    kind = media_type(name)
    headers = {
        **_ORIGINAL_HEADERS,
        "Content-Disposition": attachment(name),
        "Content-Length": str(original.size),
        "Content-Type": kind if kind in _SENT_TYPES else _OTHER,  # the encoding of a text is not known here
    }
    return FileStream(original.content, headers)


@router.get(
    "/documents/{id}/pages/{n}.png",
    response_class=Response,
    responses=_PNG | problem_responses(*READING, *CHANGED, "page-unreadable", "pages-busy"),
)
def get_page(
    id: str,  # noqa: A002
    n: Annotated[int, Path(ge=1, le=100_000)],
    library: LibraryDep,
    caller: Caller,
    quote: Annotated[str, Query(max_length=4000, description="the text to mark on the page")] = "",
    start: Chars = 0,
    end: Annotated[
        int, Query(ge=0, le=_MAX, description="or the document's characters to mark, from start to end")
    ] = 0,
    width: Annotated[int, Query(ge=1, le=_MAX, description=f"in pixels, {MIN_WIDTH} to {MAX_WIDTH}")] = 1000,
) -> Response:
    """Return a page of a PDF as a picture, with the quote marked."""
    picture = library.page_picture(id, caller.audience, n, width, Highlight(quote, start, end))
    top = {} if picture.top is None else {"Footnote-Marks-Top": f"{picture.top:.4f}"}
    return Response(picture.png, headers={"Footnote-Marks": str(picture.marks), **top}, media_type="image/png")


@router.post("/documents", status_code=202, openapi_extra=_FORM, responses=problem_responses(*ADDING))
async def upload_document(
    request: Request, caller: WritingCaller, library: LibraryDep, indexing: IndexingDep
) -> UploadedBody:
    """Store a document. It is on disk before the response, and is indexed soon. It replaces one of the same path."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise NotAFormError("Send multipart/form-data with the document as 'file'.")
    try:
        async with request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=FORM_BYTES) as form:
            file, folder = form.get("file"), form.get("folder", "")
            if not isinstance(file, UploadFile) or not isinstance(folder, str):
                raise FormError("The form needs the document as 'file'. 'folder' and 'groups' are text.")
            groups, own = {str(group) for group in form.getlist("groups") if group}, caller.audience.groups
            if foreign := sorted(groups - {*own, EVERYONE}):
                name = foreign[0][:80]
                raise ForbiddenError(f"groups: this key is not in {name!r}. It can share only with its own groups.")
            readers = groups or own or {EVERYONE}
            path = await run_in_threadpool(library.add, file.file, sent_name(file.filename or ""), folder, readers)
    except HTTPException as error:
        if error.status_code == 400:
            raise FormError(f"The form is not valid: {error.detail}") from error
        raise
    indexing.take_uploads()
    return UploadedBody(id=document_id(path), path=path)


@router.delete("/documents/{id}", status_code=204, responses=problem_responses(*REMOVING))
def delete_document(id: str, caller: WritingCaller, library: LibraryDep, indexing: IndexingDep) -> Response:  # noqa: A002
    """Delete an upload and its file."""
    library.remove(id, caller.audience)
    indexing.take_uploads()  # a current run may have read it already, and would restore it
    return Response(status_code=204)
