"""Drafts: of an index by rule, of a model that is not trusted, and of what users said."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.drafting.feedback import read_feedback
from eval.drafting.generator import TO_CHECK, diverse_passages, draft_by_rule, normalise_question, without_known
from eval.drafting.llm_generator import draft_by_model, read_reply
from eval.gold.files import GoldError, read_gold, write_gold
from eval.gold.linter import lint_gold, read_gold_lines
from eval.types import GoldCase, GoldEvidence
from fakes.chat import ScriptedChat
from fakes.documents import document, put
from fakes.engines import OpenEngine, RunFootnote
from fakes.openai_server import OpenAIServer, Reply
from fakes.passages import passage
from indexes.storage.catalog import Catalog
from rag.engine.engine import Engine
from rag.errors import ModelBusyError

TEXT = "Leave is paid. The yard closes on 24 December 2025, and opens in the new year."
PASSAGE = passage(TEXT, path="hr/yard.pdf", start=100, page=2)


@pytest.fixture
def engine(samples_index: Path, opened: OpenEngine) -> Engine:
    return opened(samples_index)


# By rule


def test_drafts_of_the_samples_agree_with_their_documents(engine: Engine, tmp_path: Path) -> None:
    drafts = draft_by_rule(engine.catalog, 20)
    assert len(drafts) == 20
    assert [case.answerable for case in drafts].count(False) == 4
    (tmp_path / "drafts.jsonl").write_text(write_gold(drafts), encoding="utf-8")
    asked, bad = read_gold_lines(tmp_path / "drafts.jsonl")
    assert not bad
    assert [found for found in lint_gold(asked, engine) if found.level == "error"] == []
    for case in drafts:
        assert case.answerable == (TO_CHECK not in case.tags) == bool(case.answers) == bool(case.evidence)
        assert all(case.answers[0] in " ".join((item.quote or "").split()) for item in case.evidence)


def test_every_document_is_asked_about_before_any_is_asked_about_twice(engine: Engine) -> None:
    documents, _ = engine.catalog.counts()
    paths = [case.evidence[0].path for case in draft_by_rule(engine.catalog, 20) if case.answerable]
    first = paths[: len(set(paths))]
    assert len(set(first)) == len(first) >= documents - 1


def test_the_same_drafts_come_again_and_none_that_is_known(engine: Engine) -> None:
    once, again = draft_by_rule(engine.catalog, 10), draft_by_rule(engine.catalog, 10)
    assert once == again
    known = [f" {once[0].question.upper()} "]
    assert normalise_question(once[0].question) not in {
        normalise_question(case.question) for case in draft_by_rule(engine.catalog, 10, known)
    }


def test_what_is_asked_of_a_table_that_another_document_speaks_of_names_its_own(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite3")
    for year in ("2023", "2024"):
        text = f"Office | Rent\nBristol | {year} pounds"
        put(catalog, document(text, f"{year}.csv", title=f"Rents of {year}", kind="table"))
    assert sorted(case.question for case in draft_by_rule(catalog, 2)) == [
        "According to “Rents of 2023”, what is the rent for office “Bristol”?",
        "According to “Rents of 2024”, what is the rent for office “Bristol”?",
    ]
    catalog.close()


@pytest.mark.parametrize("told", [False, True])
def test_nothing_is_said_to_have_no_answer_that_a_document_speaks_of(tmp_path: Path, *, told: bool) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite3")
    put(catalog, document("Office | Rent\nBristol | 900 pounds", "a.csv", kind="table"))
    put(catalog, document("Part | Weight\nLens | 30 grams", "b.csv", kind="table"))
    if told:
        put(catalog, document("we in Bristol know of no weight", "c.txt"))
    unanswerable = {case.question for case in draft_by_rule(catalog, 10) if not case.answerable}
    assert ("What is the weight for office “Bristol”?" in unanswerable) == (not told)
    assert "What is the rent for part “Lens”?" in unanswerable
    catalog.close()


def test_passages_come_the_most_unlike_first_and_each_once(engine: Engine) -> None:
    _, count = engine.catalog.counts()
    every = list(diverse_passages(engine.catalog))
    assert len({one.id for one in every}) == len(every) == count
    assert len({one.path for one in every[:8]}) >= 6


def test_of_what_only_some_may_read_nothing_is_drafted(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite3")
    put(catalog, document("The fee for all the guests is 12 euros a day.", readers=("board",)))
    assert draft_by_rule(catalog, 5) == []
    catalog.close()


# By a model


def reply(**parts: Any) -> str:
    told = {"question": "When does the yard close?", "answer": "24 December 2025"}
    return json.dumps(told | {"quote": "The yard closes on  24 December 2025"} | parts)


def test_a_models_question_is_taken_with_the_place_of_its_quote() -> None:
    for said in (reply(), f"```json\n{reply()}\n```"):
        case = read_reply(said, PASSAGE)
        assert isinstance(case, GoldCase)
        assert (case.question, case.answers, case.tags) == (
            "When does the yard close?",
            ("24 December 2025",),
            ("model",),
        )
        assert case.evidence == (
            GoldEvidence("hr/yard.pdf", 2, lines=(1, 1), quote="The yard closes on 24 December 2025"),
        )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{}", "nothing worth asking"),
        ("I cannot do that.", "not the JSON that was asked for"),
        ("", "not the JSON that was asked for"),
        ('{"question": "Why?"}', "not the JSON that was asked for"),
        (reply(answer=24), "not the JSON that was asked for"),
        (reply(quote="The yard is closed on 24 December 2025"), "the quote is not in the passage"),
        (reply(answer="Christmas Eve"), "the quote does not hold the answer"),
        (reply(question="Does the yard close on 24 December 2025?"), "the question holds the answer"),
        (reply(question="When does it close, according to this passage?"), "the question does not stand alone"),
        (reply(question="There the yard closes when?"), "the question does not stand alone"),
    ],
)
def test_what_a_model_writes_is_not_trusted(said: str, why: str) -> None:
    assert read_reply(said, PASSAGE) == why


async def test_refused_replies_are_counted_and_the_next_passage_is_shown(engine: Engine) -> None:
    refused = Counter[str]()
    model = ScriptedChat('{"question": "When ', 'was it?", "answer": "x", "quote": "nowhere"}')
    assert [case async for case in draft_by_model(model, engine.catalog, 2, (), refused)] == []
    assert refused == {"the quote is not in the passage": 6}
    assert len({turns[0].text for _, turns in model.calls}) == len(model.calls) == 6


async def test_a_known_question_is_not_taken_again(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite3")
    put(catalog, document(TEXT))
    refused, model = Counter[str](), ScriptedChat(reply())
    (case,) = [case async for case in draft_by_model(model, catalog, 5, (), refused)]
    assert [c async for c in draft_by_model(model, catalog, 5, [case.question.upper()], refused)] == []
    assert refused == {"asked already": 1}
    catalog.close()


async def test_a_model_that_fails_is_told_in_its_words(engine: Engine) -> None:
    with pytest.raises(ModelBusyError):
        _ = [c async for c in draft_by_model(ScriptedChat(ModelBusyError("busy")), engine.catalog, 1, (), Counter())]


# Of feedback

LIKED = {
    "question": "How much leave?",
    "answer": "27 days [1].",
    "verdict": "up",
    "citations": [{"path": "leave.pdf", "page": 1, "quote": "27 days"}],
}


def feedback(folder: Path, *rows: object) -> Path:
    (folder / "feedback.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return folder / "feedback.jsonl"


def test_what_users_said_becomes_drafts(tmp_path: Path) -> None:
    place = GoldEvidence("leave.pdf", 1, quote="27 days")
    worse = LIKED | {"question": "How long?", "verdict": "down"}
    declined = {"question": "Is there a pool?", "answer": "The documents do not answer.", "verdict": "up"}
    file = feedback(
        tmp_path, LIKED, worse | {"better_answer": "29 days"}, declined, LIKED | {"question": "x", "verdict": "down"}
    )
    assert [(c.question, c.answers, c.evidence, c.answerable, c.tags) for c in read_feedback(file)] == [
        ("How much leave?", ("27 days.",), (place,), True, ("liked",)),
        ("How long?", ("29 days",), (place,), True, ("disliked", TO_CHECK)),
        ("Is there a pool?", (), (), False, ("liked",)),
        ("x", (), (place,), True, ("disliked", TO_CHECK)),
    ]


@pytest.mark.parametrize("answer", ["", " [1]", "[1]"])
def test_a_liked_answer_without_words_is_left_out_and_to_be_checked(tmp_path: Path, answer: str) -> None:
    drafts = list(read_feedback(feedback(tmp_path, LIKED | {"answer": answer})))
    assert [(c.answers, c.answerable, c.tags) for c in drafts] == [((), True, ("liked", TO_CHECK))]
    (tmp_path / "drafts.jsonl").write_text(write_gold(drafts), encoding="utf-8")
    assert read_gold(tmp_path / "drafts.jsonl") == drafts


def test_feedback_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = feedback(tmp_path, LIKED)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert [case.question for case in read_feedback(file)] == ["How much leave?"]


def test_the_last_word_on_a_question_counts_and_what_is_known_is_left_out(tmp_path: Path) -> None:
    file = feedback(tmp_path, LIKED, LIKED | {"answer": "28 days [1]."}, LIKED | {"question": "Known?"})
    drafts = without_known(read_feedback(file), ["known"])
    assert [case.answers for case in drafts] == [("28 days.",)]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({}, "no 'question'"),
        (LIKED | {"verdict": "great"}, "verdict: Input should be 'up' or 'down'"),
        (LIKED | {"citations": [{"page": 1}]}, "no 'citations.0.path'"),
        (
            LIKED | {"citations": [{"path": "none.txt", "start": 0, "end": 9}]},
            "none.txt, of which characters are given, cannot be read: [Errno 2] No such file or directory: 'none.txt'",
        ),
    ],
)
def test_feedback_that_is_none_is_named_with_its_line(tmp_path: Path, row: dict[str, Any], told: str) -> None:
    with pytest.raises(GoldError) as caught:
        list(read_feedback(feedback(tmp_path, LIKED, row)))
    assert str(caught.value) == f"{tmp_path}/feedback.jsonl:2: {told}."


# The command


def test_the_command_writes_drafts_and_never_over_those_that_are_there(
    samples_index: Path, footnote: RunFootnote
) -> None:
    ran = footnote("eval", "draft", "--index", samples_index, "--count", 5)
    assert ran.code == 0
    drafts = read_gold(Path("drafts.jsonl"))
    assert len(drafts) == 5
    again = footnote("eval", "draft", "--index", samples_index, "--count", 5)
    assert (again.code, "drafts.jsonl exists: review it first" in again.err) == (1, True)
    beside = footnote("eval", "draft", "--index", samples_index, "--out", "more.jsonl", "--beside", "drafts.jsonl")
    assert beside.code == 0
    assert not {case.id for case in read_gold(Path("more.jsonl"))} & {case.id for case in drafts}


def test_with_a_model_configured_it_writes_and_what_was_left_out_is_told(
    samples_index: Path, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer() as server:
        monkeypatch.setenv("FOOTNOTE_LLM__MODEL", "any")
        monkeypatch.setenv("FOOTNOTE_LLM__BASE_URL", server.base_url)
        server.respond = lambda body: Reply(pieces=(_quoting(body["messages"][-1]["content"]),))
        ran = footnote("eval", "draft", "--index", samples_index, "--count", 5)
    assert ran.code == 0
    drafts = read_gold(Path("drafts.jsonl"))
    by_model = [case for case in drafts if "model" in case.tags]
    assert [case.answerable for case in drafts] == [True] * len(by_model) + [False]
    assert 1 <= len(by_model) <= 4
    assert "left out" in ran.err


def _quoting(message: str) -> str:
    """Takes what is asked of it from the first line of the source: an honest model where that holds a figure."""
    text = message.split("</context>\n")[1].split("\n</source>")[0]
    line = text.split("\n")[-1]
    figure = next((word for word in line.split() if word.isdigit()), "nothing")
    return json.dumps({"question": f"How many in “{line[:20]}”?", "answer": figure, "quote": line})
