"""The generations of an index: a catalog and a Chroma copy for each embedding model. One of them answers.

Vectors of two models cannot be compared, and models differ in how long a passage they read. So a new model gets a
generation of its own. It is built beside the current one until one file is replaced: the pointer to the current one.
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
    """The generations of an index folder. All methods but ``current`` need the writer's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def current(self) -> Path:
        """The folder of the current generation; until the first switch it is the index folder itself.

        Raises ``IndexUnreadableError`` if the pointer does not name a generation.
        """
        try:
            name = (self._folder / _POINTER).read_text("utf-8").strip()
        except FileNotFoundError:
            return self._folder
        except (OSError, UnicodeDecodeError) as error:
            raise self._bad_pointer(str(error)) from error
        if name != "." and not (_NAME.fullmatch(name) and catalog_file(self._folder / name).is_file()):
            raise self._bad_pointer(f"it names {name!r}, which is none of its generations")
        return self._folder / name

    def _bad_pointer(self, reason: str) -> IndexUnreadableError:
        return IndexUnreadableError(
            f"The file {self._folder / _POINTER} does not say which generation of the index answers ({reason}): bring "
            f"it back, or delete the folder {self._folder} and run `footnote index DOCS` again."
        )

    def of_model(self, model: str) -> Path:
        """The folder of this model's generation, perhaps half built, or a new one to make."""
        if model_of(self.current) in (None, model):
            return self.current
        for folder in self._all():
            with suppress(IndexUnreadableError):  # a generation that cannot be read and does not answer is not missed
                if model_of(folder) == model:
                    return folder
        return self._folder / "generations" / uuid.uuid4().hex[:8]

    def switch(self, to: Path) -> None:
        """Make ``to`` the current generation: for every process, at once, and after a power cut."""
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
        """All generations but the current one and ``keep``: those of former models and of killed runs."""
        return [folder for folder in self._all() if folder not in (self.current, keep)]

    def drop(self, generation: Path) -> None:
        """Delete a generation. What cannot be deleted now is left for the next time."""
        for file in generation.glob(f"{_CATALOG}*"):  # with SQLite's own files, and copies of older formats
            with suppress(OSError):
                file.unlink(missing_ok=True)
        shutil.rmtree(generation / _CHROMA if generation == self._folder else generation, ignore_errors=True)

    def _all(self) -> list[Path]:
        """All folders of generations, also those without a catalog that a kill left."""
        return [
            self._folder,
            *(
                folder
                for folder in sorted((self._folder / "generations").glob("*"))
                if _NAME.fullmatch(f"generations/{folder.name}") and folder.is_dir() and not folder.is_symlink()
            ),
        ]


def catalog_file(generation: Path) -> Path:
    """The catalog of a generation."""
    return generation / _CATALOG


def chroma_folder(generation: Path) -> Path:
    """The folder of a generation's Chroma snapshots."""
    return generation / _CHROMA


def model_of(generation: Path) -> str | None:
    """The name of the embedding model that made a generation; None if nothing was indexed yet."""
    try:
        with closing(Catalog(catalog_file(generation))) as catalog:
            return catalog.get("encoder")
    except IndexMissingError:
        return None
