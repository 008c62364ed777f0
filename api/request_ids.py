"""What a request is known by, to who asked and in the log."""

from contextvars import ContextVar

current: ContextVar[str | None] = ContextVar("request_id", default=None)
"""That of the request which is being answered; None outside of one."""
