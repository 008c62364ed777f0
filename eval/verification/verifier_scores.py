"""The check put to the test: claims made of the sentences of gold evidence, true and false, each with what it cites."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from pydantic import TypeAdapter

from eval.runs.folder import RunError, RunFolder
from eval.types import Evidence, GoldCase
from eval.verification.claims import SUPPORTED, Claim, claims
from indexes.protocols import Encoder
from indexes.storage.catalog import Catalog
from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import content_words
from indexes.types import Passage, Scope
from rag.evidence.similarity import Likeness
from rag.verification.claims import Proof, located

FILE = "checks.jsonl"
"""In a run's folder, beside its answers."""
_WHOLE = re.compile(r"[A-Z0-9\"“].{38,300}[.!]$", re.DOTALL)
_FEWEST_WORDS = 5
_MOST = 2000
"""Passages of a document that are looked at."""
_STRANGERS = 20
"""Passages of other documents, of which the likest is cited by a claim that is not borne out there."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and what it cites."""

    question: str
    """The id of the gold question whose evidence it was made of."""
    origin: str
    """``evidence``: of a sentence of the passage; ``answer``: of what somebody wrote from it."""
    claim: Claim
    cited: tuple[Passage, ...]

    @property
    def proof(self) -> Proof:
        return Proof.of(self.claim.text, [located(self.claim.text, passage) for passage in self.cited])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the check said of a pair."""

    question: str
    kind: str
    claim: str
    support: float
    finding: str

    @property
    def is_true(self) -> bool:
        return self.kind in SUPPORTED


_OUTCOME = TypeAdapter(Outcome)


def pairs(
    catalog: Catalog, cases: Sequence[GoldCase], *, limit: int, seed: str, answers: bool = False
) -> Iterator[Pair]:
    """Of one sentence of the evidence of each of ``limit`` questions; with ``answers``, of each of its gold answer's.

    The same for equal arguments.
    """
    able = [case for case in cases if case.answerable and case.evidence]
    Random(seed).shuffle(able)  # noqa: S311 - no secret
    gold = [(case, passages) for case in able[:limit] if (passages := _gold_passages(catalog, case))]
    every = list({passage.id: passage for _, found in gold for passage in found}.values())
    for case, found in gold:
        chance = Random(case.id)  # noqa: S311
        told = [(passage, sentence) for passage in found for sentence in _whole_sentences(passage.text)]
        if told:
            passage, sentence = chance.choice(told)
            yield from _of_sentence(case, "evidence", sentence, (passage,), every, chance)
        for sentence in _whole_sentences(" ".join(case.answers[:1])) if answers else ():
            yield from _of_sentence(case, "answer", sentence, _nearest(sentence, found, 3), every, chance)


def outcomes(made: Sequence[Pair], encoder: Encoder) -> list[Outcome]:
    """As answers are checked, without a second opinion. Raises ``EncoderError``."""
    proofs = [pair.proof for pair in made]
    open_ = [proof for proof in proofs if proof.is_open]
    alike = iter(Likeness(encoder).of([(proof.claim, proof.source.text) for proof in open_]) if open_ else ())
    scores = [proof.score(next(alike) if proof.is_open else None) for proof in proofs]
    return [
        Outcome(pair.question, pair.claim.kind, pair.claim.text, score, proof.told.finding)
        for pair, proof, score in zip(made, proofs, scores, strict=True)
    ]


def save(run: RunFolder, told: Sequence[Outcome]) -> None:
    """In place of what an earlier check left. Raises ``RunError``."""
    run.write(FILE, "".join(f"{_OUTCOME.dump_json(one).decode()}\n" for one in told))


def read(run: RunFolder) -> list[Outcome]:
    """Empty where the check was not put to the test. Raises ``RunError``."""
    file = run.path / FILE
    try:
        return [_OUTCOME.validate_json(line) for line in file.read_bytes().splitlines()] if file.exists() else []
    except (OSError, ValueError) as error:
        raise RunError(f"{file} cannot be read: run `footnote eval checks {run.path}` again.") from error


def _of_sentence(
    case: GoldCase, origin: str, sentence: str, cited: tuple[Passage, ...], every: Sequence[Passage], chance: Random
) -> Iterator[Pair]:
    strange = [other for other in every if other.path not in {p.path for p in cited} and sentence not in other.text]
    told = [said for other in strange for said in _whole_sentences(other.text)]
    if not told:
        return
    for claim in claims(sentence, "\n".join(passage.text for passage in cited), told, chance):
        yield Pair(case.id, origin, claim, cited)
    likest = _nearest(sentence, chance.sample(strange, min(_STRANGERS, len(strange))), 1)
    yield Pair(case.id, origin, Claim("elsewhere", sentence), likest)


def _nearest(sentence: str, passages: Sequence[Passage], count: int) -> tuple[Passage, ...]:
    """Those that share most words with it."""
    wanted = set(content_words(sentence))
    return tuple(sorted(passages, key=lambda p: -len(wanted & set(content_words(p.text))))[:count])


def _gold_passages(catalog: Catalog, case: GoldCase) -> list[Passage]:
    return [passage for place in case.evidence for passage in _at(catalog, place)]


def _at(catalog: Catalog, place: Evidence) -> Iterator[Passage]:
    document = catalog.document_at(place.path)
    if document is None:
        return
    start = document.text.find(place.quote) if place.quote else 0
    end = start + len(place.quote) if place.quote and start >= 0 else len(document.text)
    for entry in catalog.entries.of_documents([document.id], Scope(), most=_MOST):
        where = entry.passage.locator
        if (
            where.char_start < end
            and where.char_end > start
            and place.page in (None, where.page)
            and (place.section is None or place.section in where.heading)
        ):
            yield entry.passage


def _whole_sentences(text: str) -> Iterator[str]:
    for start, end in sentence_spans(text):
        said = " ".join(text[start:end].split())
        if _WHOLE.match(said) and " | " not in said and len(content_words(said)) >= _FEWEST_WORDS:
            yield said
