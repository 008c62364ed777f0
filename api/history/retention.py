"""Daily chores of a server, such as deleting old records."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from indexes.errors import FootnoteError

log = logging.getLogger(__name__)
_DAY = 24 * 3600.0


@contextmanager
def daily(chores: Sequence[Callable[[], None]], seconds: float = _DAY) -> Iterator[None]:
    """Run the chores once a day in a thread, until the context ends. A failure is logged and tried again next day."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(seconds):
            for chore in chores:
                try:
                    chore()
                except FootnoteError as error:
                    log.exception("A daily chore failed: %s", error.kind)

    thread = threading.Thread(target=work, name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
