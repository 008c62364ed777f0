"""What an answer may show: no link, image or HTML, and no address that its sources do not have.

No client is trusted to read Markdown as another does. A link needs ``](`` or a definition's ``]:``, HTML and autolinks
need ``<`` before a letter, and what clients link of their own accord is an address: no answer holds any of the first
three, and of addresses those of its sources alone, as they stand there. Code is held to the same, as clients do not
agree where it begins.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from indexes.types import Passage
from rag.citations.markers import MarkerStream
from rag.citations.renumbering import Mark
from rag.safety.invisible_text import strip_invisible, strip_invisible_piece
from rag.types import Quoted

REMOVED = "‹link removed›"
"""Stands in place of an address that no source has."""
_WORD_CHARS = 2000
"""A longer word is broken: no address of a document is as long."""
# A word ends at a blank, and where scripts begin that set none
_WORD = re.compile(rf"[^\s\u0e00-\U0010ffff]{{1,{_WORD_CHARS}}}|\s+|[\u0e00-\U0010ffff]+")
_MARKER = re.compile(r"(\[\d+\])")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_FORMAT = re.compile(r"</?(?:b|i|u|s|em|strong|p|br|sub|sup|code|mark|small|span|div|font|center)\s*/?>", re.IGNORECASE)
_LIVE = re.compile(r"!(?=\[)|\](?=[(:])|<(?=[A-Za-z/!?@#])")
_TOP = "com|org|net|edu|gov|mil|info|biz|io|dev|ai|co|xyz|example"
_ADDRESS = re.compile(
    r"[a-z][a-z\d+.-]{1,30}:(?://|\\\\)|(?<![\w:/.])//(?=[\w-]+\.\w)|(?<![a-z\d])www\."
    r"|(?<![a-z\d])(?:javascript|vbscript|mailto|xmpp|data):(?=[^\s\"']*[/,@(])"
    r"|(?<![\w.+-])[\w.+-]{1,64}@(?=[\w.-]*\.\w)"
    rf"|(?<![\w.@/-])(?:[\w-]+\.)+(?:(?:{_TOP})(?![^\W_]|-)|[a-z]{{2,24}}(?::\d+)?/)|\.(?:{_TOP})(?![^\W_]|-)",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?'\"*_~)]}>|`"
_TRIMMED = ".,;:!?'\"*_~)"
"""Of that, what clients take for no part of an address that they link."""
_CLOSING = re.compile(r"[\[\]()<>\"'`|,;]")


def addresses(text: str) -> frozenset[str]:
    """The addresses in a text as they are compared: to the word's end, and up to what may close them before."""
    found = set[str]()
    for word in filter(_may_hold, _words(text)):
        for match in _ADDRESS.finditer(word):
            whole = word[match.start() :]
            found |= {whole.rstrip(_TRAILING), _CLOSING.split(whole, maxsplit=1)[0].rstrip(_TRAILING)}
    return frozenset(found)


def addresses_of(passages: Sequence[Passage]) -> frozenset[str]:
    return addresses("\n".join(strip_invisible("\n".join((p.path, p.title, p.context, p.text))) for p in passages))


class Screen:
    """Takes text in pieces and gives back what may be shown of it, up to the last word that may yet go on.

    However it is cut, the same comes of it. Markers ``[1]`` stay as they are, and no further one comes to be.
    """

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._held = ""
        self._last = ""
        self._joins = False
        """Whether what follows without a blank would be read as more of an address, or of a word that was broken."""
        self.addressed = False
        """Whether an address was shown."""

    def feed(self, piece: str) -> str:
        self._held += piece
        words = _words(self._held)
        goes_on = words and words[-1][0] < "\u0e00" and not words[-1][0].isspace() and len(words[-1]) < _WORD_CHARS
        self._held = words.pop() if goes_on else ""
        return "".join(map(self._shown, words))

    def finish(self) -> str:
        word, self._held = self._held, ""
        return self._shown(word) if word else ""

    def _shown(self, word: str) -> str:
        glue = " " if self._joins and word[0] not in " \t\n" else ""  # other blanks end no address
        self._joins = False
        if not word[0].isspace() and word[0] < "\u0e00":
            self._last = glue or self._last
            long = len(word) == _WORD_CHARS
            word = "".join(map(self._part, _MARKER.split(word)))
            self._joins = self._joins or long
        self._last = word[-1:] or self._last
        return glue + word

    def _part(self, part: str) -> str:
        """A marker, or what stands between two within a word."""
        if _MARKER.fullmatch(part):
            part, self._joins = " " * self._joins + part, False
        elif part.isalnum():
            self._joins = False
        elif part:
            told = _LIVE.sub(_still, _MARKER.sub(_no_marker, _plain(part)))
            apart = " " if self._last == "]" and told.startswith(("(", ":")) else ""
            part = apart + " ".join(map(self._addressed, told.split(" ")))
        self._last = part[-1:] or self._last
        return part

    def _addressed(self, word: str) -> str:
        """With its address, which goes on to its end, only if it is known."""
        self._joins = False
        match = _ADDRESS.search(word) if _may_hold(word) else None
        if match is None:
            return word
        address = word[match.start() :].rstrip(_TRAILING)
        after = word[match.start() + len(address) :]
        if address not in self._known:
            return word[: match.start()] + REMOVED + after
        self._joins = self.addressed = True
        return word[: match.start()] + address + " " * bool(after.strip(_TRIMMED)) + after


class ScreenedStream(MarkerStream):
    """A ``MarkerStream`` of which nothing is streamed but what a ``Screen`` lets through.

    While it streams, the addresses are those of all ``passages`` and of the question. Once finished, ``text`` has those
    of the passages that it cites, and of the question.
    """

    def __init__(self, passages: Sequence[Passage], question: str = "") -> None:
        super().__init__(passages)
        self._asked = addresses(question)
        self._screen = Screen(self._asked | addresses_of(passages))
        self._told: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._told)

    def feed(self, piece: str) -> str:
        return self._tell(self._screen.feed(super().feed(strip_invisible_piece(piece))))

    def quote(self, quoted: Quoted) -> str:
        """See ``MarkerStream``."""
        return self._tell(self._screen.feed(super().quote(replace(quoted, text=strip_invisible_piece(quoted.text)))))

    def finish(self) -> str:
        told = self._tell(self._screen.feed(super().finish()) + self._screen.finish())
        if self._screen.addressed:
            cited = Screen(self._asked | addresses_of([mark.place.passage for mark in super().marks()]))
            self._told = [cited.feed(super().text) + cited.finish()]
        return told

    def marks(self) -> list[Mark]:
        """See ``MarkerStream``. Screening moves the markers."""
        written, screened = _MARKER.finditer(super().text), _MARKER.finditer(self.text)
        moved = {before.start(): after.span() for before, after in zip(written, screened, strict=True)}
        return [replace(m, start=moved[m.start][0], end=moved[m.start][1]) for m in super().marks()]

    def _tell(self, text: str) -> str:
        self._told.append(text)
        return text


def _words(text: str) -> list[str]:
    return [match[0] for match in _WORD.finditer(text)]


def _may_hold(word: str) -> bool:
    """Whether a word has what every address has."""
    return "." in word or ":" in word


def _plain(text: str) -> str:
    """Without what would stand for another character, or for none, once it is rendered."""
    while (plainer := _FORMAT.sub("", _ENTITY.sub(_decoded, text))) != text:
        text = plainer
    bare = _ESCAPE.sub("", text)
    return bare if _ADDRESS.search(bare) else text


def _decoded(entity: re.Match[str]) -> str:
    told = html.unescape(entity[0])
    return told if told == entity[0] else strip_invisible(re.sub(r"\s", " ", told))


def _still(live: re.Match[str]) -> str:
    return "" if live[0] == "!" else f"{live[0]} "


def _no_marker(marker: re.Match[str]) -> str:
    return f"({marker[0][1:-1]})"
