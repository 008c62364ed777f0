"""Reads files within files. Each has its own reader, and one that cannot be read costs only itself."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

from indexes.readers.extraction.budget import Budget
from indexes.readers.extraction.extraction_builder import one_line
from indexes.readers.registry import SUFFIXES, read_file, read_or_reason
from indexes.types import EmbeddedDocument, Extraction

_MAX_NAME = 300
"""Characters of a path. Names within files have no limit of their own."""
_MAX_NAMED = 10
"""Names in a note, at most."""


class EmbeddedFiles:
    """The files that one file holds. Their paths are safe and unique, whatever their names."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._parts: list[EmbeddedDocument] = []
        self._notes: list[str] = []
        self._left_out: list[str] = []
        self._copies: dict[str, int] = {}

    def add(self, name: str, content: Iterable[bytes]) -> str:
        """Read a file and return its path. A file of another format is left out, with a note."""
        path = self._unique(safe_path(name))
        suffix = PurePosixPath(path).suffix.lower()

        def read() -> Extraction:
            """Read the content from a temporary file."""
            with NamedTemporaryFile(suffix=suffix) as file:  # never by its own name, which may be made to harm
                for chunk in content:
                    self._budget.spend(0, len(chunk))
                    file.write(chunk)
                file.flush()
                extraction = read_file(Path(file.name), self._budget)
                # readers take the file's name for a missing title
                title = extraction.title.replace(Path(file.name).stem, one_line(PurePosixPath(path).stem))
            return replace(extraction, title=title)

        if suffix in SUFFIXES:
            self._add_part(path, read)
        else:
            self._left_out.append(path)
        return path

    def add_opened(self, name: str, read: Callable[[Budget], Extraction]) -> str:
        """Read one that needs no file of its own, as a mail within a mail. Its path keeps the suffix of ``name``."""
        path, suffix = safe_path(name), f".{name.rpartition('.')[2]}"
        path = self._unique(path if PurePosixPath(path).suffix == suffix else path + suffix)  # ".eml" alone is a stem
        self._add_part(path, lambda: read(self._budget))
        return path

    def leave_out(self, name: str) -> None:
        """Note a file that is not read."""
        self._left_out.append(safe_path(name))

    def within(self, extraction: Extraction, left_out: str) -> Extraction:
        """Return the holder's extraction with these parts, which take its date if they have none.

        ``left_out`` is the note on the files that were left out.
        """
        notes = (*extraction.notes, *self._notes)
        if self._left_out:
            names, further = ", ".join(self._left_out[:_MAX_NAMED]), len(self._left_out) - _MAX_NAMED
            notes += (f"{left_out}: {names} and {further} more" if further > 0 else f"{left_out}: {names}",)
        parts = tuple(
            replace(part, found=replace(part.found, dated=part.found.dated or extraction.dated))
            if isinstance(part.found, Extraction)
            else part
            for part in self._parts
        )
        return replace(extraction, notes=notes, parts=parts)

    def _add_part(self, path: str, read: Callable[[], Extraction]) -> None:
        def read_one_level_down() -> Extraction:
            """Read within the budget, which has one level less meanwhile."""
            self._budget.check_levels()
            self._budget.spend(1, 0)
            self._budget.levels -= 1
            try:
                return read()
            finally:
                self._budget.levels += 1

        content = read_or_reason(read_one_level_down)
        if isinstance(content, str):
            self._parts.append(EmbeddedDocument(path, content))
            return
        if content.text:
            self._parts.append(EmbeddedDocument(path, replace(content, parts=())))
        else:  # it is no document, so its notes go to the holder
            self._notes += [f"{path}: {note}" for note in content.notes]
        self._parts += [EmbeddedDocument(self._unique(f"{path}/{part.path}"), part.found) for part in content.parts]

    def _unique(self, path: str) -> str:
        """Number files of one name, ``plan.pdf`` and ``plan (2).pdf``, so that none hides another."""
        original = PurePosixPath(path)
        unique = path
        while unique in self._copies:
            self._copies[path] += 1
            unique = str(original.with_name(f"{original.stem} ({self._copies[path]}){original.suffix}"))
        self._copies[unique] = 1
        return unique


def safe_path(name: str) -> str:
    """Return a relative path of printable steps that stays in its folder, whatever the name was."""
    steps = (one_line(step) for step in name.replace("\\", "/").split("/"))
    path = "/".join(step for step in steps if step.strip(".")) or "unnamed"
    return path if len(path) <= _MAX_NAME else f"{path[: _MAX_NAME // 2]}…{path[-_MAX_NAME // 2 :].lstrip('/')}"
