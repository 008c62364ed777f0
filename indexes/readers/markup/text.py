"""Plain text, Markdown, CSV and TSV."""

import csv
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexes.errors import ReadError
from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.readers.markup.sections import SectionStart, cut_sections
from indexes.text.normalization import decode
from indexes.types import Extraction, Kind, Section


def read_plain(path: Path) -> Extraction:
    """Read plain text as one section."""
    text = text_of(path)
    return Extraction(one_line(path.stem), text, (Section(0, len(text)),))


def read_csv(path: Path) -> Extraction:
    """Read comma-separated values, or those separated by semicolons, tabs or bars."""
    text = text_of(path)
    dialect: type[csv.Dialect] = csv.excel
    with suppress(csv.Error):  # one column, or too little to tell
        dialect = csv.Sniffer().sniff(text[:8192], ",;\t|")
        dialect.quotechar, dialect.doublequote = '"', True  # as in RFC 4180: the sniffer's guess is often wrong
    return _read_records(text, dialect, path)


def read_tsv(path: Path) -> Extraction:
    """Read tab-separated values."""
    return _read_records(text_of(path), csv.excel_tab, path)


def _read_records(text: str, dialect: type[csv.Dialect], path: Path) -> Extraction:
    """Give each record a line, so that line numbers are the row numbers of a spreadsheet."""
    builder = ExtractionBuilder()
    try:
        builder.table(csv.reader(text.splitlines(keepends=True), dialect))
    except csv.Error as error:
        raise ReadError(f"is not CSV: {error}") from error
    return builder.finish(path.stem)


def read_markdown(path: Path) -> Extraction:
    """Read Markdown as it is written. Sections begin at headings, tables and code."""
    text = text_of(path)
    starts = [SectionStart(0)]
    headings: dict[int, str] = {}
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for token, following in pairwise([*tokens, Token("", "", 0)]):
        if token.map is None or token.level > 0:
            continue
        first, last = token.map
        if token.type == "heading_open":
            level = int(token.tag[1])
            headings = {n: h for n, h in headings.items() if n < level} | {level: one_line(following.content)}
            starts.append(SectionStart(first, tuple(headings.values())))
        elif token.type in ("table_open", "fence", "code_block"):
            kind: Kind = "table" if token.type == "table_open" else "code"
            starts += [
                SectionStart(first, tuple(headings.values()), kind),
                SectionStart(last, tuple(headings.values())),
            ]
    sections = cut_sections(text, starts, join_blank=True)
    title = next((section.heading[0] for section in sections if section.heading), one_line(path.stem))
    return Extraction(title, text, sections)


def text_of(path: Path) -> str:
    """Return a text file's text, normalised. Raises ``ReadError`` if it is blank."""
    text = decode(path.read_bytes())
    if not text.strip():
        raise ReadError("holds no text")
    return text
