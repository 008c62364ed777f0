"""Failures as problem details (RFC 9457): one table from what went wrong to what HTTP calls it."""

from collections.abc import Mapping
from math import ceil

from pydantic import BaseModel, ConfigDict

from api.core.request_ids import current_urn
from api.core.retry_errors import LaterError
from indexes.errors import FootnoteError
from rag.errors import ModelBusyError

MEDIA_TYPE = "application/problem+json"

# kind: (status, title). A kind that is missing here is a 500, and its message stays in the log.
KINDS: Mapping[str, tuple[int, str]] = {
    "bad-question": (400, "The question cannot be asked"),
    "bad-filter": (400, "The filters cannot be applied"),
    "bad-place": (400, "The document has no such place"),
    "bad-form": (400, "The form cannot be read"),
    "bad-json": (400, "The request is not JSON"),
    "bad-chat": (400, "The chat cannot be answered"),
    "malformed": (400, "The request is not what Slack sends"),
    "unauthorized": (401, "A key is needed"),
    "unsigned": (401, "The request is not signed by Slack"),
    "forbidden": (403, "The key is not for this"),
    "cross-site": (403, "Another site asks"),
    "not-found": (404, "There is nothing here"),
    "no-such-model": (404, "There is no such model"),
    "method-not-allowed": (405, "That cannot be done here"),
    "body-too-slow": (408, "The request came too slowly"),
    "conversation-busy": (409, "The conversation is busy"),
    "original-changed": (409, "The file is not what was indexed"),
    "not-uploaded": (409, "The document was not uploaded"),
    "uploads-taken": (409, "The documents have a folder of that name"),
    "index-busy": (409, "The index is being written"),
    "no-roots": (409, "It is not known where the documents lie"),
    "sync-refused": (409, "The index was left as it is"),
    "original-gone": (410, "The file is not there any more"),
    "question-too-long": (413, "The question is too long"),
    "body-too-large": (413, "The request is too large"),
    "bad-media-type": (415, "The request is not JSON"),
    "not-a-form": (415, "The request is not a form"),
    "unread-format": (415, "The format is not read"),
    "unknown-host": (421, "This server goes by another name"),
    "bad-request": (422, "The request is not as it should be"),
    "too-many-requests": (429, "Too many requests"),
    "bad-language": (422, "There is no such language"),
    "bad-name": (422, "The name cannot be used"),
    "page-unreadable": (422, "The page cannot be shown"),
    "internal-error": (500, "Something went wrong"),
    "model-error": (502, "The language model failed"),
    "model-unauthorized": (502, "The language model refused the key"),
    "model-unreachable": (502, "The language model cannot be reached"),
    "model-busy": (503, "The language model is busy"),
    "too-busy": (503, "Too many questions at once"),
    "not-ready": (503, "The server is not ready to answer"),
    "index-missing": (503, "There is no index"),
    "index-locked": (503, "The index is being written"),
    "index-unreadable": (503, "The index cannot be read"),
    "encoder-mismatch": (503, "The index was made by another embedding model"),
    "encoder-unavailable": (503, "The embedding model is not available"),
    "reranker-unavailable": (503, "The reranking model is not available"),
    "pages-busy": (503, "Many pages are being drawn"),
    "too-many-followers": (503, "Many follow this already"),
    "uploads-unusable": (503, "Uploads cannot be kept"),
    "slack-busy": (503, "Another process runs the Slack bot"),
    "slack-unavailable": (503, "Slack cannot be reached"),
    "records-unusable": (503, "The server cannot keep its records"),
    "chroma-unavailable": (503, "Chroma is not available"),
    "model-timeout": (504, "The language model took too long"),
    "deadline-passed": (504, "The answer took too long"),
}


class Problem(BaseModel):
    """A failure in words; ``type`` and ``status`` are stable, ``detail`` is for people."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    """Names the request, as the log does."""
    retry_after: int | None = None
    """Seconds, where it is known when a second try makes sense."""

    def to_json(self) -> str:
        return self.model_dump_json(exclude_none=True)


def problem(kind: str, detail: str, retry_after: int | None = None) -> Problem:
    """The problem of a kind that is in the table."""
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
    """One of the table's, of which there are only so many."""
    return error.kind if isinstance(error, FootnoteError) and error.kind in KINDS else "internal-error"


def problem_of(error: Exception) -> Problem:
    """The problem that an error is to a user: its own words where it has words for users, else none of its insides."""
    if isinstance(error, FootnoteError) and error.kind in KINDS:
        return problem(error.kind, str(error), _retry_after(error))
    return problem("internal-error", "The server could not answer; its log says why.")


def _retry_after(error: FootnoteError) -> int | None:
    seconds = error.retry_after if isinstance(error, ModelBusyError | LaterError) else None
    return None if seconds is None else ceil(seconds)
