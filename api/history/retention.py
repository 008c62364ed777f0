"""What a server does once a day, such as forgetting what is too old."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from indexes.errors import FootnoteError

log = logging.getLogger(__name__)
_DAY = 24 * 3600.0


@contextmanager
def daily(chores: Sequence[Callable[[], None]], seconds: float = _DAY) -> Iterator[None]:
    """Does them, in a thread of their own, until the end. One that fails is logged, and done again the next day."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep, args=(chores, stop, seconds), name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _keep(chores: Sequence[Callable[[], None]], stop: threading.Event, seconds: float) -> None:
    while not stop.wait(seconds):
        for chore in chores:
            try:
                chore()
            except FootnoteError as error:
                log.exception("A daily chore failed: %s", error.kind)
