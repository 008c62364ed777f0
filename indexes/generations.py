"""An index folder's generations: each a catalog and a Chroma copy of one embedding model. One of them answers.

Vectors of two models cannot be compared, and models differ in how long a passage they read. A new model therefore gets
a generation of its own, built beside the one that answers until one file is replaced: the pointer to the current one.
"""

import os
import shutil
import uuid
from contextlib import closing
from pathlib import Path

from indexes.catalog import Catalog
from indexes.errors import IndexMissingError, IndexUnreadableError

_POINTER = "current"
_CATALOG = "catalog.sqlite3"
_CHROMA = "chroma"
_FILES = (_CATALOG, f"{_CATALOG}-wal", f"{_CATALOG}-shm")


class Generations:
    """Which folder answers, and which is written. All but ``current`` need the writer's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def current(self) -> Path:
        """The folder of the one that answers; until the first switch it is the index folder itself."""
        try:
            return self._folder / (self._folder / _POINTER).read_text("utf-8").strip()
        except FileNotFoundError:
            return self._folder

    def of_model(self, model: str) -> Path:
        """Where this model's generation is, perhaps half built, or is to be made."""
        current = self.current
        if model_of(current) in (None, model):
            return current
        built = (folder for folder in self._all() if model_of(folder) == model)
        return next(built, self._folder / "generations" / uuid.uuid4().hex[:8])

    def switch(self, to: Path) -> None:
        """From here on ``to`` answers: for every process, at once, and after a power cut."""
        if to == self.current:
            return
        new = self._folder / f"{_POINTER}.new"
        with new.open("w", encoding="utf-8") as file:
            file.write(str(to.relative_to(self._folder)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / _POINTER)
        _sync_folder(self._folder)

    def others(self, keep: Path) -> list[Path]:
        """All but the current one and ``keep``: of models that were given up, and those before the last switch."""
        return [folder for folder in self._all() if folder not in (self.current, keep)]

    def drop(self, generation: Path) -> None:
        for name in _FILES:
            (generation / name).unlink(missing_ok=True)
        shutil.rmtree(generation / _CHROMA if generation == self._folder else generation, ignore_errors=True)

    def _all(self) -> list[Path]:
        """Also those without a catalog: a kill may come before it was made, or while they were dropped."""
        return [self._folder, *sorted((self._folder / "generations").glob("*"))]


def catalog_file(generation: Path) -> Path:
    return generation / _CATALOG


def chroma_folder(generation: Path) -> Path:
    return generation / _CHROMA


def model_of(generation: Path) -> str | None:
    """The embedding model that made it; None where nothing was made yet, or a kill came before."""
    try:
        with closing(Catalog(catalog_file(generation))) as catalog:
            return catalog.get("encoder")
    except (IndexMissingError, IndexUnreadableError):
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
