"""Which reader reads which file."""

from importlib import import_module
from pathlib import Path

from indexes.protocols import Reader
from indexes.types import Extraction

# suffix: (media type, module, reader). Modules are imported when a file of theirs comes.
_FORMATS = {
    ".txt": ("text/plain", "text", "read_plain"),
    ".md": ("text/markdown", "text", "read_markdown"),
    ".markdown": ("text/markdown", "text", "read_markdown"),
    ".csv": ("text/csv", "text", "read_csv"),
    ".html": ("text/html", "web", "read_html"),
    ".htm": ("text/html", "web", "read_html"),
    ".pdf": ("application/pdf", "pdf", "read_pdf"),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "office", "read_docx"),
}
SUFFIXES = frozenset(_FORMATS)


def media_type(path: str) -> str:
    return _FORMATS[Path(path).suffix.lower()][0]


def read_file(path: Path) -> Extraction:
    """Raises ``ReadError`` with the reason; for files from outside, ``sandbox`` reads more safely."""
    _, module, function = _FORMATS[path.suffix.lower()]
    reader: Reader = getattr(import_module(f"indexes.reading.{module}"), function)
    return reader(path)
