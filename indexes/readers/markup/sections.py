"""Cuts text that is kept as its file has it into sections, so that line numbers are the file's."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, pairwise

from indexes.types import Kind, Section


@dataclass(frozen=True, slots=True)
class SectionStart:
    """The line at which a section begins, counted from 0."""

    line: int
    heading: tuple[str, ...] = ()
    kind: Kind = "prose"


def cut_sections(text: str, starts: Iterable[SectionStart], *, join_blank: bool = False) -> tuple[Section, ...]:
    """Return sections that cover the text. Line 0 must be a start; the last of several starts at one line counts.

    ``join_blank`` adds a section of blank lines to the one before it.
    """
    lines = text.splitlines(keepends=True)
    offsets = [0, *accumulate(map(len, lines))]
    by_line = {start.line: start for start in starts if start.line < len(lines)}
    used = sorted(by_line)
    if join_blank:
        used = [line for line, end in pairwise([*used, len(lines)]) if "".join(lines[line:end]).strip()]
    spans = pairwise([0, *used[1:], len(lines)])
    return tuple(
        Section(offsets[first], offsets[end], first + 1, by_line[line].heading, kind=by_line[line].kind)
        for line, (first, end) in zip(used, spans, strict=True)
    )
