"""A plot as part of a page: its colours are the page's, and no style or id of it stands in the page's way."""

from collections.abc import Mapping

from lxml import etree

COLOURS: Mapping[str, str] = {
    "#1d2126": "var(--ink)",
    "#5a626b": "var(--soft)",
    "#dedbd2": "var(--line)",
    "#1f5c85": "var(--accent)",
    "#22683a": "var(--right)",
    "#9d2a1f": "var(--wrong)",
}
"""What the page paints instead, so that a plot is dark where the page is. Others stay as they are."""

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_FONTS = ("font", "font-family")
"""The page's own are used."""


def inline(svg: bytes, label: str) -> str:
    """For an HTML page whose policy forbids style attributes: they become SVG's own. Ids are kept where used."""
    root = etree.fromstring(svg, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    for element in list(root.iter(f"{_SVG}metadata", f"{_SVG}style")):
        element.getparent().remove(element)
    used = _used(root)
    for element in root.iter(etree.Element):
        _unstyle(element)
        if element.get("id") not in used:
            element.attrib.pop("id", None)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib.update({"role": "img", "aria-label": label})
    return str(etree.tostring(root, encoding="unicode"))


def _used(root: etree._Element) -> set[str]:
    """The ids that something in it refers to."""
    links = {link.removeprefix("#") for element in root.iter() if (link := element.get(_LINK))}
    clips = {clip[5:-1] for element in root.iter() if (clip := element.get("clip-path"))}
    return links | clips


def _unstyle(element: etree._Element) -> None:
    for declaration in filter(None, element.attrib.pop("style", "").split(";")):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name not in _FONTS:
            element.set(name, COLOURS.get(value, value))
