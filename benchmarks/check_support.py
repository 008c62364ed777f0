"""Measure whether the verifier separates true sentences from false ones, and fit its weights.

    python benchmarks/check_support.py ../shared/bench [--indexes var/eval] [--limit 40] [--fit]

Claims are made from sentences of each set's evidence (``eval/verification/verifier_scores.py``) and of its gold
answers. Each is compared with the passage it cites, as an answer's sentence is. ``make bench`` makes the indexes.
Weights are fitted without the set that they are reported on; ``--fit`` also prints those of all sets together.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from eval.gold.files import read_gold
from eval.verification.claims import FALSE, SUPPORTED, Claim
from eval.verification.verifier_scores import make_cited_claims
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file
from indexes.types import Passage
from rag.citations.markers import MarkerStream
from rag.evidence import scoring
from rag.evidence.similarity import SimilarityScale
from rag.verification.checker import Checker
from rag.verification.claims import Proof

SETS = ("northwind", "lihua", "apidocs", "clapnq", "squad2", "hotpot100", "mtrag_un", "chroma_chunking", "tatqa")
ANSWERS = ("northwind", "clapnq", "apidocs", "mtrag_un")
"""Sets with gold answers that somebody wrote from the passages, in sentences."""
FEATURES = ("found", "gap", "bound", "likeness")


@dataclass
class Example:
    """A claim, the passages it cites, and its features, to fit on."""

    set: str
    origin: str
    claim: Claim
    cited: tuple[Passage, ...]
    proof: Proof
    likeness: float = 0.0

    @property
    def row(self) -> list[float]:
        """The values of ``FEATURES``."""
        return [(self.proof.evidence.features | {"likeness": self.likeness})[name] for name in FEATURES]


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--indexes", type=Path, default=Path("var/eval"))
    parser.add_argument("--limit", type=int, default=40, help="sentences a set")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--no-encoder", action="store_true")
    parser.add_argument("--overhead", action="store_true", help="what checking an answer costs too")
    parser.add_argument("--show", default="", help="a kind whose errors are printed")
    arguments = parser.parse_args()
    examples = [
        example
        for name in arguments.sets
        for example in make_examples(arguments.bench / name, arguments.indexes, arguments.limit)
    ]
    features = FEATURES[:-1] if arguments.no_encoder else FEATURES
    if not arguments.no_encoder:
        embed([example for example in examples if example.proof.needs_similarity])
        if arguments.overhead:
            overhead(examples, SentenceTransformerEncoder())
    scores = cross_validate(examples, features)
    report(examples, scores)
    for example, score in zip(examples, scores, strict=True):
        if example.claim.kind == arguments.show and example.claim.is_true == (score < scoring.WEAK):
            print(
                json.dumps(
                    [
                        example.set,
                        round(score, 2),
                        example.proof.evidence.finding,
                        example.claim.text,
                        example.proof.source.text,
                    ],
                    ensure_ascii=False,
                )
            )


def make_examples(folder: Path, indexes: Path, limit: int) -> Iterator[Example]:
    """Yield the claims of a set: of a sentence of each question's evidence, and of written gold answers."""
    with closing(Catalog(catalog_file(Generations(indexes / folder.name).current))) as catalog:
        cases, answers = read_gold(folder), folder.name in ANSWERS
        for example in make_cited_claims(catalog, cases, limit=limit, seed=folder.name, answers=answers):
            yield Example(folder.name, example.origin, example.claim, example.cited, example.proof)


def embed(examples: Sequence[Example]) -> None:
    """Set each claim's similarity to its source. Vectors are kept between runs."""
    kept = Path("var/checks/vectors.npz")
    texts = sorted({text for example in examples for text in (example.claim.text, example.proof.source.text)})
    known = (
        dict(zip(*(np.load(kept, allow_pickle=True)[key] for key in ("texts", "rows")), strict=True))
        if kept.exists()
        else {}
    )
    new = [text for text in texts if text not in known]
    encoder = SentenceTransformerEncoder()
    for start in range(0, len(new), 256):
        known |= dict(zip(new[start : start + 256], encoder.encode(new[start : start + 256]), strict=True))
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, texts=np.array([*known], object), rows=np.stack([*known.values()]))
        print(f"embedded {start + 256} of {len(new)}", file=sys.stderr, flush=True)
    scale = SimilarityScale(encoder)
    for example in examples:
        example.likeness = scale.rescale(float(known[example.claim.text] @ known[example.proof.source.text]))


def cross_validate(examples: Sequence[Example], features: Sequence[str]) -> list[float]:
    """Return each claim's likelihood by weights fitted without its set."""
    models = {name: fit([p for p in examples if p.set != name], features) for name in {p.set for p in examples}}
    print("all sets", *describe(fit(examples, features), features))
    return [score(example, models[example.set], features) for example in examples]


def fit(examples: Sequence[Example], features: Sequence[str]) -> LogisticRegression:
    """Fit on the claims that facts do not decide. Each set, origin and truth value has the same weight."""
    rows = [example for example in examples if example.proof.needs_similarity]
    sizes = Counter(_stratum(example) for example in rows)
    model = LogisticRegression(C=1, max_iter=2000)
    model.fit(
        [example.row[: len(features)] for example in rows],
        [example.claim.is_true for example in rows],
        sample_weight=[len(rows) / sizes[_stratum(example)] / len(sizes) for example in rows],
    )
    return model


def _stratum(example: Example) -> tuple[str, str, bool]:
    return example.set, example.origin, example.claim.is_true


def describe(model: LogisticRegression, features: Sequence[str]) -> tuple[dict[str, float], float]:
    """Return the weights by feature, and the intercept."""
    return dict(zip(features, model.coef_[0].round(1).tolist(), strict=True)), round(float(model.intercept_[0]), 1)


def score(example: Example, model: LogisticRegression, features: Sequence[str]) -> float:
    """Return the likelihood of a claim."""
    if not example.proof.needs_similarity:
        return example.proof.score_by_words
    likelihood = float(model.predict_proba([example.row[: len(features)]])[0, 1])
    return example.proof.raise_to_weak(likelihood)


def report(examples: Sequence[Example], scores: Sequence[float]) -> None:
    """Print what is called unsupported, by origin, kind and set."""
    scored = list(zip(examples, scores, strict=True))
    for origin in ("evidence", "answer"):
        print(f"{origin:15}{'n':>5}  called unsupported / unsupported or weak")
        for kind in (*SUPPORTED, *FALSE):
            print_line(kind, [(p, s) for p, s in scored if p.claim.kind == kind and p.origin == origin])
        for name in sorted({p.set for p in examples}):
            print_line(name, [(p, s) for p, s in scored if p.set == name and p.origin == origin], whole=True)
        print_line("all", [(p, s) for p, s in scored if p.origin == origin], whole=True)
    sweep(scored)


def sweep(scored: Sequence[tuple[Example, float]]) -> None:
    """Print what other thresholds would call unsupported: of false claims, and of gold answers."""
    for limit in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65):
        low = [(p, s < limit) for p, s in scored]
        false = np.mean([called for p, called in low if not p.claim.is_true and p.origin == "evidence"])
        made, written = (
            np.mean([called for p, called in low if p.claim.is_true and p.origin == origin])
            for origin in ("evidence", "answer")
        )
        print(f"below {limit}: {false:.3f} of false claims, {made:.3f} of true ones, {written:.3f} of gold answers")


def print_line(name: str, scored: Sequence[tuple[Example, float]], *, whole: bool = False) -> None:
    """Print the shares of some scored claims; with ``whole`` also AUC, precision and recall."""
    if not scored:
        return
    low, doubtful = (np.array([s < limit for _, s in scored]) for limit in (scoring.WEAK, scoring.SUPPORTED))
    print(f"{name:15}{len(scored):5}  {low.mean():.3f} / {doubtful.mean():.3f}", end="")
    if whole:
        wrong = np.array([not p.claim.is_true for p, _ in scored])
        print(f"  AUC {roc_auc_score(~wrong, [s for _, s in scored]):.3f}", end="")
        for words, called in (("unsupported", low), ("not supported", doubtful)):
            print(f"  {words}: precision {wrong[called].mean():.3f} recall {called[wrong].mean():.3f}", end="")
    print()


def overhead(examples: Sequence[Example], encoder: SentenceTransformerEncoder, count: int = 40) -> None:
    """Print what it costs to check answers of five reworded true sentences, with their sources among eight passages."""
    reworded = [example for example in examples if example.claim.kind == "reworded" and example.origin == "evidence"]
    checker, chance = Checker(encoder), Random(0)
    taken = []
    for _ in range(count + 1):
        sample = chance.sample(reworded, 8)
        passages = [example.cited[0] for example in sample]
        stream = MarkerStream(passages)
        stream.feed(
            " ".join(f"{example.claim.text.rstrip('.')} [{n}]." for n, example in enumerate(sample[:5], start=1))
        )
        stream.finish()
        began, used = time.perf_counter(), time.process_time()
        asyncio.run(checker.check(stream.text, stream.marks(), passages))
        taken.append((time.perf_counter() - began, time.process_time() - used))
    (p50, c50), (p95, c95) = (np.percentile(taken[1:], q, axis=0) * 1000 for q in (50, 95))  # the first loads
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(f"checking five sentences: p50 {p50:.0f} ms, p95 {p95:.0f} ms; processor {c50:.0f}, {c95:.0f} ms")
    print(f"(the machine had {load:.1f} processes waiting for each processor)")


if __name__ == "__main__":
    main()
