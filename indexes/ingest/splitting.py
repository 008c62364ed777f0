"""Documents become passages: LlamaIndex's sentence splitter, section by section, sized in the encoder's tokens."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexes.text.sentences import sentence_spans
from indexes.types import Document, Kind, Passage, Section

if TYPE_CHECKING:
    from llama_index.core.node_parser import SentenceSplitter

VERSION = "6"
"""Part of every passage's id: raise it when the same text would be split otherwise."""
_CONTEXT_SHARE = 0.25
"""Of a passage's tokens, what its headings and table header may take at most."""
_STEP = 16
"""Text budgets are multiples of it, so that a few splitters serve every section."""
_SMALL_SHARE = 0.2
"""Of a passage's tokens: what holds fewer joins the piece after it."""
_TOKEN_CHARS = 20
"""Counted as a token at least: to a tokenizer, a word of a megabyte may be one that it does not know."""
_MAX_RUN = 200_000
"""Characters given to the splitter at once: it takes a hundred times the memory of a text of many short lines."""
_MAX_SENTENCE = 2000
"""Characters. A longer one is cut before the splitter sees it, which would cut it letter by letter."""


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    section: Section


class PassageSplitter:
    """Passages respect pages, sections and sentences, and with their context stay within ``max_tokens``."""

    def __init__(self, count_tokens: Callable[[str], int], max_tokens: int) -> None:
        self._count_tokens = count_tokens
        self._max_tokens = max_tokens
        self._max_context = int(max_tokens * _CONTEXT_SHARE)
        self._splitters: dict[tuple[Kind, int], SentenceSplitter] = {}

    @property
    def version(self) -> str:
        return f"{VERSION}/{self._max_tokens}"

    def _count(self, text: str) -> int:
        return max(self._count_tokens(text), len(text) // _TOKEN_CHARS)

    def split(self, document: Document) -> list[Passage]:
        pieces = [piece for section in document.sections for piece in self._pieces(document, section)]
        return [self._passage(document, n, piece) for n, piece in enumerate(self._joined(document, pieces))]

    def _pieces(self, document: Document, section: Section) -> Iterator[_Piece]:
        """The section's text cut to size. The splitter gives text only; its pieces follow each other in the section."""
        cursor = section.char_start
        splitter = self._splitter(section.kind, self._text_budget(document, section))
        for first, last in _short(document.text, section.char_start, section.char_end, _MAX_RUN, "\n "):
            for chunk in splitter.split_text(document.text[first:last]):
                start = document.text.index(chunk, cursor, last)
                cursor = start + len(chunk)
                if chunk.strip():
                    yield _Piece(start, cursor, section)

    def _joined(self, document: Document, pieces: list[_Piece]) -> Iterator[_Piece]:
        """A piece too small to stand alone, or leading in a table, joins the next under its heading or one deeper."""
        held: _Piece | None = None
        for piece in pieces:
            if held and self._fit(document, held, piece):
                held = _Piece(held.start, piece.end, piece.section)
            else:
                if held:
                    yield held
                held = piece
        if held:
            yield held

    def _fit(self, document: Document, held: _Piece, piece: _Piece) -> bool:
        a, b = held.section, piece.section
        if (a.page, a.sheet, a.slide, a.heading) != (b.page, b.sheet, b.slide, b.heading[: len(a.heading)]):
            return False
        if a.line + document.text.count("\n", a.char_start, b.char_start) != b.line:  # its lines would be told wrong
            return False
        small = self._count(document.text[held.start : held.end]) < self._max_tokens * _SMALL_SHARE
        leads_in = (a.kind, b.kind) == ("prose", "table") and piece.start == b.char_start  # says what the table tells
        joined = self._count(document.text[held.start : piece.end])
        return (small or leads_in) and joined <= self._text_budget(document, b)

    def _text_budget(self, document: Document, section: Section) -> int:
        context = self._count(self._context(document, section, section.char_end))
        return max(1, (self._max_tokens - context) // _STEP) * _STEP

    def _passage(self, document: Document, ordinal: int, piece: _Piece) -> Passage:
        text = document.text[piece.start : piece.end]
        key = "\0".join((document.id, hashlib.sha256(text.encode()).hexdigest(), str(ordinal), VERSION))
        return Passage(
            id=hashlib.sha256(key.encode()).hexdigest()[:24],
            document_id=document.id,
            path=document.path,
            title=document.title,
            context=self._context(document, piece.section, piece.start),
            text=text,
            locator=replace(document.locate(piece.start, piece.end), heading=piece.section.heading),
        )

    def _context(self, document: Document, section: Section, start: int) -> str:
        longest = self._max_context * _TOKEN_CHARS
        lines = [" > ".join(dict.fromkeys(part for part in (document.title, *section.heading) if part))]
        if section.kind == "table" and start > section.char_start:
            end = document.text.find("\n", section.char_start, section.char_end)
            lines.append(document.text[section.char_start : end if end >= 0 else section.char_end][:longest])
        context = "\n".join(lines)[:longest]
        while self._count(context) > self._max_context:
            context = context[: int(len(context) * 0.8)]
        return context

    def _splitter(self, kind: Kind, budget: int) -> "SentenceSplitter":
        if (kind, budget) not in self._splitters:
            from llama_index.core.node_parser import SentenceSplitter

            self._splitters[kind, budget] = SentenceSplitter(
                chunk_size=budget,
                chunk_overlap=0,
                paragraph_separator="\n\n\n" if kind == "prose" else "\n",
                tokenizer=lambda text: range(self._count(text)),  # only its length is used
                chunking_tokenizer_fn=lambda text: _cut(text, kind),
                include_metadata=False,
            )
        return self._splitters[kind, budget]


def _cut(text: str, kind: Kind) -> list[str]:
    """The text in pieces that end where sentences do, or words of those too long; joined, they are the text."""
    starts = [0, *(start for start, _ in sentence_spans(text, kind)[1:])]
    spans = zip(starts, [*starts[1:], len(text)], strict=True)
    return [text[start:end] for first, last in spans for start, end in _short(text, first, last, _MAX_SENTENCE, " ")]


def _short(text: str, start: int, end: int, most: int, marks: str) -> Iterator[tuple[int, int]]:
    """Spans of ``most`` characters at most that end after the first of these marks, or the next where there is none."""
    while end - start > most:
        cut = next((at for mark in marks if (at := text.rfind(mark, start, start + most) + 1)), start + most)
        yield start, cut
        start = cut
    yield start, end
