"""LlamaIndex's own evaluators and metrics, on a run of ours."""

from pathlib import Path

import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.evaluation import BatchEvalRunner, SemanticSimilarityEvaluator
from llama_index.core.evaluation.retrieval.metrics import MRR, HitRate, Recall

from eval.integrations.llama_index import EvaluatorInput, batch, evaluator_inputs
from eval.metrics.scoring import score_case
from eval.types import GoldCase, GoldEvidence, Location, RetrievedPassage, Row
from fakes.encoder import WordsEncoder
from fakes.runs import case, made, row

ENCODER = WordsEncoder()
FILES = ("a.txt", "b.txt", "a.txt", "c.txt")
CASES = [
    GoldCase("q-1", "How much leave?", ("27 days", "27"), (GoldEvidence("a.txt"),), answerable=True),
    GoldCase("q-2", "How much pay?", ("Ten", "10"), (GoldEvidence("c.txt"), GoldEvidence("b.txt", 3)), answerable=True),
    GoldCase("q-3", "Who pays?", ("Anna",), (GoldEvidence("d.txt"),), answerable=True),
    GoldCase("q-4", "Who won?", (), (), answerable=False),
]
ROWS = [
    Row(
        "q-1",
        "answered",
        retrieved=tuple(RetrievedPassage(Location(f), f, (), f"text of {f}", 1.0) for f in FILES),
        answer="27 days [1].",
    ),
    Row(
        "q-2",
        "answered",
        retrieved=tuple(RetrievedPassage(Location(f), f, (), "", 1.0) for f in FILES),
        answer="Twenty [1].",
    ),
    Row(
        "q-3",
        "failed",
        retrieved=tuple(RetrievedPassage(Location(f), f, (), "", 1.0) for f in FILES),
        error="It is busy.",
    ),
    row("q-4", status="declined"),
]


class Embedding(BaseEmbedding):
    """Our encoder as LlamaIndex's."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(value) for value in ENCODER.encode([text])[0]]

    _get_query_embedding = _get_text_embedding

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


@pytest.fixture
def inputs(tmp_path: Path) -> list[EvaluatorInput]:
    return evaluator_inputs(made(tmp_path / "run", [*CASES, case("q-5", "not asked yet")], ROWS))


def similarity(one: str, other: str) -> float:
    first, second = ENCODER.encode([one, other])
    return float(first @ second)


def test_an_input_is_the_question_what_was_found_and_said_and_the_gold_answer(inputs: list[EvaluatorInput]) -> None:
    assert [one.id for one in inputs] == ["q-1", "q-2", "q-3", "q-4"]
    assert inputs[0].arguments == {
        "query": "How much leave?",
        "response": "27 days.",
        "contexts": [f"text of {file}" for file in FILES],
        "reference": "27 days",
    }
    assert [one.response for one in inputs] == ["27 days.", "Twenty.", None, None]
    assert [one.reference for one in inputs] == ["27 days", "Ten", "Anna", None]


async def test_an_evaluator_takes_it(inputs: list[EvaluatorInput]) -> None:
    evaluator = SemanticSimilarityEvaluator(embed_model=Embedding())
    right, wrong = [await evaluator.aevaluate(**one.arguments) for one in inputs[:2]]
    assert (right.passing, wrong.passing) == (True, False)
    assert right.score == pytest.approx(similarity("27 days.", "27 days"))


@pytest.mark.filterwarnings("ignore:asyncio_module:DeprecationWarning")  # LlamaIndex calls what it deprecates
async def test_a_batch_runner_takes_them_all_with_each_its_own_reference(inputs: list[EvaluatorInput]) -> None:
    answered = [one for one in inputs if one.response and one.reference]
    runner = BatchEvalRunner({"similarity": SemanticSimilarityEvaluator(embed_model=Embedding())})
    told = await runner.aevaluate_response_strs(**batch(answered))
    expected = [similarity(one.response or "", one.reference or "") for one in answered]
    assert [one.score for one in told["similarity"]] == pytest.approx(expected)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_its_retrieval_metrics_are_our_measures_by_file(inputs: list[EvaluatorInput], at: int) -> None:
    ours = score_case(CASES[at], ROWS[at])
    assert HitRate().compute(**inputs[at].ids).score == ours["context_file_success@5"]
    assert MRR().compute(**inputs[at].ids).score == pytest.approx(ours["context_file_mrr"])
    assert Recall().compute(**inputs[at].ids).score == pytest.approx(ours["context_file_recall"])
    assert ours["context_file_mrr"] == [1.0, 0.5, 0.0][at]
