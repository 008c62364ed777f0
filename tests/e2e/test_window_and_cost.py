"""What a small context window leaves out, what an answer costs, and what is kept, as who asks is told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.engines import RunFootnote
from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import Json, source_with
from fakes.prompt_reading import read_user_turn
from rag.types import Turn

PARENTS = "How long can fathers and other second parents stay off on full pay?"
CLAIM = "Second parents stay at home for 8 weeks on full pay"


def citing(body: Json) -> Reply:
    return Reply((f"{CLAIM} [{source_with('8 weeks', body)}].",), usage=(1000, 20))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.respond = citing
        variables = {"BASE_URL": server.base_url, "MODEL": "fake", "MAX_OUTPUT_TOKENS": "200", "RETRIES": "0"}
        for name, value in variables.items():
            monkeypatch.setenv(f"FOOTNOTE_LLM__{name}", value)
        yield server


def test_what_had_no_room_is_said_in_words_and_in_json(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = footnote("ask", PARENTS, "--index", samples_index)
    monkeypatch.setenv("FOOTNOTE_LLM__CONTEXT_TOKENS", "1200")
    ran = footnote("ask", PARENTS, "--index", samples_index)
    assert (whole.code, whole.err, ran.code) == (0, "", 0)
    assert ran.out == whole.out
    assert ran.err.startswith("The model's context window had no room for ")
    told = json.loads(footnote("ask", PARENTS, "--index", samples_index, "--json").out)["retrieval"]
    assert told["left_out"]["passages"] > 0
    sent = [read_user_turn(Turn("user", r.body["messages"][-1]["content"]))[1] for r in server.requests]
    assert len(sent[2]) == len(sent[0]) - told["left_out"]["passages"]


def test_a_question_that_the_window_cannot_hold_is_refused_in_a_sentence(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM__CONTEXT_TOKENS", "1024")
    ran = footnote("ask", f"{PARENTS} {'Really? ' * 200}", "--index", samples_index, "--json")
    told = json.loads(ran.out)["error"]
    assert (ran.code, told["type"]) == (1, "urn:footnote:problem:question-too-long")
    assert "1,024 tokens" in told["detail"]
    assert server.requests == []


def test_an_answer_tells_its_cost_where_prices_are_set(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ("ask", PARENTS, "--index", samples_index, "--json")
    assert json.loads(footnote(*ask).out)["usage"]["cost"] is None
    monkeypatch.setenv("FOOTNOTE_LLM__INPUT_PRICE", "2")
    monkeypatch.setenv("FOOTNOTE_LLM__OUTPUT_PRICE", "10")
    told = json.loads(footnote(*ask).out)["usage"]
    assert (told["input_tokens"], told["output_tokens"], told["cost"]) == (1000, 20, pytest.approx(0.0022))


def test_a_kept_answer_asks_no_model_and_costs_nothing(
    server: OpenAIServer, own_index: Path, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_ANSWER__CACHE_MB", "1")
    ask = ("ask", PARENTS, "--index", own_index)
    shown = footnote(*ask).out
    told = json.loads(footnote(*ask, "--json").out)
    assert (told["cached"], told["usage"]["input_tokens"], len(server.requests)) == (True, 0, 1)
    assert footnote(*ask).out == shown
    assert not json.loads(footnote(*ask, "--group", "hr", "--json").out)["cached"]
