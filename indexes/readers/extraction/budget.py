"""What the files within one file may cost together, at whatever depth they lie."""

from dataclasses import dataclass

from indexes.errors import ReadError

LEVELS = 3
"""A mail in a zip in a zip is read; what lies in a zip in that mail is not."""
_FILES = 10_000
_MB = 500


@dataclass(slots=True)
class Budget:
    """What is left of it: files, bytes, and levels below this one. One for all that a file on disk holds."""

    files: int = _FILES
    bytes: int = _MB * 2**20
    levels: int = LEVELS

    def check(self, files: int, size: int) -> None:
        """Raises ``ReadError`` where so much would be too much: nothing needs to be unpacked to know."""
        if files > self.files:
            raise ReadError(f"holds more files than are left of the {_FILES} allowed within one file")
        if size > self.bytes:
            raise ReadError(f"takes more than is left of the {_MB} MB allowed for all files within one")

    def spend(self, files: int, size: int) -> None:
        """Raises as ``check`` does."""
        self.check(files, size)
        self.files -= files
        self.bytes -= size

    def check_levels(self) -> None:
        if not self.levels:
            raise ReadError(f"lies in files within files deeper than the {LEVELS} levels that are opened")
