"""Runs made short: cases, rows, and folders that hold them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.metrics.summary import finish_run
from eval.runs.folder import Provenance, RunFolder
from eval.types import AnswerSentence, CitedQuote, GoldCase, GoldEvidence, Location, RetrievedPassage, Row, Status


def facts(**other: Any) -> Provenance:
    told: dict[str, Any] = {
        "name": "a run",
        "started": "2026-01-01T00:00:00+00:00",
        "footnote": "0.1.0",
        "commit": "0c0ffee",
        "settings": {"llm": {"model": "tiny"}, "retrieval": {"limit": 8}},
        "model": "tiny",
        "prompt": "1/0123",
        "encoder": "words",
        "index": "4567",
        "gold": "89ab",
        "gold_file": "gold.jsonl",
        "retrieval_only": False,
        "python": "3.11",
    }
    return Provenance(**told | other)


def case(name: str, *answers: str, question: str = "How much leave?", path: str = "leave.txt") -> GoldCase:
    """Unanswerable where it has no answers."""
    evidence = (GoldEvidence(path),) if answers else ()
    return GoldCase(name, question, answers, evidence, answerable=bool(answers), kind="single")


def row(name: str, answer: str = "27 days", *, quote: str = "", status: Status = "answered", **other: Any) -> Row:
    """An answer of one sentence, with one footnote where it has a quote, in a passage that holds a little more."""
    if status not in ("answered", "partly", "unverified"):
        return Row(name, status, **other)
    passage = f"Of leave. {quote} So it is."
    cited = CitedQuote(1, Location("leave.txt", None, 10, 10 + len(quote)), quote, 0.9)
    found = RetrievedPassage(Location("leave.txt", None, 0, len(passage)), "Leave", ("Days",), passage, 0.5)
    text = f"{answer} [1]." if quote else f"{answer}."
    return Row(
        name,
        status,
        retrieved=(found,),
        answer=text,
        citations=(cited,) if quote else (),
        sentences=(AnswerSentence(text, (1,) if quote else (), 0.9, "supported"),),
        confidence=0.8,
        **other,
    )


def made(folder: Path, cases: Sequence[GoldCase], rows: Sequence[Row], **other: Any) -> RunFolder:
    """An unfinished run."""
    run = RunFolder(folder)
    run.start(facts(**other), cases)
    for one in rows:
        run.append(one)
    return run


def finished(folder: Path, cases: Sequence[GoldCase], rows: Sequence[Row], **other: Any) -> RunFolder:
    run = made(folder, cases, rows, **other)
    finish_run(run)
    return run
