"""An answer's Markdown as HTML that can go into any page: no links, no pictures, nothing that acts.

Sentences and markers are places in the text and must be found again in what is rendered. So characters of our own go
into the text first: Unicode's noncharacters, which no text may hold, each beside a letter or digit, or within a
marker's brackets, where Markdown takes them for another letter. The page that comes out is cut up at them, and is
cleaned last of all, so that its safety hangs on nothing before.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Protocol

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.types import Span, Verdict

_NESTING = 100
_DIGITS = "".join(map(chr, range(0xFDD0, 0xFDE0)))
_MARKER, _BEGIN, _END = "\ufde0", "\ufde1", "\ufde2"
_OURS = re.compile("[\ufdd0-\ufdef]")
_SIGN = re.compile(f"[{_MARKER}{_BEGIN}{_END}][{_DIGITS}]+")
_TOKEN = re.compile(
    rf"(?P<tag><[^>]*>)|(?P<marker>\[[\ufdd0-\ufde2]*{_MARKER}[\ufdd0-\ufde2]*\d+[\ufdd0-\ufde2]*\])"
    rf"|(?P<sign>{_SIGN.pattern})|(?P<text>(?:[^<\[\ufde0-\ufde2]|\[(?![\ufdd0-\ufde2]))+|\[)"
)
_TAIL = re.compile(r"(?:&(?:lt|gt|amp|quot);|[^\s\w&])*")
_HALF_ENTITY = re.compile(r"&[a-z]*\Z")
_NO_PLACE = re.compile(r"&#?\w{1,31};|(?:^|(?<=[\r\n]))(?:[ \t>*+-]*\d{1,9}[.)])+", re.ASCII)
"""Where a letter more would change what Markdown makes of it: entities, and the numbers of lists."""
_INLINE = frozenset({"em", "strong", "s", "code", "br"})

_TAGS = set("p ul ol li strong em s code pre blockquote hr br h3 h4 h5 h6 table thead tbody tr th td sup span".split())
_CLASSES = {
    "span": {"sentence", "supported", "weak", "unsupported", "uncited"},
    "sup": {"marker"},
    "th": {"center", "right"},
    "td": {"center", "right"},
}
_ATTRIBUTES = {"span": {"data-sentence"}, "sup": {"data-number"}, "ol": {"start"}}


class Judged(Protocol):
    """A sentence, as the answer and the wire have it."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def verdict(self) -> Verdict: ...


class Cited(Protocol):
    """A citation, as the answer and the wire have it."""

    @property
    def number(self) -> int: ...
    @property
    def answer_spans(self) -> Sequence[Span]: ...


def to_html(text: str, sentences: Sequence[Judged] = (), citations: Sequence[Cited] = ()) -> str:
    """HTML of block elements. Never raises, in time linear in the text.

    A sentence is in ``<span class="sentence VERDICT" data-sentence="INDEX">``, in several where it runs through other
    elements; a marker is ``<sup class="marker" data-number="1">1</sup>``. Line breaks are kept.
    """
    text = _OURS.sub("\ufffd", text)
    markers = sorted((start, end, c.number) for c in citations for start, end in c.answer_spans)
    markers = [(start, end, number) for start, end, number in markers if text[start:end] == f"[{number}]"]
    bounds = _bounds(text, sentences)
    signed = _with_signs(text, [*_marker_signs(markers), *_sentence_signs(bounds)])
    heads = {index: escape(text[sentences[index].start : first]) for index, (first, _) in bounds.items()}
    pieces = _Walk([number for _, _, number in markers], heads).through(_rendered(signed))
    html = "".join(_in_sentence(sentences, index, pieces) for index, pieces in groupby(pieces, key=itemgetter(0)))
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, allowed_classes=_CLASSES)


def _in_sentence(sentences: Sequence[Judged], index: int | None, pieces: Iterable[tuple[int | None, str]]) -> str:
    html = "".join(piece for _, piece in pieces)
    if index is None or not html:
        return html
    return f'<span class="sentence {sentences[index].verdict}" data-sentence="{index}">{html}</span>'


def _rendered(text: str) -> str:
    """Where it nests so deep that the parser would drop the rest, line by line as it is."""
    markdown = _markdown()
    tokens = markdown.parse(text)
    if any(token.level >= _NESTING - 2 for token in tokens):
        return "<p>" + escape(text).replace("\n", "<br>") + "</p>"
    for token in tokens:
        _settle(token)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _markdown() -> MarkdownIt:
    """No rule by which a text names an address is on."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True, "maxNesting": _NESTING})
    parser.enable(["table", "strikethrough"])
    return parser.disable(["link", "image", "autolink", "reference", "html_inline", "html_block"])


def _settle(token: Token) -> None:
    """Headings go below those of a page; a column's side is a class, since strict pages take no style of an element."""
    if token.tag in ("h1", "h2", "h3", "h4", "h5"):
        token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    if token.tag in ("th", "td"):
        side = str(token.attrs.pop("style", "")).rpartition(":")[2]
        token.attrs.update({"class": side} if side else {})
    token.info = ""


# ---- signs: (place in the text, its order there, what is put in)

_Sign = tuple[int, int, str]


def _sign(kind: str, number: int) -> str:
    return kind + "".join(_DIGITS[int(digit, 16)] for digit in f"{number:x}")


def _read(sign: str) -> tuple[str, int]:
    return sign[0], int("".join(f"{ord(digit) - ord(_DIGITS[0]):x}" for digit in sign[1:]), 16)


def _marker_signs(markers: Iterable[tuple[int, int, int]]) -> Iterator[_Sign]:
    for index, (start, _, _) in enumerate(markers):
        yield start + 1, 2, _sign(_MARKER, index)


def _bounds(text: str, sentences: Sequence[Judged]) -> dict[int, Span]:
    """By sentence, from its first letter to after its last, of those where a sign can stand beside."""
    free = bytearray(char.isalnum() for char in text)
    for match in _NO_PLACE.finditer(text):
        free[match.start() : match.end()] = bytes(len(match[0]))
    bounds, reached = {}, 0
    for index, sentence in sorted(enumerate(sentences), key=lambda pair: pair[1].start):
        first, last = free.find(1, max(reached, sentence.start), sentence.end), free.rfind(1, reached, sentence.end)
        if first >= 0:
            reached = last + 1
            bounds[index] = first, reached
    return bounds


def _sentence_signs(bounds: Mapping[int, Span]) -> Iterator[_Sign]:
    for index, (first, end) in bounds.items():
        yield first, 1, _sign(_BEGIN, index)
        yield end, 0, _sign(_END, index)


def _with_signs(text: str, signs: Iterable[_Sign]) -> str:
    parts, at = [], 0
    for place, _, sign in sorted(signs):
        parts += [text[at:place], sign]
        at = place
    return "".join([*parts, text[at:]])


def _shared_end(one: str, other: str) -> int:
    """How many characters their ends have in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(one), reversed(other), strict=False)))


# ---- what is rendered, read from front to back


_Piece = tuple[int | None, str]
"""HTML, and the sentence it belongs to."""


@dataclass(slots=True)
class _Walk:
    """Takes the signs out again, and tells the sentences apart."""

    numbers: Sequence[int]
    """Of the markers, by their index."""
    heads: Mapping[int, str]
    """What stands before a sentence's first letter."""
    current: int | None = field(default=None, init=False)
    """The sentence in which it goes."""
    ending: bool = field(default=False, init=False)
    """Whether only the sentence's closing marks can follow."""

    def through(self, html: str) -> list[_Piece]:
        pieces: list[_Piece] = []
        for token in _TOKEN.finditer(html):
            match token.lastgroup:
                case "tag":
                    self._leave_block(token["tag"])
                    pieces.append((None, token["tag"]))
                case "marker":
                    pieces.append(self._marker(token["marker"]))
                case "text":
                    pieces += self._text(token["text"])
                case _:
                    kind, index = _read(token["sign"])
                    self._turn(kind, index)
                    if kind == _BEGIN and pieces:
                        pieces += self._taken_back(index, *pieces.pop())
        return pieces

    def _taken_back(self, index: int, before: int | None, html: str) -> Iterator[_Piece]:
        """What stands before the sentence's first letter, as an opening quote does, is the sentence's too."""
        cut = len(html) - _shared_end(html, self.heads[index])
        if _HALF_ENTITY.search(html, 0, cut):
            cut = len(html)
        yield before, html[:cut]
        yield (None if html[cut:].isspace() else index), html[cut:]

    def _leave_block(self, tag: str) -> None:
        if self.ending and tag.strip("</ >") not in _INLINE:
            self.current, self.ending = None, False

    def _turn(self, kind: str, index: int) -> None:
        if kind == _BEGIN:
            self.current, self.ending = index, False
        elif kind == _END and index == self.current:
            self.ending = True

    def _marker(self, marker: str) -> _Piece:
        signs = dict(_read(sign[0]) for sign in _SIGN.finditer(marker))
        if _BEGIN in signs:
            self._turn(_BEGIN, signs[_BEGIN])
        number, sentence = self.numbers[signs[_MARKER]], self.current
        if _END in signs:
            self._turn(_END, signs[_END])
        return sentence, f'<sup class="marker" data-number="{number}">{number}</sup>'

    def _text(self, text: str) -> Iterator[_Piece]:
        if self.ending and (tail := _TAIL.match(text)):
            yield self.current, tail[0]
            text = text[tail.end() :]
            if text:
                self.current, self.ending = None, False
        yield (None if text.isspace() else self.current), text
