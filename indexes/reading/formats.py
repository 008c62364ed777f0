"""Which reader reads which file."""

from dataclasses import replace
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
    ".tsv": ("text/tab-separated-values", "text", "read_tsv"),
    ".rst": ("text/x-rst", "rst", "read_rst"),
    ".json": ("application/json", "data", "read_json"),
    ".jsonl": ("application/jsonl", "data", "read_jsonl"),
    ".html": ("text/html", "web", "read_html"),
    ".htm": ("text/html", "web", "read_html"),
    ".epub": ("application/epub+zip", "epub", "read_epub"),
    ".eml": ("message/rfc822", "mail", "read_eml"),
    ".pdf": ("application/pdf", "pdf", "read_pdf"),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "office", "read_docx"),
    ".pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "slides", "read_pptx"),
    ".odt": ("application/vnd.oasis.opendocument.text", "odt", "read_odt"),
    ".rtf": ("application/rtf", "rtf", "read_rtf"),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "sheets", "read_xlsx"),
} | {
    suffix: (media_type, "code", "read_code")
    for suffix, media_type in {
        ".py": "text/x-python",
        ".js": "text/javascript",
        ".ts": "text/x-typescript",
        ".java": "text/x-java",
        ".go": "text/x-go",
        ".rs": "text/x-rust",
        ".c": "text/x-c",
        ".h": "text/x-c",
        ".cpp": "text/x-c++",
        ".cs": "text/x-csharp",
        ".rb": "text/x-ruby",
        ".php": "text/x-php",
        ".sh": "text/x-sh",
        ".sql": "application/sql",
        ".yaml": "application/yaml",
        ".yml": "application/yaml",
        ".toml": "application/toml",
        ".ini": "text/plain",
        ".css": "text/css",
    }.items()
}
SUFFIXES = frozenset(_FORMATS)
_MAX_HEADING = 300
"""Characters."""


def media_type(path: str) -> str:
    return _FORMATS[Path(path).suffix.lower()][0]


def read_file(path: Path) -> Extraction:
    """Raises ``ReadError`` with the reason; for files from outside, ``sandbox`` reads more safely."""
    _, module, function = _FORMATS[path.suffix.lower()]
    reader: Reader = getattr(import_module(f"indexes.reading.{module}"), function)
    return _short(reader(path))


def _short(extraction: Extraction) -> Extraction:
    """Every passage tells its title and headings, so that one of a megabyte would be kept a thousand times."""
    sections = tuple(
        replace(section, heading=tuple(part[:_MAX_HEADING] for part in section.heading))
        if any(len(part) > _MAX_HEADING for part in section.heading)
        else section
        for section in extraction.sections
    )
    return replace(extraction, title=extraction.title[:_MAX_HEADING], sections=sections)
