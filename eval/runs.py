"""Asks the engine every gold question, and keeps what it says in the form the scorers read."""

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.types import GoldCase, Place, Prediction
from indexes.errors import FootnoteError
from indexes.protocols import Retriever
from indexes.types import Audience, Passage
from rag.protocols import Answerer
from rag.rewriting import search_query
from rag.types import Answer, Question


class PredictionsError(FootnoteError):
    """The file of predictions cannot be written."""

    kind = "predictions-unwritable"


async def ask(case: GoldCase, answerer: Answerer) -> Prediction:
    """An error is kept as one: a run goes on, and the scores count it as wrong."""
    began = time.perf_counter()
    try:
        answer = await answerer.answer(Question(case.question, case.history))
    except FootnoteError as error:
        return Prediction(case.id, "", (), (), abstained=False, latency=time.perf_counter() - began, error=str(error))
    return _prediction(case, answer, time.perf_counter() - began)


def retrieve(case: GoldCase, retriever: Retriever, limit: int) -> Prediction:
    """What would be given to the model; nothing is answered."""
    began = time.perf_counter()
    query = search_query(Question(case.question, case.history))
    hits = retriever.retrieve(query, limit=limit, audience=Audience())
    contexts = tuple(_place(hit.passage) for hit in hits)
    return Prediction(case.id, "", (), contexts, abstained=False, latency=time.perf_counter() - began)


def write_predictions(file: Path, predictions: Iterable[Prediction]) -> None:
    """Raises ``PredictionsError``."""
    rows = (json.dumps(_row(prediction), ensure_ascii=False) for prediction in predictions)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    except OSError as error:
        raise PredictionsError(f"The predictions cannot be written to {file}: {error.strerror}.") from error


def summarise(
    cases: Sequence[GoldCase], predictions: Sequence[Prediction], *, answered: bool = True
) -> dict[str, float]:
    """Means over questions: what was found and, where ``answered``, cited and declined; seconds at the median."""
    pairs = list(zip(cases, predictions, strict=True))
    answerable = [(c, p) for c, p in pairs if c.answerable and c.evidence]
    rates = {"context file recall": [_recall(c, p.contexts) for c, p in answerable]}
    if answered:
        rates |= {
            "cited file recall": [_recall(c, p.citations) for c, p in answerable],
            "declined, answerable": [float(p.abstained) for c, p in pairs if c.answerable],
            "declined, unanswerable": [float(p.abstained) for c, p in pairs if not c.answerable],
            "errors": [float(p.error is not None) for p in predictions],
        }
    latencies = sorted(p.latency for p in predictions)
    means = {name: sum(values) / len(values) for name, values in rates.items() if values}
    return means | {"seconds, median": latencies[len(latencies) // 2]}


def _prediction(case: GoldCase, answer: Answer, seconds: float) -> Prediction:
    return Prediction(
        id=case.id,
        answer=re.sub(r"\s*\[\d+\]", "", answer.text),
        citations=tuple(Place(c.passage.path, c.locator.page) for c in answer.citations),
        contexts=tuple(_place(hit.passage) for hit in answer.retrieval.hits),
        abstained=answer.status == "declined",
        latency=seconds,
    )


def _place(passage: Passage) -> Place:
    return Place(passage.path, passage.locator.page)


def _recall(case: GoldCase, places: Sequence[Place]) -> float:
    files = {item.path for item in case.evidence}
    return len(files & {place.file for place in places}) / len(files)


def _row(prediction: Prediction) -> dict[str, Any]:
    row = asdict(prediction)
    for key in ("citations", "contexts"):
        row[key] = [{k: v for k, v in place.items() if v is not None} for place in row[key]]
    return row
