"""Decides what happens to sentences that no source supports: marked, cut, or a reason to ask the model again."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.types import Span
from rag.verification.abstention import admits_gap
from rag.verification.checker import CheckedText
from rag.verification.claims import FENCE, RULE, in_code, is_yes_or_no

Unsupported = Literal["mark", "cut", "retry"]
_WORTH = {"supported": 1.0, "weak": 0.5, "unsupported": -1.0, "uncited": -1.0}
_BARE = re.compile(r"[\W_]*(?:\d{1,3}[.)])?[\W_]*")
"""What is left of a line without its sentences: a bullet, or an item's number."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules for what the documents do not support."""

    unsupported: Unsupported = "mark"
    """``retry`` asks the model once more, and marks what is left."""
    min_evidence: float = 0.0
    """If no hit has this much evidence (``abstention.is_relevant``), nothing is written."""
    reads_on: bool = False
    """Whether a language model reads what was found: then only what is plainly foreign to the documents is declined."""


DEFAULT_POLICY = Policy()


def better_of(first: CheckedText, second: CheckedText) -> CheckedText:
    """Return the text with more supported and fewer unsupported claims; the first if they are equal."""
    return max(first, second, key=lambda text: (text.answers, sum(_WORTH[s.verdict] for s in text.claims)))


def cut_unsupported(checked: CheckedText) -> CheckedText:
    """Return the text without unsupported claims, and without what only led in to them; numbers have no gaps."""
    dropped = {s.start for s in checked.doubtful}
    dropped |= set(_orphaned_lead_ins(checked, dropped))
    left = [s for s in checked.sentences if s.start not in dropped]
    if len(left) == 1 and is_yes_or_no(left[0].text):  # then it is all that is said, and nothing bears it out
        dropped.add(left[0].start)
    if not dropped:
        return checked
    spans = list(_whole_lines(checked.text, [(s.start, s.end) for s in checked.sentences if s.start in dropped]))
    marks = sorted((start, end, c.number) for c in checked.citations for start, end in c.answer_spans)
    marks = [mark for mark in marks if not any(start <= mark[0] < end for start, end in spans)]
    numbers = {number: new for new, number in enumerate(dict.fromkeys(number for *_, number in marks), start=1)}
    text, moved = _rewrite(checked.text, spans, {start: (end, f"[{numbers[n]}]") for start, end, n in marks})
    citations = []
    for citation in sorted((c for c in checked.citations if c.number in numbers), key=lambda c: numbers[c.number]):
        places = tuple((moved[start], moved[end]) for start, end, number in marks if number == citation.number)
        citations.append(replace(citation, number=numbers[citation.number], answer_spans=places))
    sentences = []
    for sentence in (s for s in checked.sentences if s.start not in dropped):
        start, end = moved[sentence.start], moved[sentence.end]
        cited = tuple(numbers[n] for n in sentence.citations if n in numbers)  # in code, [2] is no marker
        sentences.append(replace(sentence, text=text[start:end], start=start, end=end, citations=cited))
    return replace(checked, text=text, citations=tuple(citations), sentences=tuple(sentences))


def _orphaned_lead_ins(checked: CheckedText, dropped: set[int]) -> Iterator[int]:
    """Yield where headings and lead-ins start whose claims are all dropped. Code stays: it is not checked."""
    claims = {sentence.start for sentence in checked.claims}
    remains: bool | None = None  # of the claims up to the next non-claim; None if there are none
    for sentence in reversed(checked.sentences):
        if sentence.start in claims:
            remains = bool(remains) or sentence.start not in dropped
        elif admits_gap(sentence) or in_code(checked.text, (sentence.start, sentence.end)):
            remains = True
        else:
            if remains is False:
                yield sentence.start
            remains = None


def _whole_lines(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the spans with the blanks after them, widened to the whole line if only a bullet would be left.

    After a dropped line, the rule under a table's header row and a second blank line are dropped too.
    """
    after_blank, after_drop = True, False
    for line in re.finditer(r"[^\n]*\n|[^\n]+", text):
        within = [(start, end) for start, end in spans if line.start() <= start < line.end()]
        edges = [line.start(), *(min(edge, line.end()) for span in within for edge in span), line.end()]
        rest = "".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
        is_blank = not line[0].strip()
        is_filling = RULE.fullmatch(line[0].strip()) is not None or (after_blank and is_blank)
        if (within and FENCE not in rest and _BARE.fullmatch(rest)) or (after_drop and is_filling):
            after_drop = True
            yield line.start(), max([line.end(), *(end for _, end in within)])
        else:
            after_blank, after_drop = is_blank, False
            yield from ((start, end + len(text[end:]) - len(text[end:].lstrip(" "))) for start, end in within)


def _rewrite(text: str, spans: Sequence[Span], marks: dict[int, tuple[int, str]]) -> tuple[str, list[int]]:
    """Return the text without the spans and with other markers, and the new position of each old one."""
    parts, length, moved = list[str](), 0, [0] * (len(text) + 1)
    dropped = dict(spans)
    at = 0
    while at < len(text):
        end, part = (dropped[at], "") if at in dropped else marks.get(at, (at + 1, text[at]))
        moved[at:end] = [length] * (end - at)
        parts.append(part)
        length, at = length + len(part), end
    rewritten = "".join(parts).rstrip()
    moved[len(text)] = length
    return rewritten, [min(position, len(rewritten)) for position in moved]
