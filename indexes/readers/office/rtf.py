"""Rich Text Format. The library gives text alone: marks set beforehand tell its headings and tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from striprtf.striprtf import rtf_to_text

from indexes.errors import ReadError
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.types import Extraction

_CELL, _ROW, _LEVEL = "\ue000", "\ue001", 0xE010
"""Characters for private use: the end of a cell and of a row, and from ``_LEVEL`` the levels of headings."""
_STYLE = re.compile(r"\{\\s(\d+)\b[^{}]*(?:\{[^{}]*\}[^{}]*)*?\bheading (\d);\}", re.IGNORECASE)
_USED = re.compile(r"(\\pard\b[^{}]{0,500}?\\s)(\d+)(?![\d])")
_TITLE = re.compile(r"\{\\title ([^{}\\]+)\}")

_BULLET = re.compile("^[\uf0a7\uf0b7\u2022\u00b7]\\s+")
"""As the Symbol font has them, and Unicode."""


def read_rtf(path: Path) -> Extraction:
    data = path.read_bytes()
    if not data.strip():
        raise ReadError("holds no text")
    if not data.lstrip().startswith(b"{\\rtf"):
        raise ReadError("is not Rich Text (.rtf), or damaged")
    source = data.decode("latin-1")
    draft = ExtractionBuilder()
    add_rtf(source, draft)
    title = _TITLE.search(source)
    return draft.finish(title[1] if title else path.stem)


def add_rtf(source: str, draft: ExtractionBuilder) -> None:
    """For Rich Text within other formats, too; a character a byte. Raises ``ReadError``."""
    try:
        text = rtf_to_text(_marked(source), errors="replace")  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, LookupError) as error:
        raise ReadError("is not Rich Text (.rtf), or damaged") from error
    for rows, line in _blocks(text):
        if rows:
            draft.table(rows)
        elif (level := ord(line[0]) - _LEVEL) in range(1, 10):
            draft.heading(level, line[1:])
        else:
            draft.paragraph(_BULLET.sub("- ", line).replace("\t", " "))


def _marked(source: str) -> str:
    """With the marks beside the control words; those with a backslash before them are text."""
    levels = {style: int(level) for style, level in _STYLE.findall(source)}

    def mark(match: re.Match[str]) -> str:
        level = levels.get(match[2])
        return f"{match[0]} {chr(_LEVEL + level)}" if level else match[0]

    source = _USED.sub(mark, source)
    source = re.sub(r"(?<!\\)\\(?:nest)?cell(?![a-z\d])", lambda _: f"\\tab {_CELL}", source)
    return re.sub(r"(?<!\\)\\row(?![a-z\d])", lambda _: f"\\tab {_ROW}\\par", source)


def _blocks(text: str) -> Iterator[tuple[list[list[str]], str]]:
    """Tables as rows of cells, and lines of text between them."""
    rows: list[list[str]] = []
    held = ""
    for line in text.split("\n"):
        held = f"{held} {line}" if _CELL in held else line
        if _ROW in held:
            rows.append([_plain(cell) for cell in held.split(_ROW)[0].split(_CELL)[:-1]])
            held = ""
        elif _CELL not in held and held.strip():
            if rows:
                yield rows, ""
                rows = []
            yield [], held.strip()
    if rows:
        yield rows, ""
    if _CELL in held:  # a row that never ends
        yield [], re.sub("[\ue000-\ue020]", " ", held)


def _plain(cell: str) -> str:
    return re.sub("[\ue010-\ue020]", "", cell).strip()
