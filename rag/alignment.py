"""A claim laid beside the sentence that it was made of: what stands in place of what."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from indexes.sentences import is_row, sentence_spans
from indexes.words import figures, stem, stems, words
from rag.names import absent, first_name, folded, names
from rag.polarity import negates, opposite
from rag.quantities import respelt

_ENOUGH = 0.5
"""Share of a claim's words that a sentence must have to be what it was made of."""
_SHORT = 5
"""Words of a stretch that stands in place of another; longer ones are put in other words."""
_MOST = 160
"""Words that are compared: the time grows with their square."""


_WRAP = re.compile(r"(?<!\n)\n(?!\n|\s*(?:[-*•▪◦‣·–—]\s|\(?\d{1,3}[.)]\s|#))")
"""A line's end that is no paragraph's, nor before an item of a list."""
_ASIDE = re.compile(r"\([^()]{0,200}\)")


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence by its words, and which of them are names and figures."""

    words: tuple[str, ...]
    names: frozenset[str]
    values: frozenset[str]
    stems: frozenset[str]


def conflict(claim: str, text: str) -> str:
    """What the claim puts in place of a figure, a name or a negation of the sentence most like it; empty if nothing."""
    said = _line(claim)
    likest = max(spoken(text), key=lambda line: len(said.stems & _line(line).stems), default="")
    source = _line(likest)
    if not said.stems or len(said.stems & source.stems) < _ENOUGH * len(said.stems):
        return ""
    blocks = SequenceMatcher(None, said.words, source.words, autojunk=False).get_opcodes()
    for tag, a, b, c, d in blocks:
        flanked = (a == 0 or c > 0) and (b - a <= _SHORT and d - c <= _SHORT)
        if tag != "equal" and flanked and (found := _clash(claim, likest, (a, b), (c, d))):
            return found
    return ""


@lru_cache(maxsize=1024)
def spoken(text: str) -> tuple[str, ...]:
    """Its sentences and rows. Unlike in a whole passage, how wide its lines are printed tells nothing here."""
    flowing = _WRAP.sub(" ", text) if not any(map(is_row, text.splitlines())) else text
    return tuple(flowing[start:end] for start, end in sentence_spans(flowing))


def _clash(claim: str, sentence: str, put: tuple[int, int], stood: tuple[int, int]) -> str:
    said, source = _line(claim), _line(sentence)
    new, old = said.words[slice(*put)], source.words[slice(*stood)]
    if negates(set(new)) != negates(set(old)):
        return f"{' '.join(new) or 'nothing'} for {' '.join(old) or 'nothing'}"
    if not (new and old):
        return ""
    strange = absent(said.names & set(new), claim, frozenset(source.words), sentence)
    named = [word for word in old if word in source.names and word not in said.words]
    counted = [word for word in new if word in said.values and word not in source.values]
    figured = [word for word in old if word in source.values and word not in said.values]
    if (strange and named) or (counted and figured):
        return f"{' '.join(new)} for {' '.join(old)}"
    return opposite(frozenset(map(stem, new)), frozenset(map(stem, old)))


@lru_cache(maxsize=4096)
def _line(sentence: str) -> _Line:
    plain = respelt(_ASIDE.sub(" ", sentence))
    every = tuple(_plain(word) for word in words(folded(plain))[:_MOST])
    counted = frozenset(word for word in every if word[0].isdigit())
    return _Line(every, names(sentence) | {first_name(sentence, alone=False)}, counted, frozenset(stems(plain)))


def _plain(word: str) -> str:
    """Figures as they are compared."""
    figure = figures(word) if word[0].isdigit() else ()
    return min(figure) if len(figure) == 1 else word
