"""Files within files. Each is read by its own reader, and one that cannot be read costs itself only."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

from indexes.readers.extraction.budget import Budget
from indexes.readers.extraction.extraction_builder import one_line
from indexes.readers.registry import SUFFIXES, read_file, read_or_reason
from indexes.types import EmbeddedDocument, Extraction

_MAX_NAME = 300
"""Characters. Names within files have no limit of their own; nobody reads more."""
_NAMED = 10
"""As many names stand in a note."""


class EmbeddedFiles:
    """The files that one file holds. Paths are made safe and unique, since names in zips and mails may be anything."""

    def __init__(self, allowance: Budget) -> None:
        self._allowance = allowance
        self._parts: list[EmbeddedDocument] = []
        self._notes: list[str] = []
        self._left_out: list[str] = []
        self._copies: dict[str, int] = {}

    def add(self, name: str, content: Iterable[bytes]) -> str:
        """The path it is known by. One of another format is left out, and noted."""
        path = self._unique(safe_path(name))
        suffix = PurePosixPath(path).suffix.lower()
        if suffix in SUFFIXES:
            self._hold(path, lambda: self._read(path, suffix, content))
        else:
            self._left_out.append(path)
        return path

    def add_opened(self, name: str, read: Callable[[Budget], Extraction]) -> str:
        """The path of one that needs no file of its own, as a mail within a mail. It ends as ``name`` does."""
        path, suffix = safe_path(name), f".{name.rpartition('.')[2]}"
        path = self._unique(path if PurePosixPath(path).suffix == suffix else path + suffix)  # ".eml" alone is a stem
        self._hold(path, lambda: read(self._allowance))
        return path

    def leave_out(self, name: str) -> None:
        self._left_out.append(safe_path(name))

    def within(self, extraction: Extraction, left_out: str) -> Extraction:
        """The extraction of what holds them; ``left_out`` says of whatever was, what it is."""
        notes = (*extraction.notes, *self._notes)
        if self._left_out:
            notes += (f"{left_out}: {listed(self._left_out)}",)
        return replace(extraction, notes=notes, parts=tuple(_dated(part, extraction.dated) for part in self._parts))

    def _hold(self, path: str, read: Callable[[], Extraction]) -> None:
        found = read_or_reason(lambda: self._below(read))
        if isinstance(found, str):
            self._parts.append(EmbeddedDocument(path, found))
            return
        if found.text:
            self._parts.append(EmbeddedDocument(path, replace(found, parts=())))
        else:  # it is no document, so what was noted is told by the one that holds it
            self._notes += [f"{path}: {note}" for note in found.notes]
        self._parts += [EmbeddedDocument(self._unique(f"{path}/{part.path}"), part.found) for part in found.parts]

    def _below(self, read: Callable[[], Extraction]) -> Extraction:
        self._allowance.check_levels()
        self._allowance.spend(1, 0)
        self._allowance.levels -= 1
        try:
            return read()
        finally:
            self._allowance.levels += 1

    def _read(self, path: str, suffix: str, content: Iterable[bytes]) -> Extraction:
        """Its name is not the file's: a name that was made to harm harms nothing."""
        with NamedTemporaryFile(suffix=suffix) as file:
            for chunk in content:
                self._allowance.spend(0, len(chunk))
                file.write(chunk)
            file.flush()
            found = read_file(Path(file.name), self._allowance)
            # readers title what has no title by the name of its file
            title = found.title.replace(Path(file.name).stem, one_line(PurePosixPath(path).stem))
        return replace(found, title=title)

    def _unique(self, path: str) -> str:
        """Files of one name are all kept, ``plan.pdf`` and ``plan (2).pdf``: none may hide another."""
        named = PurePosixPath(path)
        unique = path
        while unique in self._copies:
            self._copies[path] += 1
            unique = str(named.with_name(f"{named.stem} ({self._copies[path]}){named.suffix}"))
        self._copies[unique] = 1
        return unique


def _dated(part: EmbeddedDocument, day: date | None) -> EmbeddedDocument:
    """What gives itself no day is of the day of what holds it, as an attachment is of its mail's."""
    if day is None or isinstance(part.found, str) or part.found.dated:
        return part
    return replace(part, found=replace(part.found, dated=day))


def safe_path(name: str) -> str:
    """A relative path of printable steps that leads nowhere else, whatever the name was."""
    steps = (one_line(step) for step in name.replace("\\", "/").split("/"))
    path = "/".join(step for step in steps if step.strip(".")) or "unnamed"
    return path if len(path) <= _MAX_NAME else f"{path[: _MAX_NAME // 2]}…{path[-_MAX_NAME // 2 :].lstrip('/')}"


def listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
