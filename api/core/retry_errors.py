"""Errors of a server under load. Some say when to try again."""

from indexes.errors import FootnoteError


class LaterError(FootnoteError):
    """The request cannot be served now; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyRequestsError(LaterError):
    """A caller exceeds the rate limit."""

    kind = "too-many-requests"


class TooBusyError(LaterError):
    """The queue of questions is full."""

    kind = "too-busy"


class DeadlineError(FootnoteError):
    """An answer, waiting included, was not complete in time."""

    kind = "deadline-passed"
