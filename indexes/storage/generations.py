"""An index folder's generations: each a catalog and a Chroma copy of one embedding model. One of them answers.

Vectors of two models cannot be compared, and models differ in how long a passage they read. A new model therefore gets
a generation of its own, built beside the one that answers until one file is replaced: the pointer to the current one.
"""

import os
import re
import shutil
import uuid
from contextlib import closing, suppress
from pathlib import Path

from indexes.errors import IndexMissingError, IndexUnreadableError
from indexes.storage.catalog import Catalog
from indexes.storage.fsync import fsync_path

_POINTER = "current"
_CATALOG = "catalog.sqlite3"
_CHROMA = "chroma"
_NAME = re.compile(r"generations/[\w-]+")


class Generations:
    """Which folder answers, and which is written. All but ``current`` need the writer's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def current(self) -> Path:
        """The folder of the one that answers; until the first switch it is the index folder itself.

        Raises ``IndexUnreadableError`` where the pointer does not name a generation.
        """
        try:
            name = (self._folder / _POINTER).read_text("utf-8").strip()
        except FileNotFoundError:
            return self._folder
        except (OSError, UnicodeDecodeError) as error:
            raise self._lost(str(error)) from error
        if name != "." and not (_NAME.fullmatch(name) and catalog_file(self._folder / name).is_file()):
            raise self._lost(f"it names {name!r}, which is none of its generations")
        return self._folder / name

    def _lost(self, reason: str) -> IndexUnreadableError:
        return IndexUnreadableError(
            f"The file {self._folder / _POINTER} does not say which generation of the index answers ({reason}): bring "
            f"it back, or delete the folder {self._folder} and run `footnote index DOCS` again."
        )

    def of_model(self, model: str) -> Path:
        """Where this model's generation is, perhaps half built, or is to be made."""
        if model_of(self.current) in (None, model):
            return self.current
        with_model = (folder for folder in self._all() if self._made_by(folder) == model)
        return next(with_model, self._folder / "generations" / uuid.uuid4().hex[:8])

    def _made_by(self, folder: Path) -> str | None:
        """None also where it cannot be read: what does not answer is not missed."""
        with suppress(IndexUnreadableError):
            return model_of(folder)
        return None

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
        fsync_path(self._folder)

    def others(self, keep: Path) -> list[Path]:
        """All but the current one and ``keep``: of models that were given up, and those before the last switch."""
        return [folder for folder in self._all() if folder not in (self.current, keep)]

    def drop(self, generation: Path) -> None:
        """What cannot be deleted now is left for the next time."""
        for file in generation.glob(f"{_CATALOG}*"):  # with SQLite's own, and copies of older formats
            with suppress(OSError):
                file.unlink(missing_ok=True)
        shutil.rmtree(generation / _CHROMA if generation == self._folder else generation, ignore_errors=True)

    def _all(self) -> list[Path]:
        """Also those without a catalog: a kill may come before it was made, or while they were dropped."""
        return [
            self._folder,
            *(
                folder
                for folder in sorted((self._folder / "generations").glob("*"))
                if _NAME.fullmatch(f"generations/{folder.name}") and folder.is_dir() and not folder.is_symlink()
            ),
        ]


def catalog_file(generation: Path) -> Path:
    return generation / _CATALOG


def chroma_folder(generation: Path) -> Path:
    return generation / _CHROMA


def model_of(generation: Path) -> str | None:
    """The embedding model that made it; None where nothing was made yet, or a kill came before."""
    try:
        with closing(Catalog(catalog_file(generation))) as catalog:
            return catalog.get("encoder")
    except IndexMissingError:
        return None
