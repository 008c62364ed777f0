"""What must be on disk before something else names it."""

import os
from pathlib import Path


def fsync_path(path: Path) -> None:
    """A file's content, or a folder's names: there after a power cut once this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
