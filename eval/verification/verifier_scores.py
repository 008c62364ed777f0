"""Test the verifier with true and false claims made from the gold evidence, each with the passages it cites."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from pydantic import TypeAdapter

from eval.gold.evidence import evidence_passages
from eval.runs.folder import RunError, RunFolder
from eval.types import GoldCase
from eval.verification.claims import SUPPORTED, Claim, make_claims
from indexes.protocols import Encoder
from indexes.storage.catalog import Catalog
from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import content_words
from indexes.types import Passage
from rag.citations.markers import Place
from rag.citations.quotes import locate_quote
from rag.evidence.similarity import SimilarityScale
from rag.verification.claims import Proof

FILE = "checks.jsonl"
"""The file in a run's folder that keeps the scores."""
_WHOLE = re.compile(r"[A-Z0-9\"“].{38,300}[.!]$", re.DOTALL)
_FEWEST_WORDS = 5
_SAMPLE = 20
"""Passages of other documents; the most similar of them is what an ``elsewhere`` claim cites."""


@dataclass(frozen=True, slots=True)
class CitedClaim:
    """A claim and the passages it cites."""

    question: str
    """The id of the gold question whose evidence it was made from."""
    origin: str
    """``evidence``: made from a sentence of the passage; ``answer``: from a sentence of the gold answer."""
    claim: Claim
    cited: tuple[Passage, ...]

    @property
    def proof(self) -> Proof:
        """The comparison of the claim with its passages."""
        return Proof.at(
            [Place(passage, *locate_quote(self.claim.text, passage)) for passage in self.cited], self.claim.text
        )


@dataclass(frozen=True, slots=True)
class ClaimScore:
    """The verifier's score of a claim: a line of ``checks.jsonl``."""

    question: str
    kind: str
    claim: str
    support: float
    finding: str

    @property
    def is_true(self) -> bool:
        """Whether the claim is true by construction."""
        return self.kind in SUPPORTED


_CLAIM_SCORE = TypeAdapter(ClaimScore)


def make_cited_claims(
    catalog: Catalog, cases: Sequence[GoldCase], *, limit: int, seed: str, answers: bool = False
) -> Iterator[CitedClaim]:
    """Yield claims from one sentence of evidence of each of ``limit`` questions; the same for equal arguments.

    With ``answers`` every whole sentence of the first gold answer gives claims too.
    """
    answerable = [case for case in cases if case.answerable and case.evidence]
    Random(seed).shuffle(answerable)  # noqa: S311 - no secret
    gold = [(case, passages) for case in answerable[:limit] if (passages := evidence_passages(case, catalog))]
    pool = list({passage.id: passage for _, passages in gold for passage in passages}.values())
    for case, passages in gold:
        rng = Random(case.id)  # noqa: S311
        sentences = [(passage, sentence) for passage in passages for sentence in _whole_sentences(passage.text)]
        if sentences:
            passage, sentence = rng.choice(sentences)
            yield from _claims_of(case, "evidence", sentence, (passage,), pool, rng)
        for sentence in _whole_sentences(" ".join(case.answers[:1])) if answers else ():
            yield from _claims_of(case, "answer", sentence, _most_similar(sentence, passages, 3), pool, rng)


def score_claims(claims: Sequence[CitedClaim], encoder: Encoder) -> list[ClaimScore]:
    """Score claims as an answer's sentences are scored, without an entailment model. Raises ``EncoderError``."""
    proofs = [claim.proof for claim in claims]
    open_ = [proof for proof in proofs if proof.needs_similarity]
    alike = iter(SimilarityScale(encoder).score([(proof.claim, proof.source.text) for proof in open_]) if open_ else ())
    scores = [proof.score(next(alike) if proof.needs_similarity else None) for proof in proofs]
    return [
        ClaimScore(cited.question, cited.claim.kind, cited.claim.text, score, proof.evidence.finding)
        for cited, proof, score in zip(claims, proofs, scores, strict=True)
    ]


def save_scores(run: RunFolder, scores: Sequence[ClaimScore]) -> None:
    """Write the scores to the run's folder and replace earlier ones. Raises ``RunError``."""
    run.write(FILE, "".join(f"{_CLAIM_SCORE.dump_json(score).decode()}\n" for score in scores))


def read_scores(run: RunFolder) -> list[ClaimScore]:
    """Return the saved scores; none where the run was never checked. Raises ``RunError``."""
    file = run.path / FILE
    try:
        return [_CLAIM_SCORE.validate_json(line) for line in file.read_bytes().splitlines()] if file.exists() else []
    except (OSError, ValueError) as error:
        raise RunError(f"{file} cannot be read: run `footnote eval checks {run.path}` again.") from error


def _claims_of(
    case: GoldCase, origin: str, sentence: str, cited: tuple[Passage, ...], pool: Sequence[Passage], rng: Random
) -> Iterator[CitedClaim]:
    """Nothing where no other document has a whole sentence."""
    foreign = [other for other in pool if other.path not in {p.path for p in cited} and sentence not in other.text]
    others = [other for passage in foreign for other in _whole_sentences(passage.text)]
    if not others:
        return
    for claim in make_claims(sentence, "\n".join(passage.text for passage in cited), others, rng):
        yield CitedClaim(case.id, origin, claim, cited)
    similar = _most_similar(sentence, rng.sample(foreign, min(_SAMPLE, len(foreign))), 1)
    yield CitedClaim(case.id, origin, Claim("elsewhere", sentence), similar)


def _most_similar(sentence: str, passages: Sequence[Passage], count: int) -> tuple[Passage, ...]:
    """Those that share most words with the sentence."""
    words = set(content_words(sentence))
    return tuple(sorted(passages, key=lambda p: -len(words & set(content_words(p.text))))[:count])


def _whole_sentences(text: str) -> Iterator[str]:
    for start, end in sentence_spans(text):
        sentence = " ".join(text[start:end].split())
        if _WHOLE.match(sentence) and " | " not in sentence and len(content_words(sentence)) >= _FEWEST_WORDS:
            yield sentence
