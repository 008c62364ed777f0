"""Markers that name a source by its file: [handbook.md, p. 3], (handbook.md), [the handbook](handbook.md)."""

import re
from collections.abc import Iterator, Sequence

from indexes.types import Passage
from rag.citations.marker_forms import CUE, WORD

_MARKER = re.compile(
    r"[ \n]{0,2}(?:(?P<wrap>\()?\[(?P<label>[^\[\]\n]{1,120})\]\((?P<link>[^()\s]{1,200})\)(?(wrap)\))"
    rf"|[\[(【](?:{CUE}[ ])?(?:{WORD}:?[ ]?)?\^?[\d:]{{0,8}}†?[\"'`*]{{0,2}}"
    r"(?P<file>[^\[\]()【】\n\"'`†|#;]{1,120}?\.[a-z][a-z0-9]{0,4})(?!\w)[\"'`*]{0,2}(?P<at>[^\[\]()【】\n]{0,60})[\])】])",
    re.IGNORECASE,
)
_MAYBE = re.compile(
    rf"\s*\((?:{CUE}[ ])?(?:{WORD}:?[ ]?)?[\"'`*]{{0,2}}(?P<name>[^\[\]()\n]{{1,190}})\Z", re.IGNORECASE
)
_TAIL = 62
"""Characters after a name, with a closing quotation mark."""
_LONGEST = 260
_PAGE = re.compile(r"(?:\b(?:p(?:age|g|p)?|seite|s|página|pagina)\b[.=: ]{0,3})(\d{1,4})", re.IGNORECASE)
_WORDS = re.compile(rf"{WORD}[ :#]{{0,2}}\d{{0,4}}", re.IGNORECASE)


class FileMarkers:
    """Finds the markers that name one of the passages' files."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._by_name: dict[str, list[int]] = {}
        for number, passage in enumerate(passages, start=1):
            path = passage.path.casefold()
            for name in {path, path.rpartition("/")[2]}:
                self._by_name.setdefault(name, []).append(number)

    def finditer(self, text: str, start: int) -> Iterator[re.Match[str]]:
        """Yield the markers of a text in order."""
        return (match for match in _MARKER.finditer(text, start) if self.numbers(match))

    def may_begin(self, text: str) -> int | None:
        """Return where a marker in round brackets may have begun at the end of a text."""
        match = _MAYBE.search(text, max(0, len(text) - _LONGEST))
        written = match["name"].casefold() if match else ""
        begun = any(
            name.startswith(written) or (written.startswith(name) and len(written) <= len(name) + _TAIL)
            for name in self._by_name
        )
        return match.start() if match and begun else None

    def numbers(self, match: re.Match[str]) -> tuple[int, ...]:
        """Return the numbers of the sources that a marker may mean: a file's passages, or those of the page it names.

        There are none if no source has the name, or if the words stand so in a source.
        """
        name, _, anchor = (match["file"] or match["link"]).casefold().partition("#")
        numbers = self._by_name.get(name.removeprefix("./").removeprefix("file://"), [])
        written = match[0].strip().casefold()
        if not numbers or any(written in passage.text.casefold() for passage in self._passages):
            return ()
        page = _PAGE.search(match["at"] or anchor)
        there = [n for n in numbers if page and self._passages[n - 1].locator.page == int(page[1])]
        return tuple(there or numbers)

    def label(self, match: re.Match[str]) -> str:
        """Return the words of a link that are text: not the file's name, its title or "source"."""
        label = match["label"] or ""
        passage = self._passages[self.numbers(match)[0] - 1]
        stem = passage.path.rpartition("/")[2].rpartition(".")[0]
        names = {passage.path, passage.path.rpartition("/")[2], stem, passage.title}
        plain = label.strip(" *_`").casefold()
        is_name = plain in {name.casefold() for name in names} or _WORDS.fullmatch(plain) or plain.isdigit()
        return "" if is_name else label
