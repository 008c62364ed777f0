"""The store of pulled models: a folder for each, whole or absent."""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from indexes.models.model_registry import KNOWN, KnownModel, ModelFile
from indexes.storage.fsync import fsync_path

State = Literal["present", "absent", "damaged"]
_MANIFEST = "footnote-model.json"
"""Lists the files of a pulled model that is not in the registry."""
_STAGING = ".pulling-"


@dataclass(frozen=True, slots=True)
class ModelStore:
    """Models by name in one folder; ``org/model`` is in the folder ``org``."""

    folder: Path

    def place(self, name: str) -> Path:
        """The folder of a model, whether it exists or not."""
        return self.folder / name

    def state(self, name: str) -> State:
        """Whether the model is whole. Reads every file of it."""
        files = self.files(name)
        if not files or not self.place(name).is_dir():
            return "absent"
        return "damaged" if _fault(self.place(name), files) else "present"

    def files(self, name: str) -> tuple[ModelFile, ...]:
        """The files of a model; none if it is neither in the registry nor pulled."""
        if name in KNOWN:
            return KNOWN[name].files
        try:
            rows = json.loads((self.place(name) / _MANIFEST).read_text(encoding="utf-8"))
            return tuple(ModelFile(**row) for row in rows)
        except (OSError, ValueError, TypeError):  # not pulled, or not by Footnote
            return ()

    def missing(self, model: KnownModel) -> str | None:
        """Why the model cannot be used, with the way out; None if each of its files is as published."""
        fault = _fault(self.place(model.name), model.files)
        if fault is None:
            return None
        absent = not self.place(model.name).is_dir()
        reason = f"is not in {self.folder}" if absent else f"in {self.folder} is damaged ({fault})"
        return f"The model {model.name} {reason}: fetch it with `footnote models pull {model.name}`."

    def pulled(self) -> list[str]:
        """The names of the models in this folder, whole or not."""
        hub = (file.parent.relative_to(self.folder).as_posix() for file in self.folder.glob(f"*/*/{_MANIFEST}"))
        known = (name for name in KNOWN if self.place(name).is_dir())
        return sorted([*known, *hub])

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """An empty folder that becomes the model's folder if the block ends without an exception.

        One process at a time; another one waits. Deletes what a killed process left. Raises ``OSError``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the system drops it when the process ends, whatever ends it
            for leftover in self.folder.glob(f"{_STAGING}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            with TemporaryDirectory(prefix=_STAGING, dir=self.folder) as scratch:
                new = Path(scratch, "model")
                new.mkdir()
                yield new
                for file in new.rglob("*"):
                    fsync_path(file)
                place = self.place(name)
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.exists():  # a kill between the two renames leaves no model, never half of one
                    place.replace(Path(scratch, "before"))
                new.replace(place)
                fsync_path(place.parent)


def write_manifest(folder: Path) -> None:
    """Write the list of the files in a folder, by which damage is detected later."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [ModelFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path)) for path in paths]
    (folder / _MANIFEST).write_text(json.dumps([asdict(file) for file in files], indent=1), encoding="utf-8")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fault(folder: Path, files: Iterable[ModelFile]) -> str | None:
    for file in files:
        path = folder / file.name
        if not path.is_file():
            return f"{file.name} is missing"
        if path.stat().st_size != file.size or sha256_of(path) != file.sha256:
            return f"{file.name} is not the published file"
    return None
