"""Aligns a claim with the source sentence that it was made from, and finds what replaces what."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from indexes.text.sentences import is_table_row, sentence_spans
from indexes.text.tokenization import figures, stem, stems, words
from rag.evidence.figures.agreement import missing_amounts
from rag.evidence.figures.quantities import amounts, normalize_amounts
from rag.evidence.wording.language_id import has_capital_nouns, identify_language, small_words
from rag.evidence.wording.names import absent_names, fold_accents, leading_name, names_in
from rag.evidence.wording.negation import antonym, negates, negation_conflict, without_limits

_ENOUGH = 0.5
"""Share of a claim's words that a sentence must have to be its origin."""
_SHORT = 5
"""Words of a stretch that may replace another; a longer one is a paraphrase."""
_SAME = 0.8
"""Share of a claim's words that makes it the same sentence."""
_FACT = ""
_JOINING = frozenset({_FACT, "and", "or", "und", "et", "y", "e"})
_BOTH_WAYS = frozenset(map(stem, "met meet marry married divorce divorced fought played border equal equals".split()))
"""Verbs whose subject and object may change places."""
_AROUND = 6
"""Words on each side of a fact that tell what it is about."""
_FEWEST = 3
"""The fewest of these words that can tell."""
_ALIKE, _LEAD = 0.6, 0.4
"""Share of these words that a sentence without the fact must have, and its lead over any sentence with the fact."""
_FIRM = 2
"""Words on each side of a stretch that fix its place."""
_MOST = 160
"""Words that are compared: the time grows with their square."""


_WRAP = re.compile(r"(?<!\n)\n(?!\n|\s*(?:[-*•▪◦‣·–—]\s|\(?\d{1,3}[.)]\s|#))")
"""A line break within a paragraph, not before a list item."""
_HEADING = re.compile(r"^(\w+(?: \w+){0,2})\n(?=[A-Z])")
"""A few words above the text."""
_ASIDE = re.compile(r"\([^()]{0,200}\)")


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence by its words, and which of them are names and figures."""

    text: str
    around: str
    """The text that the sentence is from."""
    words: tuple[str, ...]
    names: frozenset[str]
    leading: frozenset[str]
    """Those that may be names, as they begin the sentence and would have a capital anyway."""
    values: frozenset[str]
    stems: frozenset[str]

    def likeness(self, other: "_Line") -> tuple[int, int]:
        """Return how many words another has, then how many that are no figures: these tell what is spoken of."""
        shared = self.stems & other.stems
        return len(shared), len(shared - self.values)

    @property
    def fact_runs(self) -> Iterator[tuple[int, int]]:
        """Where figures and names stand; a name may have several words."""
        start = 0
        while start < len(self.words):
            end = start + 1
            if self.words[start] in self.names:
                while end < len(self.words) and self.words[end] in self.names:
                    end += 1
            if self.words[start] in self.names or self.words[start] in self.values:
                yield start, end
            start = end

    def has_amounts_of(self, other: "_Line") -> bool:
        """Return whether it has all figures of another, rounded or not."""
        return not missing_amounts(amounts(other.text), amounts(self.text))


def conflict(claim: str, text: str, known_names: frozenset[str] = frozenset()) -> str:
    """Return which figure, name or negation the source has in place of the claim's, in words; else nothing.

    The claim is aligned with the sentence most like it. Then each of its facts, with the words around it, is aligned
    with the sentence most like these. ``known_names``, as ``names`` folds them, also count at the start of a sentence,
    where every word has a capital. Brackets count only if the claim has some too.
    """
    has_asides = _ASIDE.search(claim) is not None
    language = identify_language(text) or ""
    known_names |= names_in(text, language)
    target = _line(claim, claim, known_names, has_asides, language)
    lines = [_line(sentence, text, known_names, has_asides, language) for sentence in sentences_in(text)]
    source = max(lines, key=target.likeness, default=target)
    alike = target.stems and len(target.stems & source.stems) >= _ENOUGH * len(target.stems)
    pair = _Pair(target, source)
    if alike and (difference := pair.replacement() or pair.exchanged_figure() or pair.swap()):
        return difference
    return next(filter(None, (_misplacement(target, lines, run) for run in target.fact_runs)), "")


@dataclass(frozen=True, slots=True)
class _Pair:
    """A claim and a sentence of the source that is aligned with it."""

    target: _Line
    source: _Line

    def replacement(self, run: tuple[int, int] | None = None) -> str:
        """Return what the source has in place of the claim's words; with ``run``, only there, by what is around it."""
        start, end = (max(0, run[0] - _AROUND), run[1] + _AROUND) if run else (0, len(self.target.words))
        part = self.target.words[start:end]
        blocks = SequenceMatcher(None, part, self.source.words, autojunk=False).get_opcodes()
        for n, (tag, a, b, c, d) in enumerate(blocks):
            flanked = (start + a == 0 or c > 0) and (b - a <= _SHORT and d - c <= _SHORT)
            if tag == "equal" or not flanked or (run and not (start + a < run[1] and run[0] < start + b)):
                continue
            firm = all(block[2] - block[1] >= _FIRM for block in blocks[max(0, n - 1) : n + 2] if block[0] == "equal")
            if clash := self.clash(part[a:b], self.source.words[c:d], firm=firm):
                return clash
        return ""

    def clash(self, new: Sequence[str], old: Sequence[str], *, firm: bool) -> str:
        """Return how ``old`` in the source contradicts ``new`` in the claim.

        ``firm`` says that the words beside them agree, so that the name's place elsewhere in the source is no excuse.
        """
        if negation_conflict(new, old, self.target.text, self.source.text, self.source.around):
            return _instead(new, old)
        if not (new and old) or negates(set(new)) != negates(set(old)):
            return ""
        source_names = [set(self.source.words[slice(*run)]) for run in self.source.fact_runs]
        one_name = any(name & set(new) and name & set(old) for name in source_names)  # Ann for Smith
        known = frozenset(old if firm and not one_name else self.source.words)
        strange = absent_names(self.target.names & set(new), self.target.text, known, self.source.text)
        counted = {*new} & self.target.values - self.source.values and not self.source.has_amounts_of(self.target)
        lost = {word for word in old if self.target.words.count(word) < self.source.words.count(word)}
        is_sure = not {*strange} <= self.target.leading or not lost & self.source.names <= self.source.leading
        if (strange and lost & self.source.names and is_sure) or (counted and lost & self.source.values):
            return _instead(new, old)
        return antonym(frozenset(map(stem, new)), frozenset(map(stem, old)))

    def exchanged_figure(self) -> str:
        """Return the source's one figure that differs where all else is much the same, in whatever order."""
        new, old = self.target.values - self.source.values, self.source.values - self.target.values
        rest = self.target.stems - self.target.values
        if len(new) != 1 or len(old) != 1 or len(rest & self.source.stems) < _SAME * len(rest):
            return ""
        (figure,), (original,) = new, old
        same_kind = _is_year(figure) == _is_year(original)
        return _instead([figure], [original]) if same_kind and not self.source.has_amounts_of(self.target) else ""

    def swap(self) -> str:
        """Return two facts that stand in each other's place where all else is the same, word for word."""
        (frame, facts), (source_frame, source_facts) = _split_facts(self.target), _split_facts(self.source)
        if frame != source_frame or facts == source_facts or sorted(facts) != sorted(source_facts):
            return ""
        places = [at for at, word in enumerate(frame) if word == _FACT]
        moved = [n for n, (fact, original) in enumerate(zip(facts, source_facts, strict=True)) if fact != original]
        between = frame[places[moved[0]] : places[moved[-1]]]
        if set(between) <= _JOINING or set(map(stem, between)) & _BOTH_WAYS:
            return ""
        return _instead(facts[moved[0]], source_facts[moved[0]])


def _instead(new: Sequence[str], old: Sequence[str]) -> str:
    """Return what a source says where a claim has ``new``, to stand after "the source says"."""
    said, original = " ".join(new), " ".join(old)
    if said and original:
        return f"{original}, not {said}"
    return f"it without “{said}”" if said else f"it with “{original}”"


def _split_facts(line: _Line) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the words with a mark in the place of each fact, and the facts."""
    frame, facts, last = [], [], 0
    for start, end in line.fact_runs:
        frame += [*line.words[last:start], _FACT]
        facts.append(line.words[start:end])
        last = end
    return [*frame, *line.words[last:]], facts


def _misplacement(target: _Line, lines: Sequence[_Line], run: tuple[int, int]) -> str:
    """Return what the source has in the place of a fact that stands elsewhere in the source."""
    fact = set(target.words[slice(*run)])
    before, after = target.words[max(0, run[0] - _AROUND) : run[0]][::-1], target.words[run[1] : run[1] + _AROUND]
    weights: dict[str, float] = {}  # of the content words around it; the farther away, the less
    for side in (before, after):
        content = [stem(word) for word in side if stem(word) in target.stems]
        for distance, word in enumerate(content, start=1):
            weights[word] = max(weights.get(word, 0), 1 / distance)
    with_fact = [line for line in lines if fact & set(line.words)]
    if len(weights) < _FEWEST or not with_fact or len(with_fact) == len(lines):
        return ""

    def share(line: _Line) -> float:
        return sum(weight for word, weight in weights.items() if word in line.stems) / sum(weights.values())

    best = max((line for line in lines if line not in with_fact), key=share)
    if share(best) < _ALIKE or share(best) - max(map(share, with_fact)) < _LEAD:
        return ""
    return _Pair(target, best).replacement(run)


@lru_cache(maxsize=1024)
def sentences_in(text: str) -> tuple[str, ...]:
    """Return the sentences and rows of a quote, whose line breaks tell nothing."""
    flowing = _WRAP.sub(" ", _HEADING.sub(r"\1\n\n", text)) if not any(map(is_table_row, text.splitlines())) else text
    return tuple(flowing[start:end] for start, end in sentence_spans(flowing))


def _is_year(figure: str) -> bool:
    return re.fullmatch(r"1[5-9]\d\d|20\d\d", figure) is not None


@lru_cache(maxsize=4096)
def _line(sentence: str, around: str, known_names: frozenset[str], has_asides: bool, language: str) -> _Line:
    plain = without_limits(normalize_amounts(sentence if has_asides else _ASIDE.sub(" ", sentence)))
    tokens = []
    for word in words(fold_accents(plain))[:_MOST]:
        forms = figures(word) if word[0].isdigit() else ()
        tokens.append(min(forms) if len(forms) == 1 else word)
    values = frozenset(token for token in tokens if token[0].isdigit())
    at_start = frozenset((leading_name(sentence, alone=False), *(known_names & set(tokens[:1]))))
    small, named = small_words(language), names_in(sentence, language)
    content = " ".join(word for word in words(plain) if word not in small)
    first = frozenset[str]() if has_capital_nouns(language) else at_start - named
    leading = first - known_names
    return _Line(sentence, around, tuple(tokens), named | first, leading, values, frozenset(stems(content)))
