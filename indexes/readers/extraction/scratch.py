"""Folders of our own in the system's temporary one, which may not outlive us: they hold copies of documents."""

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_PREFIX = "footnote-reading-"
_NEW_S = 60
"""A folder this new may have been made, and not locked yet."""


class ScratchFolder(TemporaryDirectory[str]):
    """Held by a lock that the system drops with the process, whatever ends it: unlike its number, no other has it."""

    def __init__(self) -> None:
        super().__init__(prefix=_PREFIX, ignore_cleanup_errors=True)
        self._held = os.open(self.name, os.O_RDONLY | os.O_DIRECTORY)
        with suppress(OSError):  # where nothing can be locked, nothing is swept either
            fcntl.flock(self._held, fcntl.LOCK_SH)

    def cleanup(self) -> None:
        super().cleanup()
        os.close(self._held)


def sweep() -> None:
    """Removes this user's scratch folders that nobody holds any more, as a process leaves them that was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}????????"):
        with suppress(OSError):  # it is gone meanwhile, or held
            _remove_stale(folder)


def _remove_stale(folder: Path) -> None:
    facts = folder.lstat()
    if facts.st_uid != os.getuid() or time.time() - facts.st_mtime < _NEW_S:
        return
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(held)
