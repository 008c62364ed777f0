"""Refusals of a server that has too much to do: they say when to come again."""

from indexes.errors import FootnoteError


class LaterError(FootnoteError):
    """Not now; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyRequestsError(LaterError):
    """Somebody asks more often than anyone may."""

    kind = "too-many-requests"


class TooBusyError(LaterError):
    """More questions wait than may."""

    kind = "too-busy"


class DeadlineError(FootnoteError):
    """An answer was not there in time, waiting included."""

    kind = "deadline-passed"
