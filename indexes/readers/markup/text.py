"""Plain text, Markdown, CSV and TSV."""

import csv
import itertools
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexes.errors import ReadError
from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.text.normalization import decode
from indexes.types import Extraction, Kind, Section


def read_plain(path: Path) -> Extraction:
    text = text_of(path)
    return Extraction(one_line(path.stem), text, (Section(0, len(text)),))


def read_csv(path: Path) -> Extraction:
    text = text_of(path)
    dialect: type[csv.Dialect] = csv.excel
    with suppress(csv.Error):  # one column, or too little to tell
        dialect = csv.Sniffer().sniff(text[:8192], ",;\t|")
        dialect.quotechar, dialect.doublequote = '"', True  # as in RFC 4180: the sniffer's guess is often wrong
    return _records(text, dialect, path)


def read_tsv(path: Path) -> Extraction:
    return _records(text_of(path), csv.excel_tab, path)


def _records(text: str, dialect: type[csv.Dialect], path: Path) -> Extraction:
    """A line a record: line numbers are the row numbers that a spreadsheet shows."""
    draft = ExtractionBuilder()
    try:
        draft.table(csv.reader(text.splitlines(keepends=True), dialect))
    except csv.Error as error:
        raise ReadError(f"is not CSV: {error}") from error
    return draft.finish(path.stem)


def read_markdown(path: Path) -> Extraction:
    """The text as it is written, so that its lines are the file's; sections begin at headings, tables and code."""
    text = text_of(path)
    lines = [0, *itertools.accumulate(len(line) for line in text.splitlines(keepends=True))]
    marks = _marks(MarkdownIt("commonmark").enable("table").parse(text))
    ends = [lines[mark.line] for mark in marks[1:]] + [len(text)]
    # a stretch of blank lines is no section: it belongs to the one before it
    kept = [mark for mark, end in zip(marks, ends, strict=True) if text[lines[mark.line] : end].strip()]
    starts = [0, *(lines[mark.line] for mark in kept[1:])]
    sections = tuple(
        Section(start, end, (mark.line if start else 0) + 1, mark.heading, kind=mark.kind)
        for start, end, mark in zip(starts, [*starts[1:], len(text)], kept, strict=True)
    )
    title = next((section.heading[0] for section in sections if section.heading), one_line(path.stem))
    return Extraction(title, text, sections)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a section begins: its line, counted from 0."""

    line: int
    heading: tuple[str, ...]
    kind: Kind


def _marks(tokens: list[Token]) -> list[_Mark]:
    headings: dict[int, str] = {}
    marks = [_Mark(0, (), "prose")]

    def mark(line: int, kind: Kind) -> None:
        if marks[-1].line == line:
            marks.pop()
        marks.append(_Mark(line, tuple(headings[level] for level in sorted(headings)), kind))

    for token, following in itertools.pairwise([*tokens, Token("", "", 0)]):
        if token.map is None or token.level > 0:
            continue
        first, last = token.map
        if token.type == "heading_open":
            level = int(token.tag[1])
            headings = {n: h for n, h in headings.items() if n < level} | {level: one_line(following.content)}
            mark(first, "prose")
        elif token.type in ("table_open", "fence", "code_block"):
            mark(first, "table" if token.type == "table_open" else "code")
            mark(last, "prose")
    return marks


def text_of(path: Path) -> str:
    text = decode(path.read_bytes())
    if not text.strip():
        raise ReadError("holds no text")
    return text
