"""The id of the request that is being handled, for its sender and for the log."""

from contextvars import ContextVar
from urllib.parse import quote

HEADER = "X-Request-ID"
current: ContextVar[str | None] = ContextVar("request_id", default=None)
"""None outside of a request."""


def current_urn() -> str | None:
    """Return ``urn:footnote:request:…``, for a problem's ``instance``."""
    request_id = current.get()
    return request_id and f"urn:footnote:request:{quote(request_id, safe='')}"
