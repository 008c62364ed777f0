"""E-books: chapter by chapter in reading order."""

import posixpath
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag

from bs4 import BeautifulSoup

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
    """Read an e-book. A chapter without a heading gets its name in the table of contents."""
    what = "an e-book (.epub)"
    with archive.opened(path, what) as parts:
        rootfile = archive.xml(parts, _CONTAINER).find(".//{*}rootfile")
        if rootfile is None:
            raise ReadError(f"is not {what}, or damaged")
        root = rootfile.get("full-path", "")
        package, folder = archive.xml(parts, root), posixpath.dirname(root)
        items = {item.get("id", ""): item for item in package.iterfind(".//{*}manifest/{*}item")}
        names = {item_id: _resolve(folder, item.get("href", "")) for item_id, item in items.items()}
        contents = {
            names[item_id]
            for item_id, item in items.items()
            if item.get("media-type") == _NCX or "nav" in item.get("properties", "").split()
        }
        chapter_names = _chapter_names(parts, contents)
        builder = ExtractionBuilder()
        for reference in package.iterfind(".//{*}spine/{*}itemref"):
            name = names.get(reference.get("idref", ""), "")
            if name in contents:
                continue
            if name in parts.namelist():
                _add_chapter(_parse(parts.read(name)), chapter_names.get(name, ""), builder)
            else:
                builder.notes.append(f"chapter {name or '?'} is missing from the book")
        return builder.finish(package.findtext(".//{*}metadata/{*}title") or path.stem)


def _add_chapter(soup: BeautifulSoup, name: str, builder: ExtractionBuilder) -> None:
    if name and not soup.find(["h1", "h2", "h3"]):
        first = next((tag for tag in soup.find_all("p") if tag.get_text().strip()), None)
        if first and one_line(first.get_text()) == name:
            first.decompose()  # it looks like a heading, but is not marked as one
        builder.heading(1, name)
    add_html(soup, builder)


def _chapter_names(parts: zipfile.ZipFile, contents: set[str]) -> dict[str, str]:
    """Return the name of each file's first entry in the tables of contents, of EPUB 3 or 2."""
    chapter_names: dict[str, str] = {}
    for name in sorted(contents & set(parts.namelist())):
        folder, soup = posixpath.dirname(name), _parse(parts.read(name))
        links = [(link.get("href"), link.get_text()) for link in soup.select("nav a[href]")]
        for point in soup.find_all("navpoint"):
            content, label = point.find("content"), point.find("navlabel")
            if content and label:
                links.append((content.get("src"), label.get_text()))
        for target, text in links:
            if one_line(text):
                chapter_names.setdefault(_resolve(folder, str(target or "")), one_line(text))
    return chapter_names


def _parse(xhtml: bytes) -> BeautifulSoup:
    """Parse as browsers do: the XML of books is often broken."""
    return BeautifulSoup(_DECLARATION.sub("", decode(xhtml)), "lxml")


def _resolve(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(urldefrag(href).url)))
