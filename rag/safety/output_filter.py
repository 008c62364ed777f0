"""Keeps links, images, HTML and unknown addresses out of an answer.

Clients read Markdown differently, so that nothing is left to them. A link needs ``](`` or a definition's ``]:``; HTML
and autolinks need ``<`` before a letter. No answer holds any of these. Clients also link plain addresses: an answer
holds only those of its sources, as they stand there. The same goes for code, as clients disagree where it begins.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from indexes.types import Passage
from rag.citations.markers import Mark, MarkerStream
from rag.safety.invisible_text import strip_invisible, strip_invisible_piece
from rag.types import Quoted

REMOVED = "‹link removed›"
"""The text in place of an address that no source has."""
_WORD_CHARS = 2000
"""A longer word is broken. No address in a document is as long."""
# A word ends at a blank, or where a script without blanks begins.
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
"""The trailing characters that clients leave out of an address that they link."""
_CLOSING = re.compile(r"[\[\]()<>\"'`|,;]")


def find_addresses(text: str) -> frozenset[str]:
    """Return the addresses in a text: each up to the end of its word, and up to the first closing character."""
    addresses = set[str]()
    for word in filter(_may_hold_address, _split_words(text)):
        for match in _ADDRESS.finditer(word):
            whole = word[match.start() :]
            addresses |= {whole.rstrip(_TRAILING), _CLOSING.split(whole, maxsplit=1)[0].rstrip(_TRAILING)}
    return frozenset(addresses)


def passage_addresses(passages: Sequence[Passage]) -> frozenset[str]:
    """Return the addresses in passages, with their paths, titles and contexts."""
    return find_addresses("\n".join(strip_invisible("\n".join((p.path, p.title, p.context, p.text))) for p in passages))


class OutputFilter:
    """Filters text that comes in pieces. ``feed`` and ``finish`` return what is safe to show, a word at a time.

    The result does not depend on how the text is cut. Markers ``[1]`` stay as they are, and no new one arises.
    """

    def __init__(self, known_addresses: frozenset[str]) -> None:
        self._known = known_addresses
        self._held = ""
        self._last = ""
        self._would_extend = False
        """Whether text right after this would read as more of an address, or of a broken word."""
        self.showed_address = False

    def feed(self, piece: str) -> str:
        """Take a piece and return what is safe to show by now."""
        self._held += piece
        words = _split_words(self._held)
        open_word = words and words[-1][0] < "\u0e00" and not words[-1][0].isspace() and len(words[-1]) < _WORD_CHARS
        self._held = words.pop() if open_word else ""
        return "".join(map(self._filter_word, words))

    def finish(self) -> str:
        """Return the rest."""
        word, self._held = self._held, ""
        return self._filter_word(word) if word else ""

    def _filter_word(self, word: str) -> str:
        gap = " " if self._would_extend and word[0] not in " \t\n" else ""  # other blanks end no address
        self._would_extend = False
        if not word[0].isspace() and word[0] < "\u0e00":
            self._last = gap or self._last
            is_broken = len(word) == _WORD_CHARS
            word = "".join(map(self._filter_part, _MARKER.split(word)))
            self._would_extend = self._would_extend or is_broken
        self._last = word[-1:] or self._last
        return gap + word

    def _filter_part(self, part: str) -> str:
        """Filter a marker, or the text between two within a word."""
        if _MARKER.fullmatch(part):
            part, self._would_extend = " " * self._would_extend + part, False
        elif part.isalnum():
            self._would_extend = False
        elif part:
            text = _MARKER.sub(lambda marker: f"({marker[0][1:-1]})", _as_rendered(part))
            text = _LIVE.sub(lambda live: "" if live[0] == "!" else f"{live[0]} ", text)
            gap = " " if self._last == "]" and text.startswith(("(", ":")) else ""
            part = gap + " ".join(map(self._filter_address, text.split(" ")))
        self._last = part[-1:] or self._last
        return part

    def _filter_address(self, word: str) -> str:
        """Remove the word's address, up to the word's end, unless it is known."""
        self._would_extend = False
        match = _ADDRESS.search(word) if _may_hold_address(word) else None
        if match is None:
            return word
        address = word[match.start() :].rstrip(_TRAILING)
        after = word[match.start() + len(address) :]
        if address not in self._known:
            return word[: match.start()] + REMOVED + after
        self._would_extend = self.showed_address = True
        return word[: match.start()] + address + " " * bool(after.strip(_TRIMMED)) + after


class FilteredMarkerStream(MarkerStream):
    """A ``MarkerStream`` whose text passes through an ``OutputFilter``.

    While it streams, the addresses of all ``passages`` and of the question are known. Once it is finished, ``text``
    holds only those of the cited passages and of the question.
    """

    def __init__(self, passages: Sequence[Passage], question: str = "") -> None:
        super().__init__(passages)
        self._question_addresses = find_addresses(question)
        self._filter = OutputFilter(self._question_addresses | passage_addresses(passages))
        self._shown: list[str] = []

    @property
    def text(self) -> str:
        """The text that is safe to show."""
        return "".join(self._shown)

    def feed(self, piece: str) -> str:
        """See ``MarkerStream``."""
        return self._show(self._filter.feed(super().feed(strip_invisible_piece(piece))))

    def quote(self, quoted: Quoted) -> str:
        """See ``MarkerStream``."""
        return self._show(self._filter.feed(super().quote(replace(quoted, text=strip_invisible_piece(quoted.text)))))

    def finish(self) -> str:
        """See ``MarkerStream``."""
        rest = self._show(self._filter.feed(super().finish()) + self._filter.finish())
        if self._filter.showed_address:
            cited = [mark.place.passage for mark in super().marks()]
            strict = OutputFilter(self._question_addresses | passage_addresses(cited))
            self._shown = [strict.feed(super().text) + strict.finish()]
        return rest

    def marks(self) -> list[Mark]:
        """See ``MarkerStream``. The filter moves the markers."""
        written, filtered = _MARKER.finditer(super().text), _MARKER.finditer(self.text)
        moved = {before.start(): after.span() for before, after in zip(written, filtered, strict=True)}
        return [replace(m, start=moved[m.start][0], end=moved[m.start][1]) for m in super().marks()]

    def _show(self, text: str) -> str:
        self._shown.append(text)
        return text


def _split_words(text: str) -> list[str]:
    return [match[0] for match in _WORD.finditer(text)]


def _may_hold_address(word: str) -> bool:
    return "." in word or ":" in word


def _as_rendered(text: str) -> str:
    """Return the text without tags and entities; without backslashes too, if an address comes to light."""

    def decode(entity: re.Match[str]) -> str:
        character = html.unescape(entity[0])
        return character if character == entity[0] else strip_invisible(re.sub(r"\s", " ", character))

    while (plainer := _FORMAT.sub("", _ENTITY.sub(decode, text))) != text:
        text = plainer
    bare = _ESCAPE.sub("", text)
    return bare if _ADDRESS.search(bare) else text
