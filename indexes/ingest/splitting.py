"""Splits documents into passages by LlamaIndex's sentence splitter, section by section, in the encoder's tokens."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexes.text.sentences import sentence_spans
from indexes.types import Document, Kind, Passage, Section

if TYPE_CHECKING:
    from llama_index.core.node_parser import SentenceSplitter

VERSION = "6"
"""Part of every passage's id. Raise it when the same text would be split otherwise."""
_CONTEXT_SHARE = 0.25
"""The share of a passage's tokens that its headings and table header may take."""
_STEP = 16
"""Tokens. Text budgets are multiples of it, so that a few splitters serve every section."""
_SMALL_SHARE = 0.2
"""The share of a passage's tokens below which a piece joins the next."""
_TOKEN_CHARS = 20
"""Characters that count as a token at least: a tokenizer may take a word of a megabyte for one unknown token."""
_MAX_RUN = 200_000
"""Characters split at once: the splitter takes a hundred times the memory of a text of many short lines."""
_MAX_SENTENCE = 2000
"""Characters. A longer sentence is cut first, as the splitter would cut it letter by letter."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a section's text that will be a passage, or a part of one."""

    start: int
    end: int
    section: Section


class PassageSplitter:
    """Makes passages that respect pages, sections and sentences, and fit ``max_tokens`` with their context."""

    def __init__(self, count_tokens: Callable[[str], int], max_tokens: int) -> None:
        self._count_tokens = count_tokens
        self._max_tokens = max_tokens
        self._max_context = int(max_tokens * _CONTEXT_SHARE)
        self._splitters: dict[tuple[Kind, int], SentenceSplitter] = {}

    @property
    def version(self) -> str:
        """Differs wherever passages would."""
        return f"{VERSION}/{self._max_tokens}"

    def _count(self, text: str) -> int:
        return max(self._count_tokens(text), len(text) // _TOKEN_CHARS)

    def split(self, document: Document) -> list[Passage]:
        """Return the document's passages in order."""
        joined: list[_Piece] = []
        for piece in (piece for section in document.sections for piece in self._pieces(document, section)):
            if joined and self._fit(document, joined[-1], piece):
                joined[-1] = _Piece(joined[-1].start, piece.end, piece.section)
            else:
                joined.append(piece)
        passages = []
        for ordinal, piece in enumerate(joined):
            text = document.text[piece.start : piece.end]
            key = "\0".join((document.id, hashlib.sha256(text.encode()).hexdigest(), str(ordinal), VERSION))
            passage = Passage(
                id=hashlib.sha256(key.encode()).hexdigest()[:24],
                document_id=document.id,
                path=document.path,
                title=document.title,
                context=self._context(document, piece.section, piece.start),
                text=text,
                locator=replace(document.locate(piece.start, piece.end), heading=piece.section.heading),
            )
            passages.append(passage)
        return passages

    def _pieces(self, document: Document, section: Section) -> Iterator[_Piece]:
        """Yield the section's text cut to size. The splitter gives text only, whose places are found in order."""
        cursor = section.char_start
        kind, budget = section.kind, self._text_budget(document, section)
        if (kind, budget) not in self._splitters:
            from llama_index.core.node_parser import SentenceSplitter

            self._splitters[kind, budget] = SentenceSplitter(
                chunk_size=budget,
                chunk_overlap=0,
                paragraph_separator="\n\n\n" if kind == "prose" else "\n",
                tokenizer=lambda text: range(self._count(text)),  # only its length is used
                chunking_tokenizer_fn=lambda text: _sentences(text, kind),
                include_metadata=False,
            )
        for first, last in _cut(document.text, section.char_start, section.char_end, _MAX_RUN, "\n "):
            for chunk in self._splitters[kind, budget].split_text(document.text[first:last]):
                start = document.text.index(chunk, cursor, last)
                cursor = start + len(chunk)
                if chunk.strip():
                    yield _Piece(start, cursor, section)

    def _fit(self, document: Document, last: _Piece, piece: _Piece) -> bool:
        """Whether a small piece, or one that leads to a table, joins the next under its heading or a deeper one."""
        a, b = last.section, piece.section
        if (a.page, a.sheet, a.slide, a.heading) != (b.page, b.sheet, b.slide, b.heading[: len(a.heading)]):
            return False
        if a.line + document.text.count("\n", a.char_start, b.char_start) != b.line:  # line numbers would be wrong
            return False
        small = self._count(document.text[last.start : last.end]) < self._max_tokens * _SMALL_SHARE
        leads_in = (a.kind, b.kind) == ("prose", "table") and piece.start == b.char_start  # introduces the table
        joined = self._count(document.text[last.start : piece.end])
        return (small or leads_in) and joined <= self._text_budget(document, b)

    def _text_budget(self, document: Document, section: Section) -> int:
        context = self._count(self._context(document, section, section.char_end))
        return max(1, (self._max_tokens - context) // _STEP) * _STEP

    def _context(self, document: Document, section: Section, start: int) -> str:
        """Return title and headings, and within a table its header, cut to the share of tokens for them."""
        longest = self._max_context * _TOKEN_CHARS
        lines = [" > ".join(dict.fromkeys(part for part in (document.title, *section.heading) if part))]
        if section.kind == "table" and start > section.char_start:
            end = document.text.find("\n", section.char_start, section.char_end)
            lines.append(document.text[section.char_start : end if end >= 0 else section.char_end][:longest])
        context = "\n".join(lines)[:longest]
        while self._count(context) > self._max_context:
            context = context[: int(len(context) * 0.8)]
        return context


def _sentences(text: str, kind: Kind) -> list[str]:
    """Cut the text after sentences, and long sentences after words. Joined, the pieces are the text."""
    starts = [0, *(start for start, _ in sentence_spans(text, kind)[1:])]
    spans = zip(starts, [*starts[1:], len(text)], strict=True)
    return [text[start:end] for first, last in spans for start, end in _cut(text, first, last, _MAX_SENTENCE, " ")]


def _cut(text: str, start: int, end: int, size: int, marks: str) -> Iterator[tuple[int, int]]:
    """Yield spans of ``size`` characters at most that end after the first of these marks, or the next, or anywhere."""
    while end - start > size:
        cut = next((at for mark in marks if (at := text.rfind(mark, start, start + size) + 1)), start + size)
        yield start, cut
        start = cut
    yield start, end
