"""The id of a request, for its sender and for the log: from its own ``X-Request-ID``, or a new one."""

import re
import secrets
from contextvars import ContextVar
from urllib.parse import quote

HEADER = "X-Request-ID"
current: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being handled; None outside of one."""
_VALID = re.compile(r"[!-~]{1,128}")


def accept_id(sent: str | None) -> str:
    """Return the id that was sent if it has 1 to 128 visible ASCII characters, else a new one.

    Any other could forge a line of the log.
    """
    return sent if sent and _VALID.fullmatch(sent) else secrets.token_urlsafe(16)


def current_urn() -> str | None:
    """Return ``urn:footnote:request:…``, for a problem's ``instance``."""
    request_id = current.get()
    return request_id and f"urn:footnote:request:{quote(request_id, safe='')}"
