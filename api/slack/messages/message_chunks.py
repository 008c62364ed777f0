"""Splits Markdown into pieces of a limited length. Tables and code continue in the next piece; nothing is lost."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_TABLE_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?\|?\s*")
_MAX_OPENER = 200
"""A longer first line of code, or head of a table, is not repeated."""


def split_markdown(markdown: str, limit: int) -> list[str]:
    """Pieces of at most ``limit`` characters, which must be over 1000; cut between paragraphs if possible."""
    return list(_MarkdownSplitter(limit).split(markdown)) if len(markdown) > limit else [markdown]


class _MarkdownSplitter:
    def __init__(self, limit: int) -> None:
        self._room = limit - 2 * _MAX_OPENER  # for what is repeated, and for closing code
        self._lines: list[str] = []
        self._size = 0
        self._fence = ""
        """What closes the open code; empty outside code."""
        self._head: tuple[str, ...] = ()
        """The lines that are repeated at the start of the next piece."""

    def split(self, markdown: str) -> Iterator[str]:
        """The pieces in order."""
        for line in markdown.split("\n"):
            rest: str | None = line
            while rest is not None:
                part, rest = rest, None
                if len(part) >= self._room:  # cut at a blank if there is one
                    end = part.rfind(" ", self._room // 2, self._room - 1) + 1 or self._room - 1
                    part, rest = part[:end], part[end:]
                while self._size + len(part) + 1 > self._room and len(self._lines) > len(self._head):
                    yield self._cut_piece()
                self._lines.append(part)
                self._size += len(part) + 1
                self._follow_structure(part)
        yield "\n".join(self._lines)

    def _follow_structure(self, line: str) -> None:
        """Notice where code and tables begin and end."""
        if match := _FENCE.match(line):
            mark, after = match[1], match[2].strip()
            if not self._fence and "`" not in after:
                self._fence = mark[:_MAX_OPENER]
                self._head = (line if len(line) <= _MAX_OPENER else self._fence,)
            elif self._fence and not after and mark.startswith(self._fence):
                self._fence, self._head = "", ()
        elif not self._fence and _TABLE_RULE.fullmatch(line) and len(self._lines) > 1 and "|" in self._lines[-2]:
            head = (self._lines[-2], line)
            self._head = head if sum(map(len, head)) < _MAX_OPENER else ()
        elif not self._fence and "|" not in line:
            self._head = ()

    def _cut_piece(self) -> str:
        """The full piece. What follows it in the same paragraph begins the next one."""
        end = len(self._lines)
        if not self._head and "" in self._lines[end // 2 :]:
            end -= self._lines[::-1].index("")
        piece, rest = self._lines[:end], self._lines[end:]
        self._lines = [*self._head, *rest]
        self._size = sum(len(line) + 1 for line in self._lines)
        return "\n".join([*piece, self._fence] if self._fence else piece)
