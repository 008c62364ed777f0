"""Markdown in pieces of a length: tables and code go on in the next piece as what they are, and nothing is lost."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?\|?\s*")
_LONGEST_OPENER = 200
"""A longer first line of code, or head of a table, is not repeated."""


def pieces(markdown: str, limit: int) -> list[str]:
    """Each has ``limit`` characters at most, which must be over 1000; cut between paragraphs where there are any."""
    return list(_Splitter(limit).split(markdown)) if len(markdown) > limit else [markdown]


class _Splitter:
    def __init__(self, limit: int) -> None:
        self._room = limit - 2 * _LONGEST_OPENER  # for what is repeated, and for closing code
        self._lines: list[str] = []
        self._size = 0
        self._fence = ""
        """What closes the code that is open; empty where none is."""
        self._head: tuple[str, ...] = ()
        """The lines that are repeated where a piece goes on."""

    def split(self, markdown: str) -> Iterator[str]:
        for line in markdown.split("\n"):
            for part in _parts(line, self._room):
                while self._size + len(part) + 1 > self._room and len(self._lines) > len(self._head):
                    yield self._cut()
                self._take(part)
        yield "\n".join(self._lines)

    def _take(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line) + 1
        if match := _FENCE.match(line):
            self._fenced(match[1], match[2].strip(), line)
        elif not self._fence:
            self._tabled(line)

    def _fenced(self, mark: str, after: str, line: str) -> None:
        if not self._fence and "`" not in after:
            self._fence = mark[:_LONGEST_OPENER]
            self._head = (line if len(line) <= _LONGEST_OPENER else self._fence,)
        elif self._fence and not after and mark.startswith(self._fence):
            self._fence, self._head = "", ()

    def _tabled(self, line: str) -> None:
        if _RULE.fullmatch(line) and len(self._lines) > 1 and "|" in self._lines[-2]:
            head = (self._lines[-2], line)
            self._head = head if sum(map(len, head)) < _LONGEST_OPENER else ()
        elif "|" not in line:
            self._head = ()

    def _cut(self) -> str:
        """The piece that is full; what follows it in the same paragraph begins the next."""
        end = len(self._lines)
        if not self._head and "" in self._lines[end // 2 :]:
            end -= self._lines[::-1].index("")
        told, rest = self._lines[:end], self._lines[end:]
        self._lines = [*self._head, *rest]
        self._size = sum(len(line) + 1 for line in self._lines)
        return "\n".join([*told, self._fence] if self._fence else told)


def _parts(line: str, room: int) -> list[str]:
    """A line that is too long, cut at blanks where it has any."""
    parts = []
    while len(line) >= room:
        end = line.rfind(" ", room // 2, room - 1) + 1 or room - 1
        parts.append(line[:end])
        line = line[end:]
    return [*parts, line]
