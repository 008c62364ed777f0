"""The folder that pulled models lie in: a folder each, all of it there or none."""

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
"""What was pulled of a model whose files no table of ours names."""
_STAGING = ".pulling-"


@dataclass(frozen=True, slots=True)
class ModelStore:
    """Models by name under one folder, ``org/model`` in a folder of its owner."""

    folder: Path

    def place(self, name: str) -> Path:
        return self.folder / name

    def state(self, name: str) -> State:
        """Reads every file of the model."""
        files = self.files(name)
        if not files or not self.place(name).is_dir():
            return "absent"
        return "damaged" if _fault(self.place(name), files) else "present"

    def files(self, name: str) -> tuple[ModelFile, ...]:
        """Those that make up the model; none where it is not known and was not pulled."""
        return KNOWN[name].files if name in KNOWN else _read_manifest(self.place(name))

    def missing(self, model: KnownModel) -> str | None:
        """Why the model cannot be used, with the way out; None where each of its files is as published."""
        fault = _fault(self.place(model.name), model.files)
        if fault is None:
            return None
        absent = not self.place(model.name).is_dir()
        reason = f"is not in {self.folder}" if absent else f"in {self.folder} is damaged ({fault})"
        return f"The model {model.name} {reason}: fetch it with `footnote models pull {model.name}`."

    def pulled(self) -> list[str]:
        """The names of what lies here, whole or not."""
        hub = (file.parent.relative_to(self.folder).as_posix() for file in self.folder.glob(f"*/*/{_MANIFEST}"))
        known = (name for name in KNOWN if self.place(name).is_dir())
        return sorted([*known, *hub])

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """An empty folder that becomes the model's own when the block ends well; else nothing changes.

        One process at a time, another waits. What a killed one left is removed by the next. Raises ``OSError``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with _alone(self.folder), TemporaryDirectory(prefix=_STAGING, dir=self.folder) as scratch:
            made = Path(scratch, "model")
            made.mkdir()
            yield made
            for file in made.rglob("*"):
                fsync_path(file)
            _put(made, self.place(name), Path(scratch, "before"))


def write_manifest(folder: Path) -> None:
    """Lists what is in the folder, so that damage can be told later."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [ModelFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path)) for path in paths]
    (folder / _MANIFEST).write_text(json.dumps([asdict(file) for file in files], indent=1), encoding="utf-8")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(folder: Path) -> tuple[ModelFile, ...]:
    try:
        rows = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return tuple(ModelFile(**row) for row in rows)
    except (OSError, ValueError, TypeError):  # not pulled, or not by us
        return ()


def _fault(folder: Path, files: Iterable[ModelFile]) -> str | None:
    for file in files:
        path = folder / file.name
        if not path.is_file():
            return f"{file.name} is missing"
        if path.stat().st_size != file.size or sha256_of(path) != file.sha256:
            return f"{file.name} is not the published file"
    return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The system drops the lock with the process, whatever ends it."""
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for left in folder.glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _put(made: Path, place: Path, before: Path) -> None:
    """A folder that holds files cannot be replaced in one step: a kill between the two leaves no model, never half."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.replace(before)
    made.replace(place)
    fsync_path(place.parent)
