"""Plots inside a page: they take its colours, and none of their styles and ids get in its way."""

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
"""The page's variable for each colour of a plot, so that a dark page has dark plots. Other colours stay."""

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_FONTS = ("font", "font-family")
"""Dropped, so that the page's own fonts are used."""


def inline(svg: bytes, label: str) -> str:
    """Return an SVG for a page whose policy forbids style attributes: they become SVG's own. Unused ids are dropped."""
    root = etree.fromstring(svg, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    for element in list(root.iter(f"{_SVG}metadata", f"{_SVG}style")):
        element.getparent().remove(element)
    links = {link.removeprefix("#") for element in root.iter() if (link := element.get(_LINK))}
    clips = {clip[5:-1] for element in root.iter() if (clip := element.get("clip-path"))}
    for element in root.iter(etree.Element):
        for declaration in filter(None, element.attrib.pop("style", "").split(";")):
            name, _, value = (part.strip() for part in declaration.partition(":"))
            if name not in _FONTS:
                element.set(name, COLOURS.get(value, value))
        if element.get("id") not in links | clips:
            element.attrib.pop("id", None)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib.update({"role": "img", "aria-label": label})
    return str(etree.tostring(root, encoding="unicode"))
