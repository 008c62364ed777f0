"""E-books: chapter by chapter in reading order."""

import posixpath
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag

from bs4 import BeautifulSoup
from lxml import etree

from indexes.errors import ReadError
from indexes.readers.extraction import archive
from indexes.readers.extraction.extraction_builder import ExtractionBuilder, one_line
from indexes.readers.markup.html import add_html
from indexes.text.normalization import decode
from indexes.types import Extraction

_CONTAINER = "META-INF/container.xml"
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*>")
_NCX = "application/x-dtbncx+xml"


def read_epub(path: Path) -> Extraction:
    what = "an e-book (.epub)"
    with archive.opened(path, what) as parts:
        rootfile = archive.xml(parts, _CONTAINER).find(".//{*}rootfile")
        if rootfile is None:
            raise ReadError(f"is not {what}, or damaged")
        name = rootfile.get("full-path", "")
        return _read(parts, archive.xml(parts, name), posixpath.dirname(name), path)


def _read(parts: zipfile.ZipFile, package: etree._Element, folder: str, path: Path) -> Extraction:
    items = {item.get("id", ""): item for item in package.iterfind(".//{*}manifest/{*}item")}
    names = {item_id: _resolved(folder, item.get("href", "")) for item_id, item in items.items()}
    contents = {
        names[item_id]
        for item_id, item in items.items()
        if item.get("media-type") == _NCX or "nav" in item.get("properties", "").split()
    }
    chapters = _chapters(parts, contents)
    draft = ExtractionBuilder()
    for reference in package.iterfind(".//{*}spine/{*}itemref"):
        name = names.get(reference.get("idref", ""), "")
        if name in contents:
            continue
        if name not in parts.namelist():
            draft.notes.append(f"chapter {name or '?'} is missing from the book")
            continue
        _add(decode(parts.read(name)), chapters.get(name, ""), draft)
    return draft.finish(package.findtext(".//{*}metadata/{*}title") or path.stem)


def _add(html: str, chapter: str, draft: ExtractionBuilder) -> None:
    """Under the chapter's name in the table of contents, where it has no heading of its own."""
    soup = _soup(html)
    if chapter and not soup.find(["h1", "h2", "h3"]):
        first = next((tag for tag in soup.find_all("p") if tag.get_text().strip()), None)
        if first and one_line(first.get_text()) == chapter:
            first.decompose()  # it looks like a heading, but is not marked as one
        draft.heading(1, chapter)
    add_html(soup, draft)


def _chapters(parts: zipfile.ZipFile, contents: set[str]) -> dict[str, str]:
    """The name of each file's first entry in the tables of contents, of EPUB 3 or 2."""
    found: dict[str, str] = {}
    for name in sorted(contents & set(parts.namelist())):
        folder, soup = posixpath.dirname(name), _soup(decode(parts.read(name)))
        links = [(link.get("href"), link.get_text()) for link in soup.select("nav a[href]")]
        for point in soup.find_all("navpoint"):
            content, label = point.find("content"), point.find("navlabel")
            if content and label:
                links.append((content.get("src"), label.get_text()))
        for target, text in links:
            if one_line(text):
                found.setdefault(_resolved(folder, str(target or "")), one_line(text))
    return found


def _soup(xhtml: str) -> BeautifulSoup:
    """As browsers read it: books are often not the XML that they should be."""
    return BeautifulSoup(_DECLARATION.sub("", xhtml), "lxml")


def _resolved(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(urldefrag(href).url)))
