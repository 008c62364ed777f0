"""Temporary folders for copies of documents, which never outlive their process for long."""

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
"""A folder as new as this may not be locked yet."""


class ScratchFolder(TemporaryDirectory[str]):
    """A folder held by a lock, which the system drops with the process; a process id could be another's."""

    def __init__(self) -> None:
        super().__init__(prefix=_PREFIX, ignore_cleanup_errors=True)
        self._descriptor = os.open(self.name, os.O_RDONLY | os.O_DIRECTORY)
        with suppress(OSError):  # where nothing can be locked, nothing is swept either
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def cleanup(self) -> None:
        """Remove the folder and drop its lock."""
        super().cleanup()
        os.close(self._descriptor)


def sweep() -> None:
    """Remove this user's scratch folders that nobody holds any more, as killed processes leave them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}????????"):
        with suppress(OSError):  # it is gone meanwhile, or held
            facts = folder.lstat()
            if facts.st_uid != os.getuid() or time.time() - facts.st_mtime < _NEW_S:
                continue
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)
