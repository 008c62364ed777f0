"""Measures whether checking tells true sentences from false ones, and fits its weights.

    python benchmarks/check_support.py ../shared/bench [--indexes var/eval] [--limit 40] [--fit]

Claims are made at run time of the sentences of each set's evidence (``eval/verification/verifier_scores.py``), and of
its gold answers; each is held against the passage that it cites, as an answer's sentence is. The indexes are those
that ``make bench`` made. Weights are fitted without the set that they are reported on; ``--fit`` prints those of all
sets together too.
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
"""Sets whose gold answers are sentences that somebody wrote from the passages."""
FEATURES = ("found", "gap", "bound", "likeness")


@dataclass
class Pair:
    """A claim and what it cites, with what speaks for it."""

    set: str
    origin: str
    claim: Claim
    cited: tuple[Passage, ...]
    proof: Proof
    likeness: float = 0.0

    @property
    def row(self) -> list[float]:
        return [(self.proof.evidence.features | {"likeness": self.likeness})[name] for name in FEATURES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--indexes", type=Path, default=Path("var/eval"))
    parser.add_argument("--limit", type=int, default=40, help="sentences a set")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--no-encoder", action="store_true")
    parser.add_argument("--overhead", action="store_true", help="what checking an answer costs too")
    parser.add_argument("--show", default="", help="a kind whose errors are printed")
    arguments = parser.parse_args()
    told = [
        pair for name in arguments.sets for pair in made(arguments.bench / name, arguments.indexes, arguments.limit)
    ]
    features = FEATURES[:-1] if arguments.no_encoder else FEATURES
    if not arguments.no_encoder:
        embed([pair for pair in told if pair.proof.needs_similarity])
        if arguments.overhead:
            overhead(told, SentenceTransformerEncoder())
    scores = left_out(told, features)
    report(told, scores)
    for pair, score in zip(told, scores, strict=True):
        if pair.claim.kind == arguments.show and pair.claim.is_true == (score < scoring.WEAK):
            print(
                json.dumps(
                    [pair.set, round(score, 2), pair.proof.evidence.finding, pair.claim.text, pair.proof.source.text],
                    ensure_ascii=False,
                )
            )


def made(folder: Path, indexes: Path, limit: int) -> Iterator[Pair]:
    """Of one sentence of each question's evidence, and of each of its gold answer where that is written out."""
    with closing(Catalog(catalog_file(Generations(indexes / folder.name).current))) as catalog:
        cases, answers = read_gold(folder), folder.name in ANSWERS
        for pair in make_cited_claims(catalog, cases, limit=limit, seed=folder.name, answers=answers):
            yield Pair(folder.name, pair.origin, pair.claim, pair.cited, pair.proof)


def embed(pairs: Sequence[Pair]) -> None:
    """With vectors of earlier runs, as texts seldom change."""
    kept = Path("var/checks/vectors.npz")
    texts = sorted({text for pair in pairs for text in (pair.claim.text, pair.proof.source.text)})
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
    for pair in pairs:
        pair.likeness = scale.rescale(float(known[pair.claim.text] @ known[pair.proof.source.text]))


def left_out(pairs: Sequence[Pair], features: Sequence[str]) -> list[float]:
    """Each pair's likelihood by weights that were fitted without its set."""
    models = {name: fitted([p for p in pairs if p.set != name], features) for name in {p.set for p in pairs}}
    print("all sets", *described(fitted(pairs, features), features))
    return [score(pair, models[pair.set], features) for pair in pairs]


def fitted(pairs: Sequence[Pair], features: Sequence[str]) -> LogisticRegression:
    """True and false weigh the same, and so do each set and each origin; what facts decide teaches nothing."""
    rows = [pair for pair in pairs if pair.proof.needs_similarity]
    sizes = Counter(_stratum(pair) for pair in rows)
    model = LogisticRegression(C=1, max_iter=2000)
    model.fit(
        [pair.row[: len(features)] for pair in rows],
        [pair.claim.is_true for pair in rows],
        sample_weight=[len(rows) / sizes[_stratum(pair)] / len(sizes) for pair in rows],
    )
    return model


def _stratum(pair: Pair) -> tuple[str, str, bool]:
    return pair.set, pair.origin, pair.claim.is_true


def described(model: LogisticRegression, features: Sequence[str]) -> tuple[dict[str, float], float]:
    return dict(zip(features, model.coef_[0].round(1).tolist(), strict=True)), round(float(model.intercept_[0]), 1)


def score(pair: Pair, model: LogisticRegression, features: Sequence[str]) -> float:
    if not pair.proof.needs_similarity:
        return pair.proof.score_by_words
    likelihood = float(model.predict_proba([pair.row[: len(features)]])[0, 1])
    return pair.proof.raise_to_weak(likelihood)


def report(pairs: Sequence[Pair], scores: Sequence[float]) -> None:
    told = list(zip(pairs, scores, strict=True))
    for origin in ("evidence", "answer"):
        print(f"{origin:15}{'n':>5}  called unsupported / unsupported or weak")
        for kind in (*SUPPORTED, *FALSE):
            line(kind, [(p, s) for p, s in told if p.claim.kind == kind and p.origin == origin])
        for name in sorted({p.set for p in pairs}):
            line(name, [(p, s) for p, s in told if p.set == name and p.origin == origin], whole=True)
        line("all", [(p, s) for p, s in told if p.origin == origin], whole=True)
    sweep(told)


def sweep(told: Sequence[tuple[Pair, float]]) -> None:
    """What another threshold would call unsupported: of false claims, and of what somebody wrote."""
    for limit in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65):
        low = [(p, s < limit) for p, s in told]
        false = np.mean([called for p, called in low if not p.claim.is_true and p.origin == "evidence"])
        made, written = (
            np.mean([called for p, called in low if p.claim.is_true and p.origin == origin])
            for origin in ("evidence", "answer")
        )
        print(f"below {limit}: {false:.3f} of false claims, {made:.3f} of true ones, {written:.3f} of gold answers")


def line(name: str, told: Sequence[tuple[Pair, float]], *, whole: bool = False) -> None:
    if not told:
        return
    low, doubtful = (np.array([s < limit for _, s in told]) for limit in (scoring.WEAK, scoring.SUPPORTED))
    print(f"{name:15}{len(told):5}  {low.mean():.3f} / {doubtful.mean():.3f}", end="")
    if whole:
        wrong = np.array([not p.claim.is_true for p, _ in told])
        print(f"  AUC {roc_auc_score(~wrong, [s for _, s in told]):.3f}", end="")
        for words, called in (("unsupported", low), ("not supported", doubtful)):
            print(f"  {words}: precision {wrong[called].mean():.3f} recall {called[wrong].mean():.3f}", end="")
    print()


def overhead(pairs: Sequence[Pair], encoder: SentenceTransformerEncoder, count: int = 40) -> None:
    """Of answers of five sentences, true and worded otherwise, each with its own source, among eight passages."""
    reworded = [pair for pair in pairs if pair.claim.kind == "reworded" and pair.origin == "evidence"]
    checker, chance = Checker(encoder), Random(0)
    taken = []
    for _ in range(count + 1):
        told = chance.sample(reworded, 8)
        passages = [pair.cited[0] for pair in told]
        stream = MarkerStream(passages)
        stream.feed(" ".join(f"{pair.claim.text.rstrip('.')} [{n}]." for n, pair in enumerate(told[:5], start=1)))
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
