"""Durable files: on disk before something else refers to them."""

import os
from pathlib import Path


def fsync_path(path: Path) -> None:
    """Sync a file's content, or a folder's list of names, to disk: it survives a power cut once this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
