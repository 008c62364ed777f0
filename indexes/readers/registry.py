"""Registers a reader for each format, and reads files by them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

from indexes.errors import ReadError
from indexes.protocols import Reader
from indexes.readers.extraction.budget import Budget
from indexes.readers.extraction.extraction_builder import one_line
from indexes.readers.pages import ocr
from indexes.types import Extraction

# suffix: (media type, module, reader). A module is imported when the first file of its format is read.
READERS = {
    ".txt": ("text/plain", "markup.text", "read_plain"),
    ".md": ("text/markdown", "markup.text", "read_markdown"),
    ".markdown": ("text/markdown", "markup.text", "read_markdown"),
    ".csv": ("text/csv", "markup.text", "read_csv"),
    ".tsv": ("text/tab-separated-values", "markup.text", "read_tsv"),
    ".rst": ("text/x-rst", "markup.rst", "read_rst"),
    ".json": ("application/json", "markup.json_data", "read_json"),
    ".jsonl": ("application/jsonl", "markup.json_data", "read_jsonl"),
    ".html": ("text/html", "markup.html", "read_html"),
    ".htm": ("text/html", "markup.html", "read_html"),
    ".epub": ("application/epub+zip", "markup.epub", "read_epub"),
    ".eml": ("message/rfc822", "eml", "read_eml"),
    ".msg": ("application/vnd.ms-outlook", "msg", "read_msg"),
    ".zip": ("application/zip", "zip", "read_zip"),
    ".pdf": ("application/pdf", "pages.pdf", "read_pdf"),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "office.docx", "read_docx"),
    ".pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "office.pptx", "read_pptx"),
    ".odt": ("application/vnd.oasis.opendocument.text", "office.odt", "read_odt"),
    ".rtf": ("application/rtf", "office.rtf", "read_rtf"),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "office.xlsx", "read_xlsx"),
} | {
    suffix: (media_type, "markup.code", "read_code")
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
PICTURE_READERS = {
    suffix: (media_type, "pages.images", "read_picture")
    for suffix, media_type in {
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".tif": "image/tiff",
        ".tiff": "image/tiff",
    }.items()
}
if ocr.installed():  # else pictures are skipped, as folders are full of them
    READERS |= PICTURE_READERS
SUFFIXES = frozenset(READERS)
HOLD_FILES = frozenset({".eml", ".msg", ".zip"})
"""The formats whose files hold documents of their own."""
_MAX_HEADING = 300
"""Characters of a title or heading, which every passage repeats."""
_MAX_REASON = 300
"""Characters. A parser may repeat a whole file in its complaint."""


def media_type(path: str) -> str:
    """Return the media type of a file that is read."""
    return READERS[Path(path).suffix.lower()][0]


def suffix_of(media_type: str) -> str:
    """Return the first suffix of a media type; empty if it is not read."""
    return next((suffix for suffix, known in READERS.items() if known[0] == media_type), "")


def read_file(path: Path, budget: Budget | None = None) -> Extraction:
    """Read a file by its format's reader. Raises ``ReadError`` with the reason.

    ``budget`` is what is left for the files in it, if it lies in a file itself. For files from outside, ``Sandbox`` is
    safer.
    """
    suffix = path.suffix.lower()
    _, module, function = READERS[suffix]
    read = getattr(import_module(f"indexes.readers.{module}"), function)
    reader: Reader = partial(read, budget=budget or Budget()) if suffix in HOLD_FILES else read
    extraction = reader(path)
    sections = tuple(
        replace(section, heading=tuple(part[:_MAX_HEADING] for part in section.heading))
        if any(len(part) > _MAX_HEADING for part in section.heading)
        else section
        for section in extraction.sections
    )
    return replace(extraction, title=extraction.title[:_MAX_HEADING], sections=sections)


def read_or_reason(read: Callable[[], Extraction]) -> Extraction | str:
    """Return what was read, or why it was not."""
    try:
        return read()
    except ReadError as error:
        return one_line(str(error))[:_MAX_REASON]
    except MemoryError:
        return "needs more memory to read than is allowed"
    except OSError as error:
        return f"cannot be opened: {error.strerror or error}"
    except Exception as error:  # noqa: BLE001 - a parser may raise anything over a hostile file; the other files go on
        return one_line(f"cannot be read: {type(error).__name__}: {error}")[:_MAX_REASON]
