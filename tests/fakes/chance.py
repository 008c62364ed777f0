"""Runs of a system that answers anew each time: a question has its own chance to succeed, in part its document's."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from eval.runs.folder import Provenance, RunFolder
from eval.types import CaseScores

OFFLINE = Provenance(
    name="run",
    started="2026-01-01T00:00:00+00:00",
    footnote="0.1.0",
    commit="c0ffee",
    settings={"llm": {"model": None, "class_": None}, "retrieval": {"limit": 8}, "embedding": {"base_url": None}},
    model="none",
    prompt="1/abc",
    encoder="all-MiniLM-L6-v2",
    index="abc",
    gold="abc",
    gold_file="gold.jsonl",
    retrieval_only=False,
    python="3.11 on x86_64",
)
ASKS_A_MODEL = replace(OFFLINE, model="gpt", settings={**OFFLINE.settings, "llm": {"model": "gpt"}})
_ON_A_DOCUMENT = 5


def run_folder(path: Path, scored: list[CaseScores], facts: Provenance = OFFLINE) -> RunFolder:
    """A finished run's, without its rows."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "run.json").write_text(json.dumps(asdict(facts)))
    (path / "summary.json").write_text(json.dumps({"questions": len(scored)}))
    RunFolder(path).write_scores(scored)
    return RunFolder(path)


def drawn(questions: int, *, gold: int, draw: int, sure: float = 4, lost: float = 0) -> list[CaseScores]:
    """A run over a gold set: the same set has the same chances, each draw its own luck.

    Of ``sure`` 4, 18 % of the questions differ between two draws; of 1 a third, of 10 one in 13. ``lost`` is how much
    lower the share of correct answers is than the set's. One question in five has no answer in the documents.
    """
    set_, luck = np.random.default_rng(gold), np.random.default_rng((gold, draw))
    documents = set_.normal(0, 1, 1 + questions // _ON_A_DOCUMENT)
    own = set_.normal(0, sure, questions)
    chances = 1 / (1 + np.exp(-(0.8 + np.repeat(documents, _ON_A_DOCUMENT)[:questions] + own)))
    kept = 1 - lost / chances.mean()
    return [_scored(i, bool(luck.random() < chances[i] * kept), chances[i], luck) for i in range(questions)]


def _scored(number: int, right: bool, chance: float, luck: np.random.Generator) -> CaseScores:
    scores = {"correct": float(right), "failed": 0.0}
    answerable = number % _ON_A_DOCUMENT != 0
    scores |= _answered(right, chance, luck) if answerable else {"declined_unanswerable": float(right)}
    return CaseScores(f"q{number}", "", f"document {number // _ON_A_DOCUMENT}", "answered", scores)


def _answered(right: bool, chance: float, luck: np.random.Generator) -> dict[str, float]:
    """Wrong answers decline in part; right ones are mostly well cited; retrieval has no luck."""
    declines, cites = not right and luck.random() < 0.4, right or luck.random() < 0.2
    told = {
        "answer_contains": float(right and luck.random() < 0.95),
        "answer_token_recall": 1.0 if right else 0.0 if declines else round(luck.random(), 3),
        "citation_file_recall": float(cites and not declines),
        "citation_page1_recall": float(cites and not declines and luck.random() < 0.9),
        "citation_span_recall": round(luck.random(), 3) if cites and not declines else 0.0,
        "declined_answerable": float(declines),
        "context_file_recall": 1.0 if chance > 0.2 else 0.5,
    }
    if declines:
        return told
    precision = float(luck.choice([1, 1 / 2, 1 / 3])) if cites else 0.0
    return told | {"citation_file_precision": precision, "sentences_supported": float(luck.choice([1, 1, 1, 0.5]))}
