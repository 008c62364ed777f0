"""Takes off what models wrap an answer in: a code fence around it, and a list of sources of their own below it."""

import re
from collections.abc import Iterable, Sequence

_FENCED = re.compile(
    r"\s*(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>markdown|md|text|txt|plaintext|)[ \t]*\n(?P<body>.*)",
    re.IGNORECASE | re.DOTALL,
)
_MAYBE_FENCED = re.compile(r"\s*(?:`{0,10}|~{0,10})[ \t]*[a-z]{0,10}[ \t]*\Z", re.IGNORECASE)
_FENCE_LINE = re.compile(r"^[ \t]*(?:```|~~~)(.*)$", re.MULTILINE)

HEADINGS = frozenset(
    {
        *("source", "sources", "source list", "list of sources", "sources used", "sources cited", "cited sources"),
        *("reference", "references", "citation", "citations", "footnotes", "bibliography", "works cited"),
        *("quelle", "quellen", "quellenangabe", "quellenangaben", "quellenverzeichnis", "verwendete quellen"),
        *("quellennachweise", "literatur", "literaturverzeichnis", "belege", "fußnoten", "références", "référence"),
        *("sources utilisées", "sources citées", "bibliographie", "fuente", "fuentes", "fuentes consultadas"),
        *("fuentes citadas", "referencias", "bibliografía", "fonte", "fonti", "fonti citate", "riferimenti"),
        *("bibliografia",),
    }
)
"""The headings of lists of sources in English, German, French, Spanish and Italian."""
_DECORATION = " \t\n#*_:>-="
_MARKER = re.compile(r"\[\^?[^\[\]\n]{0,12}\d[^\[\]\n]{0,12}\]|【[^】\n]{1,40}】|[¹²³⁰⁴-⁹]+")
_ITEM = re.compile(
    rf"\s*(?:[-*•+]\s|\(?\d{{1,3}}[.):]|(?:{_MARKER.pattern})|(?:source|quelle|fuente|fonte)\s\d)", re.IGNORECASE
)
_RULE = re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,}|={3,})\s*")
_NUMBERED = re.compile(rf"\(?\d{{1,3}}[.):]|(?:{_MARKER.pattern})|.*(?:\.[a-z]{{2,4}}\b|https?:)", re.IGNORECASE)
"""An item with a number of its own, a file or an address."""
_CITED = re.compile(rf"(?:{_MARKER.pattern})[.\s*]*\Z")
_PLACE = re.compile(
    r"\b(?:and|und|et|y|e|lines?|pages?|pp?|section|zeilen?|seiten?|lignes?|páginas?|righe?|l\d+|\d+)\b", re.IGNORECASE
)


class FenceFilter:
    """Takes off a code fence around a whole reply. A reply that begins with one is held to its end."""

    def __init__(self) -> None:
        self._held = ""
        self._parts: list[str] = []
        self._begun = False

    def feed(self, piece: str) -> str:
        """Take a piece of the reply."""
        if self._parts:
            self._parts.append(piece)
            return ""
        text, self._held = self._held + piece, ""
        if self._begun:
            return text
        if _FENCED.match(text):
            self._parts = [text]
            return ""
        if _MAYBE_FENCED.match(text):
            self._held = text
            return ""
        self._begun = True
        return text

    def finish(self) -> str:
        """Take the end of the reply."""
        return unwrapped("".join(self._parts)) + self._held


def unwrapped(text: str) -> str:
    """Return a text without a fence around it. Where it holds more than one block of plain code, it stays."""
    fenced = _FENCED.fullmatch(text)
    if fenced is None:
        return text
    body, depth = fenced["body"], 1
    for line in _FENCE_LINE.finditer(body):
        depth += 1 if line[1].strip() else -1
        if depth == 0:
            after = body[line.end() :]
            return body[: line.start()] + after if fenced["info"] or not after.strip() else text
    return body


class SourceListFilter:
    """Takes a model's own list of sources out of a streamed reply: a heading, and the lines of a list below it.

    ``names`` are the files and titles of the sources. A list of a document's contents stays: its lines cite a source
    themselves, or the ``question`` asks for it.
    """

    def __init__(self, names: Iterable[str] = (), question: str = "") -> None:
        self._names = sorted({name.casefold() for name in names if len(name) > 2}, key=len, reverse=True)
        self._question = question.casefold()
        self._held = ""
        self._list: list[str] = []
        self._fenced = self._has_text = self._passing = False

    def feed(self, piece: str) -> str:
        """Take a piece of the reply."""
        *lines, self._held = (self._held + piece).split("\n")
        settled = "".join(self._take_line(f"{line}\n") for line in lines)
        if self._held and not self._list and (self._passing or not self._may_begin(self._held)):
            settled += self._settle(self._held)
            self._held, self._passing = "", True
        return settled

    def finish(self) -> str:
        """Take the end of the reply."""
        held, self._held = self._held, ""
        settled = self._take_line(held) if held else ""
        return settled + self._end_list(final=True)

    def _take_line(self, line: str) -> str:
        passing, self._passing = self._passing, False
        if passing:
            return self._settle(line)
        if _FENCE_LINE.match(line):
            self._fenced = not self._fenced
        ended = ""
        if self._list:
            is_item = _ITEM.match(line) or self._names_source(line)
            is_second = self._is_heading(line) and not any(map(self._is_heading, self._list))
            if not line.strip() or is_item or is_second:
                self._list.append(line)
                return ""
            ended = self._end_list(final=False)
        begins = self._is_heading(line) or _RULE.fullmatch(line) or self._is_source(line)
        if self._has_text and not self._fenced and begins:
            self._list = [line]
            return ended
        return ended + self._settle(line)

    def _may_begin(self, line: str) -> bool:
        if not self._has_text or self._fenced:
            return line.lstrip()[:1] in ("", "`", "~")
        bare = line.strip(_DECORATION).casefold()
        marked = line.lstrip()[:1] in ("[", "【", "`", "~") or _MARKER.match(line.lstrip())
        return bool(marked) or any(heading.startswith(bare) or bare.startswith(heading) for heading in HEADINGS)

    def _is_heading(self, line: str) -> bool:
        heading, colon, rest = line.strip().strip("#*_> ").partition(":")
        if heading.strip(_DECORATION).casefold() not in HEADINGS:
            return False
        rest = rest.strip(_DECORATION)
        return not rest or (bool(colon) and self._names_places_only(rest))

    def _is_source(self, line: str) -> bool:
        """Return whether a line outside of any list is a marker with the place that it stands for."""
        marker = _MARKER.match(line.lstrip())
        if marker is None:
            return False
        definition = marker[0].startswith("[^") and line.lstrip()[marker.end() :].startswith(":")
        return definition or (self._names_source(line) and self._names_places_only(line))

    def _names_source(self, line: str) -> bool:
        text = line.casefold()
        return any(name in text for name in self._names)

    def _names_places_only(self, text: str) -> bool:
        rest = bare = _MARKER.sub(" ", text.casefold())
        for name in self._names:
            rest = rest.replace(name, " ")
        named = rest != bare or bare != text.casefold()
        return named and len(re.findall(r"\w{2,}", _PLACE.sub(" ", rest))) < 3

    def _end_list(self, *, final: bool) -> str:
        lines, self._list = self._list, []
        headings = [line for line in lines if self._is_heading(line)]
        items = [line for line in lines if line.strip() and line not in headings and not _RULE.fullmatch(line)]
        asked = any(line.strip(_DECORATION).partition(":")[0].casefold() in self._question for line in headings)
        inline = any(line.partition(":")[2].strip(_DECORATION) for line in headings)
        if not headings:
            own = bool(items) and all(map(self._is_source, items))
        elif items:
            own = all(map(self._names_source, items)) if asked else self._are_own(items)
        else:
            own = inline or final
        return "" if own else self._settle("".join(lines))

    def _are_own(self, items: Sequence[str]) -> bool:
        """Return whether the items of a list name sources, and none is a claim that cites one."""
        others = [item for item in items if not self._names_source(item)]
        bare = [item.lstrip(" -*•+\t") for item in others]
        claims = any(_CITED.search(text) and not _MARKER.match(text) for text in bare)
        return not claims and (len(others) < len(items) or any(map(_NUMBERED.match, bare)))

    def _settle(self, text: str) -> str:
        self._has_text = self._has_text or any(map(str.isalnum, text))
        return text
