"""Rich Text Format. The library returns bare text, so marks are set first that show headings and tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from striprtf.striprtf import rtf_to_text

from indexes.errors import ReadError
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.types import Extraction

_CELL, _ROW, _LEVEL = "\ue000", "\ue001", 0xE010
"""Private-use characters: the end of a cell, the end of a row, and from ``_LEVEL`` the levels of headings."""
_STYLE = re.compile(r"\{\\s(\d+)\b[^{}]*(?:\{[^{}]*\}[^{}]*)*?\bheading (\d);\}", re.IGNORECASE)
_USED = re.compile(r"(\\pard\b[^{}]{0,500}?\\s)(\d+)(?![\d])")
_TITLE = re.compile(r"\{\\title ([^{}\\]+)\}")

_BULLET = re.compile("^[\uf0a7\uf0b7\u2022\u00b7]\\s+")
"""Bullets of the Symbol font and of Unicode."""


def read_rtf(path: Path) -> Extraction:
    """Read a Rich Text file."""
    data = path.read_bytes()
    if not data.strip():
        raise ReadError("holds no text")
    if not data.lstrip().startswith(b"{\\rtf"):
        raise ReadError("is not Rich Text (.rtf), or damaged")
    source = data.decode("latin-1")
    builder = ExtractionBuilder()
    add_rtf(source, builder)
    title = _TITLE.search(source)
    return builder.finish(title[1] if title else path.stem)


def add_rtf(source: str, builder: ExtractionBuilder) -> None:
    """Add Rich Text, also that of a mail, with one character for each byte. Raises ``ReadError``."""
    levels = {style: int(level) for style, level in _STYLE.findall(source)}

    def mark_level(match: re.Match[str]) -> str:
        """Add a mark where a paragraph has the style of a heading."""
        level = levels.get(match[2])
        return f"{match[0]} {chr(_LEVEL + level)}" if level else match[0]

    # a control word after a backslash is text
    source = _USED.sub(mark_level, source)
    source = re.sub(r"(?<!\\)\\(?:nest)?cell(?![a-z\d])", lambda _: f"\\tab {_CELL}", source)
    source = re.sub(r"(?<!\\)\\row(?![a-z\d])", lambda _: f"\\tab {_ROW}\\par", source)
    try:
        text = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, LookupError) as error:
        raise ReadError("is not Rich Text (.rtf), or damaged") from error
    for rows, line in _blocks(text):
        if rows:
            builder.table(rows)
        elif (level := ord(line[0]) - _LEVEL) in range(1, 10):
            builder.heading(level, line[1:])
        else:
            builder.paragraph(_BULLET.sub("- ", line).replace("\t", " "))


def _blocks(text: str) -> Iterator[tuple[list[list[str]], str]]:
    """Yield tables as rows of cells, and the lines of text between them."""
    rows: list[list[str]] = []
    pending = ""
    for line in text.split("\n"):
        pending = f"{pending} {line}" if _CELL in pending else line
        if _ROW in pending:
            cells = pending.split(_ROW)[0].split(_CELL)[:-1]
            rows.append([re.sub("[\ue010-\ue020]", "", cell).strip() for cell in cells])
            pending = ""
        elif _CELL not in pending and pending.strip():
            if rows:
                yield rows, ""
                rows = []
            yield [], pending.strip()
    if rows:
        yield rows, ""
    if _CELL in pending:  # a row that never ends
        yield [], re.sub("[\ue000-\ue020]", " ", pending)
