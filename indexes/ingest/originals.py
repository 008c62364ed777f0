"""The files that documents were read from, found again where they were indexed, and only as they were then."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from indexes.errors import OriginalChangedError, OriginalGoneError, ReadError
from indexes.ingest.files import Copy, copy_for_reading
from indexes.ingest.folder_scan import path_prefix, printable_path
from indexes.ingest.uploads import PREFIX, uploads_of
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Originals:
    """Where an index's files lie: its folders as of the last run, and that of its uploads."""

    roots: tuple[Path, ...]
    uploads: Path | None = None

    @classmethod
    def of(cls, catalog: Catalog, index: Path) -> "Originals":
        return cls(catalog.roots, uploads_of(index))

    def sources(self, path: str) -> Iterator[Path]:
        """Where the file at this path in the index may be: there is one there, and no link leads out of its folder."""
        if self.uploads and path.startswith(PREFIX):
            yield from _beneath(self.uploads, path.removeprefix(PREFIX))
            return
        for root in self.roots:
            prefix = path_prefix(root, self.roots)
            if root.is_file() and path == printable_path(root.name):
                yield root.resolve()
            elif root.is_dir() and path.startswith(printable_path(prefix)):
                yield from _beneath(root, path[len(printable_path(prefix)) :])

    @contextmanager
    def copied(self, path: str, sha256: str, limits: ReadingLimits) -> Iterator[Path]:
        """A copy that is what was indexed, to the byte; it goes afterwards.

        Raises ``OriginalGoneError`` or ``OriginalChangedError``, which name the path in the index and no other.
        """
        with ExitStack() as opened:
            copies: list[Copy] = []
            for source in self.sources(path):
                with suppress(OSError, ReadError):  # it went, or grew beyond what is read, since it was looked for
                    copies.append(opened.enter_context(copy_for_reading(path, source, limits)))
            if not copies:
                raise OriginalGoneError(f"{path} is not where it was indexed: it was moved, renamed or deleted.")
            as_indexed = [copy.file for copy in copies if copy.state.sha256 == sha256]
            if not as_indexed:
                raise OriginalChangedError(f"{path} was changed since it was indexed: have it indexed again first.")
            yield as_indexed[0]


def _beneath(root: Path, name: str) -> Iterator[Path]:
    real = root.resolve()
    place = real
    for part in name.split("/"):
        place = place / _real_name(place, part)
    source = Path(os.path.realpath(place))
    if source.is_relative_to(real) and source.is_file():
        yield source


def _real_name(folder: Path, part: str) -> str:
    """What is spelled out in the index, as bytes that are no text, is looked for."""
    if "\\" not in part or not folder.is_dir():
        return part
    return next((place.name for place in folder.iterdir() if printable_path(place.name) == part), part)
