"""What becomes of what an answer says and its sources do not bear out: it is marked, cut, or the model asked again."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.evidence.non_claims import FENCE, RULE, in_code, is_frame
from rag.types import Citation, Sentence, Span, Usage
from rag.verification.abstention import is_lack

Unsupported = Literal["mark", "cut", "retry"]
_BORNE_OUT = ("supported", "weak")
_WORTH = {"supported": 1.0, "weak": 0.5, "unsupported": -1.0, "uncited": -1.0}
_BARE = re.compile(r"[\W_]*(?:\d{1,3}[.)])?[\W_]*")
"""What is left of a line whose sentences are gone: a bullet, or an item's number."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about what the documents do not bear out."""

    unsupported: Unsupported = "mark"
    """``retry`` takes a further call to the model, and marks what is left."""
    min_evidence: float = 0.0
    """Where all that was found has less (``declining.evidence``), the model is not asked."""


MARK = Policy()


@dataclass(frozen=True, slots=True)
class Checked:
    """A text with its footnotes, and each of its sentences checked, claims or not."""

    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    unanswered: str = ""
    """What the model told of what the sources do not answer."""
    usage: Usage | None = None
    """Of a model that was asked for a second opinion; None where none was."""

    @property
    def claims(self) -> tuple[Sentence, ...]:
        """The sentences that must have a source."""
        return tuple(
            s for s in self.sentences if not is_lack(s) and (s.citations or not is_frame(self.text, (s.start, s.end)))
        )

    @property
    def doubtful(self) -> tuple[Sentence, ...]:
        """The claims that no source bears out."""
        return tuple(s for s in self.claims if s.verdict not in _BORNE_OUT)

    @property
    def answers(self) -> bool:
        """Whether a source bears out any of it, be it weakly."""
        return any(s.verdict in _BORNE_OUT for s in self.claims)

    @property
    def lacking(self) -> str:
        """The part of the question that is not answered, as it was told or as the text says."""
        return self.unanswered or " ".join(s.text for s in self.sentences if is_lack(s))


def better(one: Checked, other: Checked) -> Checked:
    """Of two answers to one question: what is borne out counts for it, what is not against it; the first of equals."""
    return max(one, other, key=lambda checked: (checked.answers, sum(_WORTH[s.verdict] for s in checked.claims)))


def cut(checked: Checked) -> Checked:
    """Without the claims that no source bears out, nor what only led in to them; numbers count from 1 without gaps."""
    gone = {s.start for s in checked.doubtful}
    gone |= {s.start for s in _leading_to_nothing(checked, gone)}
    if not gone:
        return checked
    spans = list(_whole_lines(checked.text, [(s.start, s.end) for s in checked.sentences if s.start in gone]))
    return _without(checked, spans, gone)


def _leading_to_nothing(checked: Checked, gone: set[int]) -> Iterator[Sentence]:
    """Frames between which and the next one claims stood, and none is left. Code stays: it is not checked."""
    claims = {sentence.start for sentence in checked.claims}
    left: bool | None = None
    for sentence in reversed(checked.sentences):
        if sentence.start in claims:
            left = bool(left) or sentence.start not in gone
        elif is_lack(sentence) or in_code(checked.text, (sentence.start, sentence.end)):
            left = True
        else:
            if left is False:
                yield sentence
            left = None


def _whole_lines(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """The spans with the blanks after them, or whole lines of which nothing but a bullet is left; then, no two blank
    lines follow each other."""
    blank, cut_before = True, False
    for line in re.finditer(r"[^\n]*\n|[^\n]+", text):
        within = [(start, end) for start, end in spans if line.start() <= start < line.end()]
        left = _left(text, line.span(), within)
        bare = FENCE not in left and _BARE.fullmatch(left)
        if (within and bare) or (cut_before and _is_filling(line[0], blank=blank)):
            cut_before = True
            yield line.start(), max([line.end(), *(end for _, end in within)])
        else:
            blank, cut_before = not line[0].strip(), False
            yield from ((start, _after_blanks(text, end)) for start, end in within)


def _is_filling(line: str, *, blank: bool) -> bool:
    """What is not needed after a line that goes: the rule under a table's head, a blank line after another."""
    return RULE.fullmatch(line.strip()) is not None or (blank and not line.strip())


def _after_blanks(text: str, at: int) -> int:
    return at + len(text[at:]) - len(text[at:].lstrip(" "))


def _left(text: str, line: Span, spans: Sequence[Span]) -> str:
    """Of a line without the spans."""
    edges = [line[0], *(min(edge, line[1]) for span in spans for edge in span), line[1]]
    return "".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))


def _without(checked: Checked, spans: Sequence[Span], gone: set[int]) -> Checked:
    marks = sorted((start, end, c.number) for c in checked.citations for start, end in c.answer_spans)
    kept = [mark for mark in marks if not any(start <= mark[0] < end for start, end in spans)]
    numbers = {number: new for new, number in enumerate(dict.fromkeys(number for *_, number in kept), start=1)}
    text, moved = _rewritten(checked.text, spans, {start: (end, f"[{numbers[n]}]") for start, end, n in kept})
    citations = [
        replace(c, number=numbers[c.number], answer_spans=_moved([s for *s, n in kept if n == c.number], moved))
        for c in checked.citations
        if c.number in numbers
    ]
    sentences = [
        replace(
            s,
            text=text[moved[s.start] : moved[s.end]],
            start=moved[s.start],
            end=moved[s.end],
            citations=tuple(numbers[n] for n in s.citations if n in numbers),  # in code, [2] is none
        )
        for s in checked.sentences
        if s.start not in gone
    ]
    return replace(
        checked,
        text=text,
        citations=tuple(sorted(citations, key=lambda c: c.number)),
        sentences=tuple(sentences),
    )


def _moved(spans: Sequence[Sequence[int]], moved: Sequence[int]) -> tuple[Span, ...]:
    return tuple((moved[start], moved[end]) for start, end in spans)


def _rewritten(text: str, spans: Sequence[Span], marks: dict[int, tuple[int, str]]) -> tuple[str, list[int]]:
    """The text without the spans and with other marks, and where each of its characters, and its end, came to stand."""
    out, length, moved = [], 0, [0] * (len(text) + 1)
    dropped = dict(spans)
    at = 0
    while at < len(text):
        end, said = (dropped[at], "") if at in dropped else marks.get(at, (at + 1, text[at]))
        moved[at:end] = [length] * (end - at)
        out.append(said)
        length, at = length + len(said), end
    kept = "".join(out).rstrip()
    moved[len(text)] = length
    return kept, [min(place, len(kept)) for place in moved]
