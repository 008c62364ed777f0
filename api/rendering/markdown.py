"""An answer's Markdown as HTML that can go into any page: no links, no pictures, nothing that acts.

Sentences and markers are places in the text and must be found again in the HTML. So signs go into the text first. They
are Unicode's noncharacters, which no text may hold. Each stands beside a letter or digit, or within a marker's
brackets, where Markdown takes it for another letter. The HTML is then cut at the signs. It is sanitized last, so that
its safety depends on no earlier step.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Protocol

import nh3
from markdown_it import MarkdownIt

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
"""Places where an additional letter would change the Markdown: entities, and the numbers of lists."""
_INLINE = frozenset({"em", "strong", "s", "code", "br"})

_TAGS = set("p ul ol li strong em s code pre blockquote hr br h3 h4 h5 h6 table thead tbody tr th td sup span".split())
_CLASSES = {
    "span": {"sentence", "supported", "weak", "unsupported", "uncited", "contradicted"},
    "sup": {"marker"},
    "th": {"center", "right"},
    "td": {"center", "right"},
}
_ATTRIBUTES = {"span": {"data-sentence"}, "sup": {"data-number"}, "ol": {"start"}}


class Judged(Protocol):
    """A sentence, as the answer and the wire have it."""

    @property
    def start(self) -> int:
        """The first place in the answer's text, in code points."""

    @property
    def end(self) -> int:
        """The place after the last, in code points."""

    @property
    def verdict(self) -> Verdict:
        """How far the sources support it."""

    @property
    def contradicted(self) -> bool:
        """Whether its source says otherwise."""


class Cited(Protocol):
    """A citation, as the answer and the wire have it."""

    @property
    def number(self) -> int:
        """The number in its markers, from 1."""

    @property
    def answer_spans(self) -> Sequence[Span]:
        """The spans of its markers in the answer's text, in code points."""


def to_html(text: str, sentences: Sequence[Judged] = (), citations: Sequence[Cited] = ()) -> str:
    """Return HTML of block elements. It never raises, and takes time linear in the text.

    A sentence is in ``<span class="sentence VERDICT" data-sentence="INDEX">``, or in several if it spans elements. One
    that its source contradicts has the class ``contradicted`` too.
    A marker is ``<sup class="marker" data-number="1">1</sup>``. Line breaks stay.
    """
    text = _OURS.sub("\ufffd", text)
    markers = sorted((start, end, c.number) for c in citations for start, end in c.answer_spans)
    markers = [(start, end, number) for start, end, number in markers if text[start:end] == f"[{number}]"]
    bounds = _letter_spans(text, sentences)
    heads = {index: escape(text[sentences[index].start : first]) for index, (first, _) in bounds.items()}
    rendered = _render_markdown(_insert_signs(text, markers, bounds))
    html = []
    for index, pieces in groupby(_Walk([number for *_, number in markers], heads).walk(rendered), key=itemgetter(0)):
        part = "".join(piece for _, piece in pieces)
        if index is not None and part:
            classes = f"sentence {sentences[index].verdict}{' contradicted' * sentences[index].contradicted}"
            part = f'<span class="{classes}" data-sentence="{index}">{part}</span>'
        html.append(part)
    return nh3.clean("".join(html), tags=_TAGS, attributes=_ATTRIBUTES, allowed_classes=_CLASSES)


def _render_markdown(text: str) -> str:
    """Return HTML without any address. A text that nests too deep for the parser is returned as plain lines."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True, "maxNesting": _NESTING})
    parser.enable(["table", "strikethrough"])
    parser.disable(["link", "image", "autolink", "reference", "html_inline", "html_block"])
    tokens = parser.parse(text)
    if any(token.level >= _NESTING - 2 for token in tokens):
        return "<p>" + escape(text).replace("\n", "<br>") + "</p>"
    for token in tokens:
        if token.tag in ("h1", "h2", "h3", "h4", "h5"):  # below the headings of the page
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        if token.tag in ("th", "td"):  # strict pages allow no style attributes
            side = str(token.attrs.pop("style", "")).rpartition(":")[2]
            token.attrs.update({"class": side} if side else {})
        token.info = ""
    return str(parser.renderer.render(tokens, parser.options, {}))


# ---- signs


def _sign(kind: str, number: int) -> str:
    return kind + "".join(_DIGITS[int(digit, 16)] for digit in f"{number:x}")


def _read(sign: str) -> tuple[str, int]:
    return sign[0], int("".join(f"{ord(digit) - ord(_DIGITS[0]):x}" for digit in sign[1:]), 16)


def _letter_spans(text: str, sentences: Sequence[Judged]) -> dict[int, Span]:
    """Return by sentence the span from its first to its last letter that can have a sign beside it."""
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


def _insert_signs(text: str, markers: Sequence[tuple[int, int, int]], bounds: Mapping[int, Span]) -> str:
    """Return the text with its signs. At one place a sentence ends before another begins, and a marker comes last."""
    signs = [(end, 0, _sign(_END, index)) for index, (_, end) in bounds.items()]
    signs += [(first, 1, _sign(_BEGIN, index)) for index, (first, _) in bounds.items()]
    signs += [(start + 1, 2, _sign(_MARKER, index)) for index, (start, *_) in enumerate(markers)]
    parts, at = [], 0
    for place, _, sign in sorted(signs):
        parts += [text[at:place], sign]
        at = place
    return "".join([*parts, text[at:]])


# ---- the rendered HTML, read from front to back


_Piece = tuple[int | None, str]
"""The index of a sentence, and HTML that belongs to it."""


@dataclass(slots=True)
class _Walk:
    """Removes the signs from HTML, and finds the sentence of each piece."""

    numbers: Sequence[int]
    """The numbers of the markers, by index."""
    heads: Mapping[int, str]
    """The HTML before the first letter of each sentence."""
    current: int | None = field(default=None, init=False)
    """The sentence at this point."""
    ending: bool = field(default=False, init=False)
    """Whether only closing marks of the sentence can follow."""

    def walk(self, html: str) -> list[_Piece]:
        """Return the pieces in order, without signs."""
        pieces: list[_Piece] = []
        for token in _TOKEN.finditer(html):
            match token.lastgroup:
                case "tag":
                    if self.ending and token["tag"].strip("</ >") not in _INLINE:  # a block ends
                        self.current, self.ending = None, False
                    pieces.append((None, token["tag"]))
                case "marker":
                    pieces.append(self._marker(token["marker"]))
                case "text":
                    pieces += self._text(token["text"])
                case _:
                    kind, index = _read(token["sign"])
                    self._turn(kind, index)
                    if kind == _BEGIN and pieces:
                        # what stands before its first letter, such as an opening quote, belongs to the sentence
                        before, part = pieces.pop()
                        pairs = zip(reversed(part), reversed(self.heads[index]), strict=False)
                        cut = len(part) - sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
                        cut = len(part) if _HALF_ENTITY.search(part, 0, cut) else cut
                        pieces += [(before, part[:cut]), (None if part[cut:].isspace() else index, part[cut:])]
        return pieces

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
