"""The instrument is tested on a system that is broken on purpose: each way moves its measure, and fails the gate."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from eval.gold.files import read_gold
from eval.metrics.summary import finish_run
from eval.regression.gate_rule import Ruling, make_ruling
from eval.runs.folder import RunFolder
from eval.runs.provenance import collect_provenance
from eval.runs.runner import answer_case, run_cases, with_gold_locations
from fakes.engines import ROOT, OpenEngine, RememberingEncoder, WarmEngine
from fakes.mutants import AlwaysDeclines, ShuffledRetriever, Truncated, WrongCitations
from rag.answering.assistant import Assistant
from rag.engine.engine import Engine
from rag.engine.factories import make_writer
from rag.protocols import Answerer
from rag.settings import Settings

CASES = read_gold(ROOT / "eval" / "gold" / "samples.jsonl")
Mutation = Callable[[Engine], Answerer]


def asked(engine: Engine, answerer: Answerer, path: Path) -> RunFolder:
    folder = RunFolder(path)
    asking = with_gold_locations(partial(answer_case, answerer=answerer), engine.catalog.document_at)
    about = collect_provenance(engine, CASES, path.name, "samples.jsonl", retrieval_only=False)
    asyncio.run(run_cases(folder, about, CASES, asking, lambda _: None))
    finish_run(folder)
    return folder


@pytest.fixture(scope="module")
def baseline(samples_index: Path, encoder: RememberingEncoder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    engine = WarmEngine(Settings(index={"dir": samples_index}), encoder)
    folder = asked(engine, engine.assistant, tmp_path_factory.mktemp("runs") / "baseline")
    engine.close()
    return folder


@pytest.fixture
def held(baseline: RunFolder, opened: OpenEngine, samples_index: Path, tmp_path: Path) -> Callable[..., Ruling]:
    """What the gate says of a mutated system, or of one with other settings."""

    def hold(mutation: Mutation, **settings: object) -> Ruling:
        engine = opened(samples_index, **settings)
        return make_ruling(baseline, asked(engine, mutation(engine), tmp_path / "run"))

    return hold


def failed(ruling: Ruling) -> set[str]:
    return {one.name for one in ruling.guarded if one.failure}


def unmoved(ruling: Ruling) -> set[str]:
    return {one.name for one in ruling.guarded if one.compared and not one.compared.difference.value}


def changed(ruling: Ruling) -> set[str]:
    """The commit is that of the folder that a run was started in."""
    return {change.name for change in ruling.comparison.changes} - {"commit"}


def lost_beyond_chance(ruling: Ruling) -> set[str]:
    """Measures that would fail of a system with luck too."""
    return {one.name for one in ruling.guarded if one.failure and one.p < 0.05}


def test_the_same_system_again_passes_and_nothing_moves(held: Callable[..., Ruling]) -> None:
    ruling = held(lambda engine: engine.assistant)
    assert ruling.failures == []
    assert unmoved(ruling) == {one.name for one in ruling.guarded}
    assert changed(ruling) == set()


def test_shuffled_retrieval_loses_the_evidence(held: Callable[..., Ruling]) -> None:
    ruling = held(
        lambda engine: Assistant(ShuffledRetriever(engine), make_writer(engine.settings, engine.encoder, engine.llm))
    )
    assert lost_beyond_chance(ruling) >= {"context_file_recall", "correct", "declined_answerable"}


def test_wrong_citations_fail_by_their_places_and_by_nothing_else(held: Callable[..., Ruling]) -> None:
    ruling = held(lambda engine: WrongCitations(engine.assistant))
    assert lost_beyond_chance(ruling) == failed(ruling)
    assert all(name.startswith("citation_") for name in failed(ruling))
    assert failed(ruling) >= {"citation_file_recall", "citation_file_precision", "citation_span_recall"}
    assert unmoved(ruling) >= {"correct", "context_file_recall"}


def test_a_system_that_always_declines_fails_though_it_is_right_to_of_the_unanswerable(
    held: Callable[..., Ruling],
) -> None:
    ruling = held(lambda engine: AlwaysDeclines(engine.assistant))
    assert lost_beyond_chance(ruling) >= {"declined_answerable", "correct", "citation_file_recall"}
    assert "declined_unanswerable" not in failed(ruling)
    assert "citation_file_precision was measured in the baseline, and is not any more." in ruling.failures


def test_a_system_that_always_answers_fails_by_the_unanswerable(held: Callable[..., Ruling]) -> None:
    ruling = held(lambda engine: engine.assistant, answer={"min_confidence": 0})
    assert "declined_unanswerable" in failed(ruling)
    assert failed(ruling).isdisjoint({"declined_answerable", "citation_file_recall", "context_file_recall"})
    assert changed(ruling) == {"answer.min_confidence"}


def test_truncated_answers_fail_by_what_they_say_and_not_by_what_they_cite(held: Callable[..., Ruling]) -> None:
    ruling = held(lambda engine: Truncated(engine.assistant))
    assert lost_beyond_chance(ruling) == {"correct", "answer_contains", "answer_token_recall", "answer_f1"}
    assert unmoved(ruling) >= {"citation_file_recall", "context_file_recall", "declined_unanswerable"}
