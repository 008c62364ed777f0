"""A conversation on the sample documents: doubts, corrections, joined questions, declining, and the same numbers."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from api.commands.answers import print_sources
from api.schemas.answer import answer_to_wire
from fakes.chat import ScriptedChat
from fakes.engines import OpenEngine, RunFootnote
from rag.engine.engine import make_assistant
from rag.engine.query_engine import FootnoteQueryEngine
from rag.types import Answer, Question, Turn
from rag.verification.policy import Policy

PARENTS = "How long can fathers and other second parents stay off on full pay?"
PLACE = re.compile(r"\[(\d)\] ([^,]+), ")


def after(answer: Answer, text: str) -> Question:
    """The question that follows an answer."""
    said = (Turn("user", answer.question.text), Turn("assistant", answer.text))
    return Question(text, (*answer.question.history, *said))


@pytest.mark.parametrize("doubt", ["Where does it say that?", "Are you sure?", "In German, please."])
async def test_a_question_about_the_answer_is_answered_by_its_sources(
    samples_index: Path, opened: OpenEngine, doubt: str
) -> None:
    assistant = opened(samples_index).assistant
    answer = await assistant.answer(Question(PARENTS))
    again = await assistant.answer(after(answer, doubt))
    assert (again.question.text, again.retrieval.query) == (doubt, answer.retrieval.query)
    assert (again.status, again.text) == ("answered", answer.text)
    assert [(c.passage.path, c.quote) for c in again.citations] == [(c.passage.path, c.quote) for c in answer.citations]


async def test_a_correction_is_searched_for_in_place_of_the_question(samples_index: Path, opened: OpenEngine) -> None:
    assistant = opened(samples_index).assistant
    answer = await assistant.answer(Question("How many days of annual leave do full-time staff get?"))
    corrected = await assistant.answer(after(answer, "No, I meant second parents on full pay"))
    assert corrected.retrieval.query.text.endswith("full-time staff get, second parents on full pay?")
    assert corrected.retrieval.query.earlier == ()


async def test_of_two_questions_the_one_without_an_answer_is_named(samples_index: Path, opened: OpenEngine) -> None:
    answer = await opened(samples_index).assistant.answer(Question(f"{PARENTS} Who won the 2022 World Cup?"))
    assert (answer.status, answer.unanswered) == ("partly", "Who won the 2022 World Cup?")
    assert "8 weeks" in answer.text
    assert "NOT_ANSWERED" not in answer.text


async def test_off_the_documents_subject_no_model_is_asked(samples_index: Path, opened: OpenEngine) -> None:
    model = ScriptedChat("Paris [1].")
    answer = await make_assistant(opened(samples_index), model).answer(Question("Who won the 2022 World Cup?"))
    assert (answer.status, answer.declined_by, answer.nearest, model.calls) == ("declined", "search", (), [])


def test_the_command_line_says_where_to_look_when_it_declines(samples_index: Path, footnote: RunFootnote) -> None:
    question = "How many days of annual leave do the astronauts of the company get on Mars?"
    ran = footnote("ask", question, "--index", samples_index, "--quiet")
    assert ran.out.startswith("The documents do not answer this question.\n\nYou may want to look at:\n")
    assert "  handbook/leave-policy.pdf, page" in ran.out
    told = json.loads(footnote("ask", question, "--index", samples_index, "--json").out)
    assert (told["status"], told["declined_by"], told["citations"]) == ("declined", "model", [])
    assert told["nearest"][0]["path"] == "handbook/leave-policy.pdf"


@pytest.mark.parametrize("unsupported", ["mark", "cut"])
def test_the_same_numbers_stand_for_the_same_places_whichever_way_an_answer_is_told(
    samples_index: Path, opened: OpenEngine, capsys: pytest.CaptureFixture[str], unsupported: str
) -> None:
    engine = opened(samples_index, answer={"unsupported": unsupported})
    hits = engine.retrieve(asyncio.run(engine.assistant.answer(Question(PARENTS))).retrieval.query, limit=8)
    said = [" ".join(hit.passage.text.split("\n")[0].split()) for hit in hits[:3]]
    model = ScriptedChat(f"Moon dust weighs 99 tons [3]. {said[1]} [2]\n{said[0]} [1][2]\n{said[2]} [3]")
    assistant = make_assistant(engine, model)
    answer = asyncio.run(assistant.answer(Question(PARENTS)))
    places = [(c.number, c.passage.path) for c in answer.citations]
    assert len(places) >= 2
    print_sources(answer, None)
    assert [(int(n), path) for n, path in PLACE.findall(capsys.readouterr().out)] == places
    told = answer_to_wire(answer)
    assert [(c["number"], c["path"]) for c in told["citations"]] == places
    response = FootnoteQueryEngine(assistant).query(PARENTS)
    assert str(response) == told["text"] == answer.text
    assert [node.metadata["path"] for node in response.source_nodes] == [path for _, path in places]
    assert set(re.findall(r"\[(\d)\]", answer.text)) == {str(number) for number, _ in places}


def test_settings_say_what_becomes_of_what_is_not_borne_out(samples_index: Path, opened: OpenEngine) -> None:
    engine = opened(samples_index, answer={"unsupported": "retry", "min_evidence": 0.2})
    offline = make_assistant(engine, engine.llm)
    assert offline.policy == Policy("mark", 0.2)
