"""A claim laid beside the sentence that it was made of: what stands in place of what."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from indexes.text.sentences import is_table_row, sentence_spans
from indexes.text.tokenization import figures, stem, stems, words
from rag.evidence.names import absent, first_name, folded, names
from rag.evidence.negation import negates, opposite
from rag.evidence.quantities import amounts, missing, respelt

_ENOUGH = 0.5
"""Share of a claim's words that a sentence must have to be what it was made of."""
_SHORT = 5
"""Words of a stretch that stands in place of another; longer ones are put in other words."""
_SAME = 0.8
"""Share of a claim's words that make it the same sentence."""
_FACT = ""
_JOINING = frozenset({_FACT, "and", "or", "und", "et", "y", "e"})
_BOTH_WAYS = frozenset(map(stem, "met meet marry married divorce divorced fought played border equal equals".split()))
"""Verbs whose subject and object may stand in each other's place."""
_AROUND = 6
"""Words on each side of a fact that tell what it is said of."""
_FEWEST = 3
"""Of these, the fewest that can tell."""
_ALIKE, _LEAD = 0.6, 0.4
"""Share of them that a sentence without the fact must have, and by how much more than any with it."""
_FIRM = 2
"""Words beside a stretch, on each side, that place it firmly."""
_MOST = 160
"""Words that are compared: the time grows with their square."""


_WRAP = re.compile(r"(?<!\n)\n(?!\n|\s*(?:[-*•▪◦‣·–—]\s|\(?\d{1,3}[.)]\s|#))")
"""A line's end that is no paragraph's, nor before an item of a list."""
_HEADING = re.compile(r"^(\w+(?: \w+){0,2})\n(?=[A-Z])")
"""A few words above the text."""
_ASIDE = re.compile(r"\([^()]{0,200}\)")


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence by its words, and which of them are names and figures."""

    text: str
    words: tuple[str, ...]
    names: frozenset[str]
    values: frozenset[str]
    stems: frozenset[str]


def conflict(claim: str, text: str, named: frozenset[str] = frozenset()) -> str:
    """What the claim puts in place of a figure, a name or a negation of what it was made of; empty if nothing.

    It is laid beside the sentence most like it; then each of its facts, with the words around it, beside the one most
    like these. ``named`` are words that are known for names, small and folded: of what a sentence begins with, its
    capital is no sign. What stands in brackets counts where the claim has brackets too.
    """
    whole = _ASIDE.search(claim) is not None
    said = _line(claim, named, whole)
    lines = [_line(line, named, whole) for line in spoken(text)]
    source = max(lines, key=lambda line: len(said.stems & line.stems), default=said)
    alike = said.stems and len(said.stems & source.stems) >= _ENOUGH * len(said.stems)
    if alike and (found := _put_in(said, source) or _exchanged(said, source) or _swapped(said, source)):
        return found
    return next(filter(None, (_misplaced(said, lines, run) for run in _runs(said))), "")


def _put_in(said: _Line, source: _Line, run: tuple[int, int] | None = None) -> str:
    """What the claim has in place of the source's; ``run``: only there, by the words around it."""
    start, end = (max(0, run[0] - _AROUND), run[1] + _AROUND) if run else (0, len(said.words))
    part = said.words[start:end]
    blocks = SequenceMatcher(None, part, source.words, autojunk=False).get_opcodes()
    for n, (tag, a, b, c, d) in enumerate(blocks):
        flanked = (start + a == 0 or c > 0) and (b - a <= _SHORT and d - c <= _SHORT)
        if tag == "equal" or not flanked or (run and not (start + a < run[1] and run[0] < start + b)):
            continue
        firm = all(block[2] - block[1] >= _FIRM for block in blocks[max(0, n - 1) : n + 2] if block[0] == "equal")
        if found := _clash(said, source, part[a:b], source.words[c:d], firm=firm):
            return found
    return ""


def _exchanged(said: _Line, source: _Line) -> str:
    """The one figure of each that the other has not, where all else is much the same, in whatever order."""
    new, old = said.values - source.values, source.values - said.values
    rest = said.stems - said.values
    if len(new) != 1 or len(old) != 1 or len(rest & source.stems) < _SAME * len(rest) or _all_borne_out(said, source):
        return ""
    (one,), (other,) = new, old
    return f"{one} for {other}" if _is_year(one) == _is_year(other) else ""


def _swapped(said: _Line, source: _Line) -> str:
    """Two facts of which each stands in the other's place, all else being word for word the same."""
    (frame, facts), (other_frame, other_facts) = _framed(said), _framed(source)
    if frame != other_frame or facts == other_facts or sorted(facts) != sorted(other_facts):
        return ""
    places = [at for at, word in enumerate(frame) if word == _FACT]
    moved = [n for n, (one, other) in enumerate(zip(facts, other_facts, strict=True)) if one != other]
    between = frame[places[moved[0]] : places[moved[-1]]]
    if set(between) <= _JOINING or set(map(stem, between)) & _BOTH_WAYS:
        return ""
    return f"{' '.join(facts[moved[0]])} for {' '.join(other_facts[moved[0]])}"


def _framed(line: _Line) -> tuple[list[str], list[tuple[str, ...]]]:
    """Its words with a mark in the place of each fact, and the facts."""
    frame, facts, last = [], [], 0
    for start, end in _runs(line):
        frame += [*line.words[last:start], _FACT]
        facts.append(line.words[start:end])
        last = end
    return [*frame, *line.words[last:]], facts


def _is_year(figure: str) -> bool:
    return re.fullmatch(r"1[5-9]\d\d|20\d\d", figure) is not None


def _misplaced(said: _Line, lines: Sequence[_Line], run: tuple[int, int]) -> str:
    """Of a fact that stands elsewhere in the source: what the source has where the claim has it."""
    fact = set(said.words[slice(*run)])
    near = _near(said, run)
    having = [line for line in lines if fact & set(line.words)]
    if len(near) < _FEWEST or not having or len(having) == len(lines):
        return ""

    def alike(line: _Line) -> float:
        return sum(weight for word, weight in near.items() if word in line.stems) / sum(near.values())

    best = max((line for line in lines if line not in having), key=alike)
    if alike(best) < _ALIKE or alike(best) - max(map(alike, having)) < _LEAD:
        return ""
    return _put_in(said, best, run)


def _near(said: _Line, run: tuple[int, int]) -> dict[str, float]:
    """Words that carry matter, of those around it; the farther the less they weigh."""
    before, after = said.words[max(0, run[0] - _AROUND) : run[0]][::-1], said.words[run[1] : run[1] + _AROUND]
    near: dict[str, float] = {}
    for side in (before, after):
        carrying = [stem(word) for word in side if stem(word) in said.stems]
        for distance, word in enumerate(carrying, start=1):
            near[word] = max(near.get(word, 0), 1 / distance)
    return near


def _runs(said: _Line) -> Iterator[tuple[int, int]]:
    """Where its figures stand, and its names, of several words too."""
    start = 0
    while start < len(said.words):
        end = start + 1
        if said.words[start] in said.names:
            while end < len(said.words) and said.words[end] in said.names:
                end += 1
        if said.words[start] in said.names or said.words[start] in said.values:
            yield start, end
        start = end


@lru_cache(maxsize=1024)
def spoken(text: str) -> tuple[str, ...]:
    """Its sentences and rows. Unlike in a whole passage, how wide its lines are printed tells nothing here."""
    flowing = _WRAP.sub(" ", _HEADING.sub(r"\1\n\n", text)) if not any(map(is_table_row, text.splitlines())) else text
    return tuple(flowing[start:end] for start, end in sentence_spans(flowing))


def _clash(said: _Line, source: _Line, new: Sequence[str], old: Sequence[str], *, firm: bool) -> str:
    """``new`` of the claim stands where the source has ``old``; ``firm`` where the words beside them are the same, so
    that a name may stand elsewhere in the sentence."""
    if negates(set(new)) != negates(set(old)):
        return f"{' '.join(new) or 'nothing'} for {' '.join(old) or 'nothing'}"
    if not (new and old):
        return ""
    known = frozenset(old if firm and not _are_one(new, old, source) else source.words)
    strange = absent(said.names & set(new), said.text, known, source.text)
    counted = {*new} & said.values - source.values and not _all_borne_out(said, source)
    if (strange and _lost(old, said, source, source.names)) or (counted and _lost(old, said, source, source.values)):
        return f"{' '.join(new)} for {' '.join(old)}"
    return opposite(frozenset(map(stem, new)), frozenset(map(stem, old)))


def _are_one(new: Sequence[str], old: Sequence[str], source: _Line) -> bool:
    """Whether they are parts of one name: Ann for Smith."""
    named = [set(source.words[slice(*run)]) for run in _runs(source)]
    return any(run & set(new) and run & set(old) for run in named)


def _all_borne_out(said: _Line, source: _Line) -> bool:
    """Whether its figures are the source's, be it as rounded."""
    return not missing(amounts(said.text), amounts(source.text))


def _lost(old: Sequence[str], said: _Line, source: _Line, facts: frozenset[str]) -> bool:
    """Whether the claim has one of the facts in them less often than the source has."""
    return any(word in facts and said.words.count(word) < source.words.count(word) for word in old)


@lru_cache(maxsize=4096)
def _line(sentence: str, named: frozenset[str], whole: bool) -> _Line:
    plain = respelt(sentence if whole else _ASIDE.sub(" ", sentence))
    every = tuple(_plain(word) for word in words(folded(plain))[:_MOST])
    counted = frozenset(word for word in every if word[0].isdigit())
    begun = {first_name(sentence, alone=False), *(named & set(every[:1]))}
    return _Line(sentence, every, names(sentence) | begun, counted, frozenset(stems(plain)))


def _plain(word: str) -> str:
    """Figures as they are compared."""
    figure = figures(word) if word[0].isdigit() else ()
    return min(figure) if len(figure) == 1 else word
