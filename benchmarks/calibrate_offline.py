"""Fit the two logistic models of the offline answerer on development questions, and show what thresholds do.

    PYTHONPATH=. python benchmarks/calibrate_offline.py ../shared/bench [--sets northwind squad2] [--limit 1000]

Needs each set's index of `make bench` (var/eval/SET; for ``samples`` make one of samples/ there). The candidates of a
set, which take minutes to embed, are kept in var/calibration/SET.pickle: delete them after a change of
``rag/extractive/candidates.py``. Prints the weights for ``CHOICE`` and ``CONFIDENCE`` of
``rag/extractive/selection.py``, the ROC of declining with each set left out of the fit and within it, and for each
threshold the share of the answerable and of the unanswerable questions that are declined. Sets weigh the same,
whatever their size, and so do their kinds of questions.
"""

import argparse
import pickle
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from eval.gold.files import read_gold
from eval.types import GoldCase
from indexes.text.tokenization import stems, words
from indexes.types import Hit
from rag.answering.query_rewriting import search_query
from rag.engine.engine import open_engine
from rag.extractive.candidates import Candidate, NumberedPassage, candidates
from rag.extractive.selection import CHOICE, CONFIDENCE, question_features
from rag.question.validation import make_question
from rag.settings import load_settings

SETS = ("northwind", "squad2", "clapnq", "lihua", "mtrag_un", "samples", "hotpot100", "codebase", "apidocs")
MOST = 0.125
"""The largest share of answerable questions declined, as a mean of the sets: the threshold is the highest within it."""
THRESHOLDS = np.arange(0.2, 0.61, 0.01)
_SHORT = 10
"""A sentence must hold a gold answer of up to so many words; it must be a part of a longer one."""
QuestionCandidates = tuple[GoldCase, list[Candidate], list[bool]]


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--limit", type=int, default=1000, help="questions a set, evenly")
    arguments = parser.parse_args()
    asked = {name: load_candidates(name, arguments.bench, arguments.limit) for name in arguments.sets}
    show("CHOICE", tuple(CHOICE), fit_choice(asked))
    rows = {name: make_features(one) for name, one in asked.items()}
    whole = fit_confidence(rows, rows)
    show("CONFIDENCE", tuple(CONFIDENCE), whole)
    print("set: AUC left out, within; of the unanswerable declined at 5, 15 and 25 % of the answerable")
    for name, (x, y) in rows.items():
        if y.all():
            continue
        left = fit_confidence(rows, [other for other in rows if other != name])
        within = whole.predict_proba(x)[:, 1]
        told = [share_declined(y, within, share) for share in (0.05, 0.15, 0.25)]
        print(f"{name}: {roc_auc_score(y, left.predict_proba(x)[:, 1]):.2f}, {roc_auc_score(y, within):.2f};", *told)
    show_thresholds(rows, whole)


def load_candidates(name: str, bench: Path, limit: int) -> list[QuestionCandidates]:
    """Return a set's candidates from the cache, or make them."""
    file = Path("var/calibration") / f"{name}.pickle"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        gold = Path("eval/gold/samples.jsonl") if name == "samples" else bench / name
        cases = read_gold(gold)
        file.write_bytes(pickle.dumps(candidates_of_set(name, cases[:: max(1, len(cases) // limit)])))
    return list(pickle.loads(file.read_bytes()))


def candidates_of_set(name: str, cases: list[GoldCase]) -> list[QuestionCandidates]:
    """Return every candidate sentence of every question, and whether it is right."""
    told = []
    with open_engine(load_settings(index={"dir": Path("var/eval") / name})) as engine:
        for case in cases:
            hits = engine.retrieve(search_query(make_question(case.question, case.history)), limit=8)
            earlier = next((turn.text for turn in reversed(case.history) if turn.role == "user"), "")
            sources = [NumberedPassage(number, hit.passage) for number, hit in enumerate(hits, start=1)]
            found = candidates(case.question, earlier, sources, engine.encoder)
            told.append((case, found, [is_right(case, one, hits) for one in found]))
    return told


def is_right(case: GoldCase, candidate: Candidate, hits: list[Hit]) -> bool:
    """Whether it stands at most a page from the evidence, and holds a short gold answer or is half of a long one."""
    passage = hits[candidate.source.number - 1].passage
    page = passage.locator.page
    placed = any(e.path == passage.path and abs((e.page or page or 0) - (page or 0)) <= 1 for e in case.evidence)
    return placed and any(holds(candidate.text, answer) for answer in case.answers)


def holds(text: str, answer: str) -> bool:
    """Whether a sentence holds a short answer, or is half of a long one."""
    ours, gold = set(stems(text)), set(stems(answer))
    if len(answer.split()) > _SHORT:
        return len(ours & gold) >= max(3, 0.5 * len(ours))
    whole = f" {' '.join(words(answer))} " in f" {' '.join(words(text))} "
    return whole or (len(gold) > 1 and len(ours & gold) >= 0.7 * len(gold))


def fit_choice(asked: dict[str, list[QuestionCandidates]]) -> LogisticRegression:
    """Fit the model that chooses sentences. The right ones of a question weigh as much as the others."""
    x, y, weights = [], [], []
    for one in asked.values():
        told = [(found, np.array(right)) for case, found, right in one if case.answerable and any(right)]
        for found, right in told:
            x += [[candidate.features[feature] for feature in CHOICE] for candidate in found]
            y += list(right)
            weights += list(np.where(right, 1 / right.sum(), 1 / max(1, (~right).sum())) / len(told))
    model = LogisticRegression(C=10, max_iter=2000)
    return model.fit(x, y, sample_weight=np.array(weights) * 1000 * len(asked) / sum(weights))


def make_features(questions: list[QuestionCandidates]) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of each question, and whether it is answerable."""
    x = [[question_features(found)[name] if found else 0 for name in CONFIDENCE] for _, found, _ in questions]
    return np.array(x), np.array([case.answerable for case, _, _ in questions])


def fit_confidence(rows: dict[str, tuple[np.ndarray, np.ndarray]], sets: Iterable[str]) -> LogisticRegression:
    """Fit the model of confidence on some sets."""
    chosen = [rows[name] for name in sets]
    x, y = (np.concatenate([row[part] for row in chosen]) for part in (0, 1))
    weights = np.concatenate([np.where(t, 1 / max(1, t.sum()), 1 / max(1, (~t).sum())) for _, t in chosen])
    weights[y] /= weights[y].sum()
    weights[~y] /= weights[~y].sum()
    return LogisticRegression(C=1, max_iter=2000).fit(x, y, sample_weight=weights * 500 * len(chosen))


def share_declined(answerable: np.ndarray, scores: np.ndarray, share: float) -> float:
    """Return the share of unanswerable questions declined, where this share of answerable ones is."""
    wrongly = np.sort(scores[answerable])
    return round(float((scores[~answerable] < wrongly[int(share * len(wrongly))]).mean()), 2)


def show_thresholds(rows: dict[str, tuple[np.ndarray, np.ndarray]], model: LogisticRegression) -> None:
    """Print the shares declined by each threshold."""
    scores = {name: (model.predict_proba(x)[:, 1], y) for name, (x, y) in rows.items()}
    for threshold in THRESHOLDS:
        wrongly = {name: (p[y] < threshold).mean() for name, (p, y) in scores.items()}
        rightly = {name: (p[~y] < threshold).mean() for name, (p, y) in scores.items() if not y.all()}
        mean = np.mean(list(wrongly.values()))
        told = [
            f"{n} {share:.2f}/{rightly[n]:.2f}" if n in rightly else f"{n} {share:.2f}" for n, share in wrongly.items()
        ]
        allowed = "may be" if mean <= MOST else "too strict"
        print(f"{threshold:.2f} {allowed}: {mean:.3f}/{np.mean(list(rightly.values())):.3f}", *told)


def show(name: str, features: tuple[str, ...], model: LogisticRegression) -> None:
    """Print a model's weights."""
    print(name, dict(zip(features, model.coef_[0].round(1).tolist(), strict=True)), model.intercept_.round(1).tolist())


if __name__ == "__main__":
    main()
