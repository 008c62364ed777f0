"""Runs as inputs of LlamaIndex's evaluators.

inputs = evaluator_inputs(RunFolder(Path("var/runs/samples")))
for item in inputs:
    await FaithfulnessEvaluator(llm).aevaluate(**item.arguments)
await BatchEvalRunner({"faithfulness": FaithfulnessEvaluator(llm)}).aevaluate_response_strs(**batch(inputs))
MRR().compute(**inputs[0].ids)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.runs.folder import RunFolder
from rag.citations.markers import without_markers


@dataclass(frozen=True, slots=True)
class EvaluatorInput:
    """A question of a run, for LlamaIndex's evaluators and retrieval metrics."""

    id: str
    query: str
    response: str | None
    """The answer without markers; None where there is none."""
    contexts: tuple[str, ...]
    """The retrieved passages, best first."""
    reference: str | None
    """The first gold answer; None where there is none."""
    expected: tuple[str, ...]
    """The paths of the evidence's files, each once, as the measures ``context_file_…`` count them."""
    retrieved: tuple[str, ...]

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of ``BaseEvaluator.evaluate`` and ``aevaluate``."""
        texts = {"query": self.query, "response": self.response, "reference": self.reference}
        return {**texts, "contexts": [*self.contexts]}

    @property
    def ids(self) -> dict[str, list[str]]:
        """The arguments of ``BaseRetrievalMetric.compute``, which refuses empty lists."""
        return {"expected_ids": [*self.expected], "retrieved_ids": [*self.retrieved]}


def evaluator_inputs(folder: RunFolder) -> list[EvaluatorInput]:
    """Return the questions asked, in the order of the gold. Raises ``RunError`` where the folder is no run."""
    rows = folder.rows()
    return [
        EvaluatorInput(
            id=case.id,
            query=case.question,
            response=without_markers(row.answer) if row.answer else None,
            contexts=tuple(hit.text for hit in row.retrieved),
            reference=case.answers[0] if case.answers else None,
            expected=tuple(dict.fromkeys(item.path for item in case.evidence)),
            retrieved=tuple(dict.fromkeys(hit.place.path for hit in row.retrieved)),
        )
        for case in folder.cases
        if (row := rows.get(case.id))
    ]


def batch(inputs: Sequence[EvaluatorInput]) -> dict[str, list[Any]]:
    """Return the arguments of ``BatchEvalRunner.aevaluate_response_strs``."""
    return {
        "queries": [item.query for item in inputs],
        "response_strs": [item.response for item in inputs],
        "contexts_list": [[*item.contexts] for item in inputs],
        "reference": [item.reference for item in inputs],
    }
