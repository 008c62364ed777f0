"""A run as LlamaIndex's evaluators take it.

inputs = evaluator_inputs(RunFolder(Path("var/runs/samples")))
for one in inputs:
    await FaithfulnessEvaluator(llm).aevaluate(**one.arguments)
await BatchEvalRunner({"faithfulness": FaithfulnessEvaluator(llm)}).aevaluate_response_strs(**batch(inputs))
MRR().compute(**inputs[0].ids)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.metrics.spans import files
from eval.runs.folder import RunFolder
from eval.types import GoldCase, Location, Row
from rag.citations.markers import without_markers


@dataclass(frozen=True, slots=True)
class EvaluatorInput:
    """A question of a run."""

    id: str
    query: str
    response: str | None
    """Without markers; None where there is no answer, since it failed or was not asked for."""
    contexts: tuple[str, ...]
    """The passages that were retrieved, best first."""
    reference: str | None
    """The first of the gold answers; None where there is none."""
    expected: tuple[str, ...]
    """The files of the evidence by path, each once, as the measures ``context_file_…`` count them."""
    retrieved: tuple[str, ...]

    @property
    def arguments(self) -> dict[str, Any]:
        """Of ``BaseEvaluator.evaluate`` and ``aevaluate``."""
        told = {"query": self.query, "response": self.response, "contexts": [*self.contexts]}
        return told | {"reference": self.reference}

    @property
    def ids(self) -> dict[str, list[str]]:
        """Of ``BaseRetrievalMetric.compute``, which takes neither empty."""
        return {"expected_ids": [*self.expected], "retrieved_ids": [*self.retrieved]}


def evaluator_inputs(folder: RunFolder) -> list[EvaluatorInput]:
    """The questions that were asked, in the order of the gold. Raises ``RunError`` where the folder is no run."""
    rows = folder.rows()
    return [_input(case, rows[case.id]) for case in folder.cases if case.id in rows]


def batch(inputs: Sequence[EvaluatorInput]) -> dict[str, list[Any]]:
    """The arguments of ``BatchEvalRunner.aevaluate_response_strs``."""
    return {
        "queries": [one.query for one in inputs],
        "response_strs": [one.response for one in inputs],
        "contexts_list": [[*one.contexts] for one in inputs],
        "reference": [one.reference for one in inputs],
    }


def _input(case: GoldCase, row: Row) -> EvaluatorInput:
    gold = [Location(item.path) for item in case.evidence]
    return EvaluatorInput(
        id=case.id,
        query=case.question,
        response=without_markers(row.answer) if row.answer else None,
        contexts=tuple(found.text for found in row.retrieved),
        reference=case.answers[0] if case.answers else None,
        expected=tuple(place.path for place in files(gold)),
        retrieved=tuple(place.path for place in files([found.place for found in row.retrieved])),
    )
