"""An evaluation's rewritings are kept, counted and paid for as its answers are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.experiments.evaluate import RunOptions, evaluate
from eval.gold.rows import GoldError
from eval.types import GoldCase, GoldEvidence, Row
from fakes.engines import OpenEngine
from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import Json
from rag.prompting import prompts
from rag.types import Turn, Usage

PARENTS = "How long can fathers and other second parents stay off on full pay?"
FOLLOW_UP = GoldCase(
    "q-1", "For how long?", ("8 weeks",), (), answerable=True, history=(Turn("user", "Can fathers stay off?"),)
)
PLAIN = GoldCase("q-2", PARENTS, ("8 weeks",), (), answerable=True)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    def reply(body: Json) -> Reply:
        rewriting = body["messages"][0]["content"] == prompts.REWRITE
        return Reply(
            (PARENTS if rewriting else "They stay off for 8 weeks [1].",), usage=(40, 10) if rewriting else (9, 5)
        )

    with OpenAIServer() as server:
        server.respond = reply
        yield server


def rows(opened: OpenEngine, index: Path, server: OpenAIServer, folder: str, options: RunOptions) -> dict[str, Row]:
    llm = {"model": "fake", "base_url": server.base_url, "input_price": 1.0, "output_price": 1.0}
    return evaluate(opened(index, llm=llm), [FOLLOW_UP, PLAIN], Path(folder), options).rows()


@pytest.mark.parametrize(("retrieval_only", "asked", "usage"), [(False, 3, Usage(49, 15)), (True, 1, Usage(40, 10))])
def test_rewritings_are_asked_for_once_counted_and_paid_for(
    samples_index: Path, opened: OpenEngine, server: OpenAIServer, retrieval_only: bool, asked: int, usage: Usage
) -> None:
    options = RunOptions(retrieval_only=retrieval_only, cache=Path("cache"))
    first = rows(opened, samples_index, server, "first", options)
    assert (len(server.requests), first["q-1"].usage, first["q-1"].cached) == (asked, usage, False)
    assert first["q-1"].cost == pytest.approx(sum((usage.input_tokens or 0, usage.output_tokens or 0)) / 1e6)
    assert [one.place for one in first["q-1"].retrieved] == [one.place for one in first["q-2"].retrieved]
    assert [("rewrite" in (row.timings or {})) for row in (first["q-1"], first["q-2"])] == [True, False]
    again = rows(opened, samples_index, server, "again", options)
    assert (len(server.requests), again["q-1"].usage, again["q-1"].cached) == (asked, usage, True)


def test_a_run_that_only_retrieves_asks_no_model_where_none_may_rewrite(
    samples_index: Path, opened: OpenEngine, server: OpenAIServer
) -> None:
    llm = {"model": "fake", "base_url": server.base_url}
    engine = opened(samples_index, llm=llm, retrieval={"rewriting": "never"})
    told = evaluate(engine, [FOLLOW_UP], Path("run"), RunOptions(retrieval_only=True, cache=None)).rows()
    assert (server.requests, told["q-1"].usage, told["q-1"].cost) == ([], Usage(), None)


def located(*paths: str) -> list[GoldCase]:
    return [GoldCase(f"q-{path}", PARENTS, ("8 weeks",), (GoldEvidence(path),), answerable=True) for path in paths]


def test_gold_documents_that_are_not_in_the_index_are_named_before_anything_is_asked(
    samples_index: Path, opened: OpenEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = [f"harbour/pier-{number}.md" for number in range(7)]
    cases = located("handbook/leave-policy.pdf", *strange)
    run = evaluate(opened(samples_index), cases, Path("run"), RunOptions(retrieval_only=True, cache=None))
    assert len(run.rows()) == 8
    told = capsys.readouterr().err
    assert told.startswith("Not in the index, 7 of the gold's 8 documents: harbour/pier-0.md, harbour/pier-1.md, ")
    assert "harbour/pier-4.md and 2 more. " in told


def test_where_none_of_them_is_in_the_index_nothing_is_scored(samples_index: Path, opened: OpenEngine) -> None:
    with pytest.raises(GoldError, match=r"2 of the gold's 2 documents: a\.md, b\.md.* Choose their index with --index"):
        evaluate(opened(samples_index), located("a.md", "b.md"), Path("run"), RunOptions(retrieval_only=True))
    assert not Path("run").exists()


def test_gold_whose_documents_are_all_there_is_not_talked_about(
    samples_index: Path, opened: OpenEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [
        *located("handbook/leave-policy.pdf"),
        GoldCase("none", "How tall are giraffes?", (), (), answerable=False),
    ]
    evaluate(opened(samples_index), cases, Path("run"), RunOptions(retrieval_only=True, cache=None))
    assert "index" not in capsys.readouterr().err
