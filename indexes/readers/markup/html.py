"""HTML: the text that a browser would show."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.text.normalization import decode
from indexes.types import Extraction

_INVISIBLE = {
    "script",
    "style",
    "template",
    "noscript",
    "svg",
    "head",
    "iframe",
    "object",
    "canvas",
    "select",
    "textarea",
}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = set(_HEADINGS) | set(
    "address article aside blockquote body dd details dialog div dl dt fieldset figcaption figure footer form"
    " header hr html li main nav ol p pre section summary table ul".split()
)

_MOST_SPANNED = 50
"""Rows or columns that a cell is taken to span, at most."""
_LONGEST_REPEATED = 200
"""Characters of a cell that is given in each row that it spans. A longer one is given once."""


def read_html(path: Path) -> Extraction:
    """Read a page. The title is the page's own, its first heading, or the file's name."""
    soup = BeautifulSoup(decode(path.read_bytes()), "lxml")
    builder = ExtractionBuilder()
    add_html(soup, builder)
    title = soup.title.get_text() if soup.title else ""
    heading = soup.find("h1")
    return builder.finish(title.strip() or (heading.get_text() if heading else "") or path.stem)


def add_html(element: Tag, builder: ExtractionBuilder) -> None:
    """Add an element block by block, also of a book's chapter or a mail. Text between two blocks is a paragraph."""
    inline: list[str] = []
    for child in element.children:
        if not (isinstance(child, Tag) and (child.name in _BLOCKS or child.find(_BLOCKS))):
            inline.append(_visible_text(child))
            continue
        _flush(inline, builder)
        if _is_hidden(child):
            continue
        if child.name in _HEADINGS:
            builder.heading(_HEADINGS[child.name], _visible_text(child))
        elif child.name == "pre":
            builder.code(_visible_text(child))
        elif child.name == "table" and not child.find("table"):
            builder.paragraph(one_line(" ".join(map(_visible_text, child.find_all("caption")))))
            rows = (row for row in child.find_all("tr") if not any(map(_is_hidden, (row, *row.parents))))
            builder.table(_rows(rows))
        elif child.name == "li" and not child.find(_BLOCKS):
            builder.paragraph("- " + one_line(_visible_text(child)))
        else:
            add_html(child, builder)
    _flush(inline, builder)


def _rows(rows: Iterable[Tag]) -> Iterator[list[str]]:
    """Yield the cells of rows. A cell merged over columns is given once; one merged over rows, in each row."""
    above: dict[int, tuple[str, int, int]] = {}  # by column: text, width, and the rows that it still spans
    for row in rows:
        spanning, above, cells, column = above, {}, list[str](), 0
        own = iter(row.find_all(["td", "th"]))
        while True:
            if column in spanning:
                text, width, left = spanning[column]
            elif (cell := next(own, None)) is not None:
                text, width, left = _visible_text(cell), _span(cell, "colspan"), _span(cell, "rowspan")
            else:
                break
            cells.append(text)
            if left > 1:
                above[column] = text if len(text) <= _LONGEST_REPEATED else "", width, left - 1
            column += width
        yield cells


def _span(cell: Tag, name: str) -> int:
    written = str(cell.get(name, ""))
    return min(max(1, int(written)), _MOST_SPANNED) if written.isdecimal() else 1


def _flush(inline: list[str], builder: ExtractionBuilder) -> None:
    builder.paragraph("\n".join(filter(None, map(one_line, "".join(inline).split("\n")))))
    inline.clear()


def _visible_text(node: PageElement) -> str:
    """Return the text with a block's on lines of its own."""
    if isinstance(node, Tag):
        text = "" if _is_hidden(node) else "".join(map(_visible_text, node.children))
        return "\n" if node.name == "br" else f"\n{text}\n" if node.name in _BLOCKS - {"pre"} else text
    if isinstance(node, PreformattedString) or not isinstance(node, NavigableString):  # comments, doctypes
        return ""
    return str(node) if node.find_parent("pre") else str(node).replace("\n", " ")


def _is_hidden(element: Tag) -> bool:
    style = str(element.get("style", "")).replace(" ", "").lower()
    return element.name in _INVISIBLE or element.has_attr("hidden") or "display:none" in style
