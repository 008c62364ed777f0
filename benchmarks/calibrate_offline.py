"""Not run yet in this form: the weights in use have another history (docs/decisions/0001-offline-answers.md).

Fits the offline answerer's two logistic models on development questions, and shows what thresholds do.

    python benchmarks/calibrate_offline.py ../shared/bench [--limit 100]

Indexes each set in var/calibration first (minutes), then prints weights for ``_CHOICE`` (which sentence answers) and
``_CONFIDENCE`` (whether the best one does), the area under the ROC curve of declining, and for each threshold
the share of answerable and of unanswerable questions that are declined. Sets weigh the same, whatever their size.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from eval.gold import read_gold
from eval.types import GoldCase
from indexes.sync import Listener
from indexes.types import Hit
from indexes.words import stems
from rag import extraction, prompts
from rag.bootstrap import open_engine, open_writer
from rag.extraction import Candidate
from rag.rewriting import search_query
from rag.settings import load_settings
from rag.types import Question

SETS = ("northwind", "squad2", "clapnq", "lihua")
CHOICE = ("cosine", "coverage", "kind", "rank")
CONFIDENCE = ("cosine", "around")
Row = tuple[str, GoldCase, Candidate, bool]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--limit", type=int, default=100, help="questions a set")
    arguments = parser.parse_args()
    places = {name: (arguments.bench / name / "docs", arguments.bench / name / "questions.jsonl") for name in SETS}
    places["samples"] = Path("samples"), Path("eval/gold/samples.jsonl")
    rows = [row for name, (docs, gold) in places.items() for row in candidates(name, docs, gold, arguments.limit)]
    choice = fit("choice", rows, CHOICE, [right for *_, right in rows])
    best = list({case.id: row for row in sorted(rows, key=lambda r: score(choice, r[2])) for case in [row[1]]}.values())
    confidence = fit("confidence", best, CONFIDENCE, [case.answerable for _, case, _, _ in best])
    for name in places:
        show(name, [row for row in best if row[0] == name], confidence)


def candidates(name: str, docs: Path, gold: Path, limit: int) -> Iterator[Row]:
    """Every sentence that was found for every question, and whether it is right."""
    settings = load_settings(index={"dir": Path("var/calibration") / name})
    with open_writer(settings) as writer:
        writer.run([docs], Listener())
    cases = read_gold(gold)
    with open_engine(settings) as engine:
        for case in cases[:: max(1, len(cases) // limit)]:
            hits = engine.retrieve(search_query(Question(case.question, case.history)), limit=8)
            earlier = next((turn.text for turn in reversed(case.history) if turn.role == "user"), "")
            for candidate in extraction.candidates(case.question, earlier, prompts.sources_of(hits), engine.encoder):
                yield name, case, candidate, is_right(case, candidate, hits)


def is_right(case: GoldCase, candidate: Candidate, hits: list[Hit]) -> bool:
    """From a gold place (a page off is near enough), and with a gold answer's words."""
    passage = hits[candidate.source.number - 1].passage
    page = passage.locator.page
    placed = any(e.path == passage.path and abs((e.page or page or 0) - (page or 0)) <= 1 for e in case.evidence)
    said = set(stems(candidate.text))
    return placed and any(2 * len(said & set(stems(a))) > 0.8 * (len(said) + len(set(stems(a)))) or
                          f" {a.lower()} " in f" {candidate.text.lower()} " for a in case.answers)  # fmt: skip


def fit(name: str, rows: list[Row], features: tuple[str, ...], labels: list[bool]) -> LogisticRegression:
    sizes = {key: sum(row[0] == key for row in rows) for key in {row[0] for row in rows}}
    table = [[row[2].features[feature] for feature in features] for row in rows]
    model = LogisticRegression(C=100, max_iter=1000)
    model.fit(table, labels, sample_weight=[len(rows) / sizes[row[0]] for row in rows])
    print(name, dict(zip(features, model.coef_[0].round(2).tolist(), strict=True)), model.intercept_.round(2).tolist())
    model.features = features
    return model


def score(model: LogisticRegression, candidate: Candidate) -> float:
    values = [[candidate.features[feature] for feature in model.features]]
    return float(model.predict_proba(values)[0, 1])


def show(name: str, best: list[Row], confidence: LogisticRegression) -> None:
    scores = np.array([score(confidence, candidate) for _, _, candidate, _ in best])
    answerable = np.array([case.answerable for _, case, _, _ in best])
    right = np.mean([row[3] for row in best if row[1].answerable])
    print(f"{name}: best sentence right {right:.2f}, AUC {roc_auc_score(answerable, scores):.2f}; declined", end="")
    for threshold in (0.3, 0.35, 0.4, 0.45, 0.5):
        wrongly, rightly = (scores[answerable] < threshold).mean(), (scores[~answerable] < threshold).mean()
        print(f"  {threshold}: {wrongly:.2f}/{rightly:.2f}", end="")
    print()


if __name__ == "__main__":
    main()
