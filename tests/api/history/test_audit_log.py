"""The journal: what is entered however an answer ends, and what comes out of it for the evaluation."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.context.question_service import QuestionService
from api.core.inquiry import Inquiry
from api.core.sqlite import RecordsError
from api.history.audit_log import Journal
from api.history.feedback_store import Feedback, FeedbackStores
from api.history.gold_export import candidates
from eval.drafting.feedback import read_feedback
from eval.drafting.review_session import ReviewSession
from eval.gold.files import read_gold
from eval.types import GoldEvidence
from fakes.answerer import EndlessAnswerer, ScriptedAnswerer, Step, answer, telling, unverified_answer
from fakes.engines import RunFootnote
from fakes.principals import ListedKeys, bearer, somebody
from fakes.services import fake_services
from rag.errors import ModelBusyError
from rag.protocols import Answerer
from rag.types import Answer, Completed, Delta, Question, Turn

LEAVE = answer("Staff get 25 days [1].", {1: "25 days"})
DECLINED = replace(answer("The documents do not say.", status="declined"), declined_by="model")
ADA = somebody("ada", "hr")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


def recorded(answerer: Answerer, journal: Journal) -> QuestionService:
    return QuestionService(answerer=answerer, recorders=(journal,))


async def asked(journal: Journal, *script: Step, **ask: Any) -> str:
    """The id of the answer."""
    one = Inquiry(question=Question("How much leave?"), principal=ADA, **ask)
    await recorded(ScriptedAnswerer(*script), journal).answer(one)
    return one.id


async def rated(journal: Journal, question: str, told: Answer, history: Sequence[Turn] = (), **said: Any) -> None:
    ask = Inquiry(question=Question(question, tuple(history)), principal=ADA)
    await recorded(ScriptedAnswerer(Completed(told)), journal).answer(ask)
    assert journal.rate(ADA, ask.id, Feedback(**said))


# What is entered


async def test_an_answer_is_entered_with_its_sources_verdicts_and_what_it_took(journal: Journal) -> None:
    before = time.time()
    told = await asked(journal, *telling(LEAVE), via="openai")
    (entry,) = journal.entries()
    line = json.loads(entry.line())
    assert before <= entry.asked.timestamp() <= time.time()
    assert line == {
        "id": told,
        "asked": line["asked"],
        "principal": "ada",
        "via": "openai",
        "question": "How much leave?",
        "history": [],
        "ended": "answered",
        "failure": None,
        "status": "answered",
        "declined_by": None,
        "model": "scripted",
        "answer": LEAVE.text,
        "citations": [
            {
                "path": "hr/leave.pdf",
                "document": "id of hr/leave.pdf",
                "page": 4,
                "lines": [12, 12],
                "place": "page 4, line 12",
                "quote": "25 days",
            }
        ],
        "sentences": [
            {
                "text": LEAVE.text,
                "start": 0,
                "end": 22,
                "citations": [1],
                "support": 0.9,
                "verdict": "supported",
                "finding": "",
                "contradicted": False,
            }
        ],
        "confidence": 0.0,
        "timings": {"retrieve": 0.25, "total": 1.5},
        "usage": {"input_tokens": 11, "output_tokens": 7, "cached_input_tokens": None, "cost": None},
        "cut_short": "",
    }


async def test_the_answer_is_entered_before_it_is_told(journal: Journal) -> None:
    gate = asyncio.Event()
    questions = recorded(ScriptedAnswerer(Delta("Staff"), gate, Completed(LEAVE)), journal)
    async with aclosing(questions.stream(Inquiry(question=Question("?")))) as events:
        async for event in events:
            assert len(journal.last(9)) == isinstance(event, Completed)
            gate.set()


async def test_a_declined_answer_is_entered_as_that(journal: Journal) -> None:
    await asked(journal, Completed(DECLINED))
    (entry,) = journal.entries()
    assert entry.result
    assert (entry.ended, entry.result.declined_by) == ("declined", "model")


@pytest.mark.parametrize(
    ("error", "kind"), [(ModelBusyError("It is busy."), "model-busy"), (RuntimeError("secret"), "internal-error")]
)
async def test_a_failure_is_entered_by_its_kind(journal: Journal, error: Exception, kind: str) -> None:
    with pytest.raises(type(error)):
        await asked(journal, Delta("Staff"), error)
    (entry,) = journal.entries()
    assert (entry.ended, entry.failure, entry.result) == ("failed", kind, None)
    assert "secret" not in entry.line()


async def test_a_cancelled_question_is_entered_as_abandoned(journal: Journal) -> None:
    asking = asyncio.create_task(asked(journal, asyncio.Event()))
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert [entry.ended for entry in journal.entries()] == ["abandoned"]


async def test_a_stream_that_is_closed_is_entered_as_abandoned(journal: Journal) -> None:
    stream = recorded(EndlessAnswerer(), journal).stream(Inquiry(question=Question("?")))
    await anext(stream)
    await stream.aclose()
    assert [entry.ended for entry in journal.entries()] == ["abandoned"]


async def test_who_leaves_once_the_answer_was_told_has_been_answered(journal: Journal) -> None:
    stream = recorded(ScriptedAnswerer(Completed(LEAVE)), journal).stream(Inquiry(question=Question("?")))
    await anext(stream)
    await stream.aclose()
    assert [entry.ended for entry in journal.entries()] == ["answered"]


async def test_what_cannot_be_entered_is_not_told(journal: Journal, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.sqlite3") as db:
        db.execute("DROP TABLE entries")
    with pytest.raises(RecordsError):
        await asked(journal, *telling(LEAVE))


async def test_what_is_too_old_is_forgotten_at_the_next_opening(journal: Journal, tmp_path: Path) -> None:
    old, new = await asked(journal, *telling(LEAVE)), await asked(journal, *telling(LEAVE))
    with sqlite3.connect(tmp_path / "journal.sqlite3") as db:
        db.execute("UPDATE entries SET asked = asked - 91 * 24 * 3600 * 1000000 WHERE id = ?", (old,))
    assert len(list(Journal.open(tmp_path, days=0).entries())) == 2
    assert [entry.id for entry in Journal.open(tmp_path, days=90).entries()] == [new]


# Feedback


async def test_feedback_is_kept_with_the_journal_for_who_asked(journal: Journal) -> None:
    told = await asked(journal, *telling(LEAVE))
    box = FeedbackStores(journal)
    answerer = ScriptedAnswerer()
    authenticator = ListedKeys(ada=ADA, bob=somebody("bob"))
    transport = httpx.ASGITransport(create_app(fake_services(answerer, feedback=box, authenticator=authenticator)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        path, said = f"/v1/answers/{told}/feedback", {"verdict": "down", "comment": "It was changed."}
        assert (await client.post(path, json=said, headers=bearer("bob"))).status_code == 404
        assert [entry.feedback for entry in journal.entries()] == [None]
        assert (await client.post(path, json=said, headers=bearer("ada"))).status_code == 200
        assert (await client.post(path, json={"verdict": "up"}, headers=bearer("ada"))).status_code == 200
    assert [entry.feedback for entry in journal.entries(feedback_only=True)] == [Feedback(verdict="up")]


async def test_what_failed_takes_no_feedback(journal: Journal) -> None:
    ask = Inquiry(question=Question("?"), principal=ADA)
    with pytest.raises(ModelBusyError):
        await recorded(ScriptedAnswerer(ModelBusyError("busy")), journal).answer(ask)
    assert not journal.rate(ADA, ask.id, Feedback(verdict="up"))


# What comes out


async def test_what_people_said_becomes_candidates_that_can_be_reviewed(journal: Journal, tmp_path: Path) -> None:
    before = (Turn("user", "Leave?"), Turn("assistant", "25 days [1]."))
    partly = replace(LEAVE, status="partly")
    await rated(journal, "How much leave?", LEAVE, verdict="up")
    await rated(journal, "And for fathers?", LEAVE, before, verdict="down", reason="wrong", better_answer=" 30 days ")
    await rated(journal, "Is there a pool?", DECLINED, verdict="up")
    await rated(journal, "Who is the king?", LEAVE, verdict="down", reason="should_have_declined")
    await rated(journal, "How much, and when?", partly, verdict="up")
    await rated(journal, "Leave, they say?", unverified_answer(), verdict="up")
    await rated(journal, "Nobody knows?", LEAVE, verdict="down", reason="wrong")
    await asked(journal, *telling(LEAVE))
    drafts = tmp_path / "drafts.jsonl"
    drafts.write_text("".join(f"{json.dumps(row)}\n" for row in candidates(journal.entries())), encoding="utf-8")
    place = (GoldEvidence("hr/leave.pdf", 4, None, (12, 12), "25 days"),)
    other = (GoldEvidence("hr/leave.pdf", 4, None, (12, 12), "Leave is 25 days."),)
    assert [(c.question, c.answers, c.evidence, c.answerable, c.tags) for c in read_gold(drafts)] == [
        ("How much leave?", ("Staff get 25 days.",), place, True, ("liked",)),
        ("And for fathers?", ("30 days",), place, True, ("disliked", "check")),
        ("Is there a pool?", (), (), False, ("liked",)),
        ("Who is the king?", (), (), False, ("disliked", "check")),
        ("How much, and when?", ("Staff get 25 days.",), place, True, ("liked", "check")),
        ("Leave, they say?", ("Leave is 99 days.\nAll like it.",), other, True, ("liked", "check")),
    ]
    assert [case.history for case in read_gold(drafts)] == [(), before, (), (), (), ()]
    review = ReviewSession(drafts, tmp_path / "gold.jsonl")
    review.accept(review.waiting[0])
    assert [case.question for case in read_gold(tmp_path / "gold.jsonl")] == ["How much leave?"]


async def test_the_last_word_on_a_question_counts(journal: Journal) -> None:
    await rated(journal, "How much leave?", LEAVE, verdict="up")
    await rated(journal, "how much  LEAVE", LEAVE, verdict="down", reason="wrong", better_answer="27 days")
    assert [row["answers"] for row in candidates(journal.entries())] == [["27 days"]]


async def test_the_evaluation_drafts_of_an_export_what_it_would_of_feedback(journal: Journal, tmp_path: Path) -> None:
    await rated(journal, "How much leave?", LEAVE, verdict="up")
    await rated(journal, "Is there a pool?", DECLINED, verdict="up")
    await rated(journal, "And a sauna?", replace(unverified_answer(), citations=()), verdict="up")
    exported = tmp_path / "feedback.jsonl"
    exported.write_text("".join(f"{entry.line()}\n" for entry in journal.entries(feedback_only=True)), encoding="utf-8")
    drafts = {case.id: (case.answers, case.answerable) for case in read_feedback(exported)}
    assert drafts == {row["id"]: (tuple(row["answers"]), row["answerable"]) for row in candidates(journal.entries())}


# The commands


async def _filled(folder: Path) -> None:
    journal = Journal.open(folder)
    await rated(journal, "How much\x1b[31m leave?\u2028", LEAVE, verdict="up")
    await asked(journal, *telling(LEAVE))
    journal.close()


def test_the_journal_is_exported_and_shown(footnote: RunFootnote) -> None:
    asyncio.run(_filled(Path("var/server")))
    every, rated_only, gold = (
        footnote("journal", "export", *flags) for flags in ((), ("--feedback-only",), ("--as", "gold"))
    )
    assert [ran.code for ran in (every, rated_only, gold)] == [0, 0, 0]
    assert [len(ran.out.splitlines()) >= 1 for ran in (every, rated_only, gold)] == [True] * 3
    assert [json.loads(line)["ended"] for line in every.out.strip().split("\n")] == ["answered"] * 2
    assert json.loads(rated_only.out)["verdict"] == "up"
    assert json.loads(gold.out)["answers"] == ["Staff get 25 days."]
    shown = footnote("journal", "show")
    assert "ada by api, answered, up: How much\\x1b[31m leave?\\u2028\n" in shown.out
    assert len(json.loads(footnote("journal", "show", "--last", "1", "--json").out)) == 1


def test_a_journal_without_feedback_gives_no_gold(footnote: RunFootnote) -> None:
    Journal.open(Path("var/server")).close()
    ran = footnote("journal", "export", "--as", "gold")
    assert (ran.code, ran.out) == (0, "")
    assert "no such entries" in ran.err


def test_without_a_journal_the_command_says_how_there_would_be_one(footnote: RunFootnote) -> None:
    ran = footnote("journal", "export")
    assert (ran.code, ran.out) == (1, "")
    assert "journal.on" in " ".join(ran.err.split())
    assert not Path("var/server").exists()


async def test_an_entry_that_an_earlier_check_declined_stays_readable(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    await asked(journal, *telling(DECLINED))
    journal.close()
    with sqlite3.connect(tmp_path / "journal.sqlite3") as db:
        db.execute("""UPDATE entries SET noted = replace(noted, '"declined_by":"model"', '"declined_by":"check"')""")
        db.execute("PRAGMA user_version = 1")
    reopened = Journal.open(tmp_path)
    (entry,) = reopened.entries()
    reopened.close()
    assert entry.result
    assert (entry.ended, entry.result.status, entry.result.declined_by) == ("declined", "declined", "model")
