"""HTML: what a browser would show, without what it would not."""

from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.text.normalization import decode
from indexes.types import Extraction

_UNSEEN = {"script", "style", "template", "noscript", "svg", "head", "iframe", "object", "canvas", "select", "textarea"}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = set(_HEADINGS) | set(
    "address article aside blockquote body dd details dialog div dl dt fieldset figcaption figure footer form"
    " header hr html li main nav ol p pre section summary table ul".split()
)


def read_html(path: Path) -> Extraction:
    soup = BeautifulSoup(decode(path.read_bytes()), "lxml")
    draft = ExtractionBuilder()
    _walk(soup, draft)
    title = soup.title.get_text() if soup.title else ""
    heading = soup.find("h1")
    return draft.finish(title.strip() or (heading.get_text() if heading else "") or path.stem)


def add_html(soup: BeautifulSoup, draft: ExtractionBuilder) -> None:
    """For HTML within other formats: chapters of books, bodies of mail."""
    _walk(soup, draft)


def _walk(element: Tag, draft: ExtractionBuilder) -> None:
    """Block by block; what stands between two blocks is a paragraph."""
    inline: list[str] = []
    for child in element.children:
        if isinstance(child, Tag) and (child.name in _BLOCKS or child.find(_BLOCKS)):
            _flush(inline, draft)
            if not _hidden(child):
                _block(child, draft)
        elif isinstance(child, Tag) and child.name == "br":
            inline.append("\n")
        else:
            inline.append(_seen_text(child))
    _flush(inline, draft)


def _block(element: Tag, draft: ExtractionBuilder) -> None:
    if element.name in _HEADINGS:
        draft.heading(_HEADINGS[element.name], _seen_text(element))
    elif element.name == "pre":
        draft.code(_seen_text(element))
    elif element.name == "table" and not element.find("table"):
        draft.paragraph(one_line(" ".join(map(_seen_text, element.find_all("caption")))))
        draft.table(_rows(element))
    elif element.name == "li" and not element.find(_BLOCKS):
        draft.paragraph("- " + one_line(_seen_text(element)))
    else:
        _walk(element, draft)


def _rows(table: Tag) -> Iterator[list[str]]:
    for row in table.find_all("tr"):
        if not any(map(_hidden, (row, *row.parents))):
            yield [_seen_text(cell) for cell in row.find_all(["td", "th"])]


def _flush(inline: list[str], draft: ExtractionBuilder) -> None:
    draft.paragraph("\n".join(filter(None, map(one_line, "".join(inline).split("\n")))))
    inline.clear()


def _seen_text(node: PageElement) -> str:
    """What stands on lines of its own is kept apart from what is beside it."""
    if isinstance(node, Tag):
        text = "" if _hidden(node) else "".join(map(_seen_text, node.children))
        return "\n" if node.name == "br" else f"\n{text}\n" if node.name in _BLOCKS - {"pre"} else text
    if isinstance(node, PreformattedString) or not isinstance(node, NavigableString):  # comments, doctypes
        return ""
    return str(node) if node.find_parent("pre") else str(node).replace("\n", " ")


def _hidden(element: Tag) -> bool:
    style = str(element.get("style", "")).replace(" ", "").lower()
    return element.name in _UNSEEN or element.has_attr("hidden") or "display:none" in style
