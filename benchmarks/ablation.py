"""Measure what each part of the search gains and costs: the same questions with a part taken away, or added.

    PYTHONPATH=. python benchmarks/ablation.py ../shared/bench/SET [--models DIR]

It needs the set's index of `make bench` (var/eval/SET). It prints JSON: for each variant the measures of targets.json
and the median milliseconds of a search. All variants of a question follow each other, so that other load on the machine
affects them alike. Reranking needs its model (`footnote models pull`); without it, its rows are left out.
"""

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from eval.gold.evidence import resolve_evidence
from eval.gold.files import read_gold
from eval.metrics.retrieval import retrieval_scores
from eval.types import Location
from indexes.models.model_registry import KNOWN
from indexes.protocols import Retriever
from indexes.search.hybrid import HybridRetriever, reciprocal_rank_fusion
from indexes.search.passage_scorer import Weights
from indexes.search.postprocessing import DiverseRetriever, MergingRetriever
from indexes.search.reranking import RerankingRetriever
from indexes.search.retrievers import DenseRetriever, LexicalRetriever
from indexes.types import Hit, Query
from rag.answering.query_rewriting import search_query
from rag.engine.engine import Engine
from rag.engine.factories import make_reranker
from rag.question.validation import make_question
from rag.settings import load_settings

RERANKER = "ms-marco-MiniLM-L-12-v2-int8"
LIMIT, MORE = 8, 20
"""Passages per search: as for a question, and for measures that look at more."""
TARGETS = json.loads((Path(__file__).parent / "targets.json").read_bytes())


class ReciprocalRanks:
    """The former search: both rankings fused with equal weights."""

    def __init__(self, *retrievers: Retriever) -> None:
        self._retrievers = retrievers

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        """Return the hits of the fused ranking."""
        rankings = [retriever.retrieve(query, limit=50) for retriever in self._retrievers]
        return reciprocal_rank_fusion(rankings)[:limit]


def make_variants(engine: Engine) -> dict[str, Retriever]:
    """Return the retrievers to compare, by name."""
    catalog = engine.catalog
    dense = DenseRetriever(catalog, engine.vectors, engine.encoder, min_cosine=engine.settings.retrieval.min_cosine)
    lexical = LexicalRetriever(catalog)

    def hybrid(**weights: float) -> Retriever:
        return HybridRetriever(catalog, dense, lexical, weights=Weights(**weights))

    def whole(found: Retriever, loss: float = engine.settings.retrieval.section_loss) -> Retriever:
        return MergingRetriever(DiverseRetriever(found, loss=loss), catalog)

    variants: dict[str, Retriever] = {
        "all": whole(hybrid()),
        "by meaning alone": dense,
        "by words alone": lexical,
        "reciprocal ranks": ReciprocalRanks(dense, lexical),
        "by meaning alone, joined": MergingRetriever(dense, catalog),
        "by words alone, joined": MergingRetriever(lexical, catalog),
        "without pairs of words": whole(hybrid(together=0)),
        "without neighbours": whole(hybrid(around=0)),
        "without names": whole(hybrid(named=0)),
        "without sections in turn": whole(hybrid(), loss=0.0),
        "without joining": DiverseRetriever(hybrid(), loss=engine.settings.retrieval.section_loss),
    }
    if reranker := make_reranker(engine.settings):
        variants["reranked, 150 ms"] = whole(RerankingRetriever(hybrid(), reranker, candidates=10, seconds=0.15))
    return variants


def measure(folder: Path, models: Path) -> dict[str, Any]:
    """Return the measures and median milliseconds of each variant on a set."""
    installed = (models / RERANKER).is_dir() and RERANKER in KNOWN
    reranking = {"reranking": {"model": RERANKER}} if installed else {}
    settings = load_settings(None, index={"dir": Path("var/eval") / folder.name}, models={"dir": models}, **reranking)
    engine = Engine(settings)
    documents = lru_cache(maxsize=64)(engine.catalog.document_at)
    variants, targets = make_variants(engine), TARGETS[folder.name]
    deep = [target for target in targets if target.get("at", LIMIT) > LIMIT]
    scores: dict[str, list[list[float]]] = {name: [] for name in variants}
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for case in read_gold(folder):
        if not (case.answerable and case.evidence):
            continue
        gold = [resolve_evidence(item, documents) for item in case.evidence]
        query = search_query(make_question(case.question, case.history))
        for name, retriever in variants.items():
            began = time.perf_counter()
            usual = retriever.retrieve(query, limit=LIMIT)
            seconds[name].append(time.perf_counter() - began)
            more = retriever.retrieve(query, limit=MORE) if deep else []
            scores[name].append([_score(target, gold, more if target in deep else usual) for target in targets])
    engine.close()
    return {
        name: {
            "measures": [round(statistics.fmean(column), 4) for column in zip(*rows, strict=True)],
            "ms": round(1000 * statistics.median(seconds[name]), 1),
        }
        for name, rows in scores.items()
    }


def _score(target: Mapping[str, Any], gold: list[Location], hits: list[Hit]) -> float:
    passages = [hit.passage for hit in hits]
    places = [Location(p.path, p.locator.page, p.locator.char_start, p.locator.char_end) for p in passages]
    return retrieval_scores(gold, places[: target.get("at")])[target["measure"]]


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--models", type=Path, default=Path("var/models"))
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.set.resolve(), arguments.models)))


if __name__ == "__main__":
    main()
