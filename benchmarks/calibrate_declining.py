"""Show what thresholds on the evidence decline before a model is asked (``rag/verification/abstention.py``).

    python benchmarks/calibrate_declining.py ../shared/bench var/eval [--own 120] [--foreign 20] [--save FILE.npz]

The indexes of ``index_sets.py`` lie in the second folder. Each index is asked its own set's questions, and as clearly
off-topic ones those of every other set. Prints, for each threshold, the shares declined: of the set's answerable
questions, of its unanswerable ones (near misses, most of them), and of the other sets'.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from eval.gold.files import read_gold
from eval.types import GoldCase
from rag.answering.query_rewriting import search_query
from rag.engine.engine import Engine, open_engine
from rag.settings import load_settings
from rag.types import Question
from rag.verification.abstention import evidence_score

SETS = ("northwind", "lihua", "apidocs", "codebase", "hotpot100", "mtrag_un", "clapnq", "squad2", "tatqa",
        "chroma_chunking")  # fmt: skip
KINDS = ("answerable", "unanswerable", "off-topic")
THRESHOLDS = np.arange(0.2, 1.0, 0.05)


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("indexes", type=Path)
    parser.add_argument("--own", type=int, default=120, help="questions of a set that its own index is asked")
    parser.add_argument("--foreign", type=int, default=20, help="questions of a set that each other index is asked")
    parser.add_argument("--save", type=Path, help="a file for the evidence of each question")
    arguments = parser.parse_args()
    cases = {name: read_gold(arguments.bench / name / "questions.jsonl") for name in SETS}
    evidence_by_set = {}
    for name in SETS:
        with open_engine(load_settings(index={"dir": arguments.indexes / name})) as engine:
            evidence_by_set[name] = list(ask_index(engine, name, cases, arguments.own, arguments.foreign))
        show(name, evidence_by_set[name])
    if arguments.save:
        np.savez(arguments.save, **{name: np.array(rows) for name, rows in evidence_by_set.items()})
    show(
        "all sets, each counting the same", [row for rows in evidence_by_set.values() for row in rows], evidence_by_set
    )


def ask_index(
    engine: Engine, name: str, cases: dict[str, list[GoldCase]], own: int, foreign: int
) -> Iterator[tuple[int, float]]:
    """Yield the kind of each question, as an index of ``KINDS``, and its evidence."""
    for other, theirs in cases.items():
        for case in theirs[:: max(1, len(theirs) // (own if other == name else foreign))]:
            kind = 2 if other != name else 0 if case.answerable else 1
            query = search_query(Question(case.question, case.history if other == name else ()))
            yield kind, max(map(evidence_score, engine.retrieve(query, limit=8)), default=0.0)


def show(name: str, rows: list[tuple[int, float]], sets: dict[str, list[tuple[int, float]]] | None = None) -> None:
    """Print the shares declined by threshold, over the rows or, with ``sets``, as the mean of the sets."""
    print(f"\n{name}")
    for kind, label in enumerate(KINDS):
        groups = [np.array([value for k, value in part if k == kind]) for part in (sets or {"": rows}).values()]
        groups = [group for group in groups if len(group)]
        shares = [np.mean([(group < at).mean() for group in groups]) if groups else np.nan for at in THRESHOLDS]
        print(
            f"  {label:13}", "  ".join(f"{at:.2f}: {share:.3f}" for at, share in zip(THRESHOLDS, shares, strict=True))
        )


if __name__ == "__main__":
    main()
