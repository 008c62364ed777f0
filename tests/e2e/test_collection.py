"""What is asked about the collection, or in another language than its documents, whichever way it comes in."""

import json
from pathlib import Path

import httpx
import pytest

from api.app.fastapi_app import create_app
from fakes.engines import OpenEngine, RunFootnote
from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import Json, source_with
from fakes.services import fake_services
from fakes.serving import serving
from rag.question.validation import make_question

GERMAN = "Wie lange kann der andere Elternteil bei voller Bezahlung zu Hause bleiben?"
ENGLISH = "How long can the other parent stay off on full pay?"


def tells_of_itself(answer: Json) -> bool:
    """Whether it is the index's answer, with the documents of the samples."""
    assert "- `handbook/leave-policy.pdf`" in answer["text"]
    return (answer["status"], answer["model"], answer["citations"]) == ("answered", "index", [])


def test_on_the_command_line_the_index_tells_of_itself(samples_index: Path, footnote: RunFootnote) -> None:
    ran = footnote("ask", "Which documents do you have?", "--index", samples_index, "--json")
    assert tells_of_itself(json.loads(ran.out))
    assert "Ask a question about the documents" in footnote("ask", "hello", "--index", samples_index).out


async def test_over_http_the_index_tells_of_itself(samples_index: Path, opened: OpenEngine) -> None:
    app = create_app(fake_services(opened(samples_index).assistant))
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        response = await client.post("/v1/ask", json={"question": "Which documents do you have?"})
    assert tells_of_itself(response.json())


def test_offline_a_declined_question_in_another_language_says_what_was_searched(
    samples_index: Path, footnote: RunFootnote
) -> None:
    ran = footnote("ask", GERMAN, "--index", samples_index, "--json")
    answer = json.loads(ran.out)
    assert (answer["status"], answer["searched_languages"]) == ("declined", ["English"])
    assert "Only English was searched" in answer["text"]


async def test_with_a_model_it_is_put_into_the_documents_language_and_answered(
    samples_index: Path, opened: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(body: Json) -> Reply:
        if str(body["messages"][0]["content"]).startswith("You prepare a question"):
            return Reply((ENGLISH,))
        return Reply((f"Sie finden es in der Quelle [{source_with('8 weeks', body)}].",))

    with OpenAIServer() as server:
        server.respond = reply
        monkeypatch.setenv("FOOTNOTE_LLM__BASE_URL", server.base_url)
        monkeypatch.setenv("FOOTNOTE_LLM__MODEL", "fake")
        answer = await opened(samples_index, retrieval={"rewrite_timeout_s": 60}).assistant.answer(
            make_question(GERMAN)
        )
        assert (answer.retrieval.query.text, len(server.requests)) == (ENGLISH, 2)
    assert answer.declined_by is None
