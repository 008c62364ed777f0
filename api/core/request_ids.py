"""What a request is known by, to who asked and in the log: its own ``X-Request-ID``, or one that is made."""

import re
import secrets
from contextvars import ContextVar
from urllib.parse import quote

HEADER = "X-Request-ID"
current: ContextVar[str | None] = ContextVar("request_id", default=None)
"""That of the request which is being answered; None outside of one."""
_SANE = re.compile(r"[!-~]{1,128}")


def admitted(sent: str | None) -> str:
    """The id that was sent, where it is of 1 to 128 visible ASCII characters: else it could forge a line of the log."""
    return sent if sent and _SANE.fullmatch(sent) else secrets.token_urlsafe(16)


def current_urn() -> str | None:
    """``urn:footnote:request:…``, for a problem's ``instance``."""
    request_id = current.get()
    return request_id and f"urn:footnote:request:{quote(request_id, safe='')}"
