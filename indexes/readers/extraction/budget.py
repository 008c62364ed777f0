"""The limits for all files within one file together, at any depth."""

from dataclasses import dataclass

from indexes.errors import ReadError

LEVELS = 3
"""A mail in a zip in a zip is read; what lies in a zip in that mail is not."""
_FILES = 10_000
_MB = 500


@dataclass(slots=True)
class Budget:
    """What is left: files, bytes, and levels below this one. One budget serves a whole file on disk."""

    files: int = _FILES
    bytes: int = _MB * 2**20
    levels: int = LEVELS

    def check(self, files: int, size: int) -> None:
        """Raise ``ReadError`` if so many files or bytes are too much, before anything is unpacked."""
        if files > self.files:
            raise ReadError(f"holds more files than are left of the {_FILES} allowed within one file")
        if size > self.bytes:
            raise ReadError(f"takes more than is left of the {_MB} MB allowed for all files within one")

    def spend(self, files: int, size: int) -> None:
        """Take files and bytes off the budget. Raises ``ReadError`` as ``check`` does."""
        self.check(files, size)
        self.files -= files
        self.bytes -= size

    def check_levels(self) -> None:
        """Raise ``ReadError`` if no level is left."""
        if not self.levels:
            raise ReadError(f"lies in files within files deeper than the {LEVELS} levels that are opened")
