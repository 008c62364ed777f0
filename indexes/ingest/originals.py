"""Finds the files that documents were read from, if they are still as they were indexed."""

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
    """The folders of an index's last run, and that of its uploads."""

    roots: tuple[Path, ...]
    uploads: Path | None = None

    @classmethod
    def of(cls, catalog: Catalog, index: Path) -> "Originals":
        """Return the originals of a catalog in an index folder."""
        return cls(catalog.roots, uploads_of(index))

    def sources(self, path: str) -> Iterator[Path]:
        """Yield the files that may be the one at this path of the index. No link leads out of their folder."""
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
        """Open a copy that is what was indexed, to the byte; it is removed afterwards.

        Raises ``OriginalGoneError`` or ``OriginalChangedError``, which name only the path in the index.
        """
        with ExitStack() as stack:
            copies: list[Copy] = []
            for source in self.sources(path):
                with suppress(OSError, ReadError):  # it is gone meanwhile, or has grown too large
                    copies.append(stack.enter_context(copy_for_reading(path, source, limits)))
            if not copies:
                raise OriginalGoneError(f"{path} is not where it was indexed: it was moved, renamed or deleted.")
            as_indexed = [copy.file for copy in copies if copy.state.sha256 == sha256]
            if not as_indexed:
                raise OriginalChangedError(f"{path} was changed since it was indexed: index it again first.")
            yield as_indexed[0]


def _beneath(root: Path, name: str) -> Iterator[Path]:
    """Yield the file at a printable path under the root, if it is there and no link leads out of it."""
    real = root.resolve()
    place = real
    for part in name.split("/"):
        if "\\" in part and place.is_dir():  # escaped in the index
            part = next((entry.name for entry in place.iterdir() if printable_path(entry.name) == part), part)
        place = place / part
    source = Path(os.path.realpath(place))
    if source.is_relative_to(real) and source.is_file():
        yield source
