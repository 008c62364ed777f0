"""An evaluation's rewritings are kept, counted and paid for as its answers are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.experiments.evaluate import RunOptions, evaluate
from eval.types import GoldCase, Row
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
