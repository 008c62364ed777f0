"""Failures as problem details (RFC 9457): the status and the title of each kind of error."""

from collections.abc import Mapping
from math import ceil

from pydantic import BaseModel, ConfigDict

from api.core.request_ids import current_urn
from api.core.retry_errors import LaterError
from indexes.errors import FootnoteError
from rag.errors import ModelBusyError

MEDIA_TYPE = "application/problem+json"

# kind: (status, title). Any other kind is a 500, and its message stays in the log.
KINDS: Mapping[str, tuple[int, str]] = {
    "bad-question": (400, "The question cannot be answered as written"),
    "bad-filter": (400, "The filters are not valid"),
    "bad-place": (400, "The document has no such place"),
    "bad-form": (400, "The form is not valid"),
    "bad-json": (400, "The request is not valid JSON"),
    "bad-chat": (400, "The chat request is not supported"),
    "malformed": (400, "The request is not a Slack request"),
    "unauthorized": (401, "A key is required"),
    "unsigned": (401, "The request is not signed by Slack"),
    "forbidden": (403, "The key does not permit this"),
    "cross-site": (403, "The request comes from another site"),
    "not-found": (404, "Not found"),
    "no-such-model": (404, "The model does not exist"),
    "method-not-allowed": (405, "The method is not allowed"),
    "body-too-slow": (408, "The request body arrived too slowly"),
    "conversation-busy": (409, "The conversation is busy"),
    "original-changed": (409, "The file has changed since it was indexed"),
    "not-uploaded": (409, "The document was not uploaded"),
    "uploads-taken": (409, "The documents already have a folder of that name"),
    "index-busy": (409, "The index is being updated"),
    "no-roots": (409, "The document folders are not known"),
    "sync-refused": (409, "The index was not updated"),
    "original-gone": (410, "The file no longer exists"),
    "question-too-long": (413, "The question is too long"),
    "body-too-large": (413, "The request is too large"),
    "bad-media-type": (415, "The request is not JSON"),
    "not-a-form": (415, "The request is not a form"),
    "unread-format": (415, "The file format is not supported"),
    "unknown-host": (421, "The host name is not one of this server"),
    "bad-request": (422, "The request is not valid"),
    "too-many-requests": (429, "Too many requests"),
    "bad-language": (422, "The language does not exist"),
    "bad-name": (422, "The name is not allowed"),
    "page-unreadable": (422, "The page cannot be shown"),
    "internal-error": (500, "Internal error"),
    "model-error": (502, "The language model failed"),
    "model-filtered": (502, "The language model's server filtered the answer"),
    "model-tool-call": (502, "The language model called a tool"),
    "model-empty": (502, "The language model wrote no answer"),
    "model-unauthorized": (502, "The language model rejected the key"),
    "model-unreachable": (502, "The language model cannot be reached"),
    "model-busy": (503, "The language model is busy"),
    "too-busy": (503, "Too many questions at once"),
    "not-ready": (503, "The server is not ready to answer"),
    "index-missing": (503, "There is no index"),
    "index-locked": (503, "The index is being updated"),
    "index-unreadable": (503, "The index cannot be read"),
    "encoder-mismatch": (503, "The index was made by another embedding model"),
    "encoder-unavailable": (503, "The embedding model is not available"),
    "reranker-unavailable": (503, "The reranking model is not available"),
    "pages-busy": (503, "Too many pages are being drawn"),
    "too-many-followers": (503, "Too many clients follow the index"),
    "uploads-unusable": (503, "Uploads cannot be stored"),
    "slack-busy": (503, "Another process runs the Slack bot"),
    "slack-unavailable": (503, "Slack cannot be reached"),
    "records-unusable": (503, "The server cannot store its records"),
    "chroma-unavailable": (503, "Chroma is not available"),
    "model-timeout": (504, "The language model took too long"),
    "deadline-passed": (504, "The answer took too long"),
}


class Problem(BaseModel):
    """A failure as the client sees it. ``type`` and ``status`` are stable; ``detail`` is for people."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    """The request's URN, with its id from the log."""
    retry_after: int | None = None
    """Seconds until a second try makes sense, where that is known."""

    def to_json(self) -> str:
        """Return the JSON of the fields that are set."""
        return self.model_dump_json(exclude_none=True)


def problem(kind: str, detail: str, retry_after: int | None = None) -> Problem:
    """Return the problem of a kind in ``KINDS``."""
    status, title = KINDS[kind]
    return Problem(
        type=f"urn:footnote:problem:{kind}",
        title=title,
        status=status,
        detail=detail,
        instance=current_urn(),
        retry_after=retry_after,
    )


def kind_of(error: Exception) -> str:
    """Return the error's kind if it is in ``KINDS``, else ``internal-error``."""
    return error.kind if isinstance(error, FootnoteError) and error.kind in KINDS else "internal-error"


def problem_of(error: Exception) -> Problem:
    """Return the problem that a client is shown: an error's own message only if it is written for users."""
    kind = kind_of(error)
    if kind == "internal-error":
        return problem(kind, "The server could not answer. Its log says why.")
    seconds = error.retry_after if isinstance(error, ModelBusyError | LaterError) else None
    return problem(kind, str(error), None if seconds is None else ceil(seconds))
