"""Conversations over HTTP: kept in a real file, their sources read from a real catalog."""

import asyncio
import json
import sqlite3
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.app.fastapi_app import create_app
from api.context.question_service import QuestionService
from api.core.inquiry import Inquiry
from api.core.principals import LOCAL
from api.core.sqlite import RecordsError, moment
from api.history.conversation_schemas import to_markdown
from api.history.conversation_store import (
    Conversation,
    Conversations,
    StoredTurn,
    UnknownConversationError,
    shorten_title,
)
from api.history.conversation_turns import BusyConversationError, ConversationTurns
from api.history.feedback_store import FeedbackStores
from api.limits.fair_queue import FairQueue
from fakes.answerer import EndlessAnswerer, ScriptedAnswerer, Step, answer, telling, unverified_answer
from fakes.documents import document, put
from fakes.principals import ListedKeys, bearer, somebody
from fakes.services import fake_services
from fakes.serving import serving
from indexes.storage.catalog import Catalog
from indexes.types import PUBLIC, Audience
from rag.errors import ModelBusyError
from rag.protocols import Answerer
from rag.types import Answer, Completed, Question, Turn
from rag.verification.abstention import UNVERIFIED

LEAVE = answer("Staff get 25 days [1].\nThey may save them [2][1].", {1: "25 days", 2: "may be\nsaved"})
POOL = answer("There is a pool [1].", {1: "A pool opens"}, path="pool.pdf")
DECLINED = answer("The documents do not say.", status="declined")
CONVERSATIONS = "/v1/conversations"


def recorded(answerer: Answerer, conversations: Conversations, patience: float = 5, **parts: Any) -> QuestionService:
    turns = ConversationTurns(conversations, patience=patience)
    return QuestionService(answerer=answerer, conversations=turns, **parts)


class Kept:
    """An application with conversations of its own, of Ada in hr and Bob in none, and what it is asked with."""

    def __init__(self, folder: Path, answerer: Answerer, **settings: Any) -> None:
        self.catalog = Catalog.create(folder / "catalog.sqlite3")
        put(self.catalog, document("25 days, may be saved", "hr/leave.pdf", readers=("hr",)))
        put(self.catalog, document("A pool opens", "pool.pdf"))
        self.conversations = Conversations.open(folder, self.catalog.readable, **settings)
        self.authenticator = ListedKeys(ada=somebody("ada", "hr"), bob=somebody("bob"))
        questions = recorded(answerer, self.conversations, patience=0.2)
        feedback = FeedbackStores(self.conversations)
        parts = {
            "questions": questions,
            "conversations": self.conversations,
            "feedback": feedback,
            "authenticator": self.authenticator,
        }
        self.app = create_app(fake_services(answerer, **parts))

    def client(self, key: str = "ada") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        headers = bearer(key) | {"X-Request-ID": "one"}  # which problems name
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


Make = Callable[..., Kept]


@pytest.fixture
def kept(tmp_path: Path) -> Make:
    return lambda *script, **settings: Kept(tmp_path, ScriptedAnswerer(*script), **settings)


async def begun(client: httpx.AsyncClient, *questions: str, title: str = "") -> str:
    """The id of a conversation in which the questions were asked."""
    made = await client.post(CONVERSATIONS, json={"title": title})
    assert made.status_code == 201
    for question in questions:
        response = await client.post("/v1/ask", json={"question": question, "conversation": made.json()["id"]})
        assert response.status_code == 200, response.text
    return str(made.json()["id"])


async def turns(client: httpx.AsyncClient, conversation: str) -> list[Any]:
    turns: list[Any] = (await client.get(f"{CONVERSATIONS}/{conversation}", params={"html": True})).json()["turns"]
    return turns


# Keeping


async def test_what_was_answered_is_read_again_with_the_same_numbers(kept: Make) -> None:
    client = kept(*telling(LEAVE)).client()
    conversation = await begun(client)
    ask = {"question": "Leave?", "conversation": conversation, "html": True}
    told = (await client.post("/v1/ask", json=ask)).json()
    assert told["conversation"] == conversation
    (turn,) = await turns(client, conversation)
    assert turn["answer"] == told
    assert (turn["question"], turn["id"], turn["withheld"], turn["feedback"]) == ("Leave?", told["id"], False, None)


async def test_a_streamed_answer_is_kept_as_it_was_told_at_last(kept: Make) -> None:
    client = kept(*telling(LEAVE)).client()
    conversation = await begun(client)
    ask = {"question": "Leave?", "conversation": conversation, "html": True}
    streamed = await client.post("/v1/ask/stream", json=ask)
    blocks = [block.partition("\ndata: ") for block in streamed.text.split("\n\n")]
    (told,) = [json.loads(data) for name, _, data in blocks if name == "event: answer"]
    assert [turn["answer"] for turn in await turns(client, conversation)] == [told]


async def test_the_answer_is_on_disk_before_it_is_told(kept: Make) -> None:
    made = kept(*telling(LEAVE))
    conversation = await begun(made.client())
    questions = recorded(ScriptedAnswerer(*telling(LEAVE)), made.conversations)
    ask = Inquiry(
        question=Question("Leave?"), principal=made.authenticator.principals["ada"], conversation=conversation
    )
    stream = questions.stream(ask)
    async for event in stream:
        if isinstance(event, Completed):
            (turn,) = made.conversations.turns(ask.principal, conversation)
            assert turn.answer
            assert turn.answer.text == LEAVE.text
    await stream.aclose()


async def test_a_question_is_asked_with_what_was_said_before(tmp_path: Path) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    await begun(Kept(tmp_path, answerer).client(), "Leave?", "And in March?")
    assert [question.history for question in answerer.asked] == [
        (),
        (Turn("user", "Leave?"), Turn("assistant", LEAVE.text)),
    ]


async def test_a_declined_answer_is_kept_too(kept: Make) -> None:
    client = kept(Completed(DECLINED)).client()
    (turn,) = await turns(client, await begun(client, "Who?"))
    assert turn["answer"]["status"] == "declined"


async def test_a_failed_answer_leaves_its_question_which_no_other_is_asked_after(tmp_path: Path) -> None:
    answerer = ScriptedAnswerer(ModelBusyError("It is busy."))
    client = Kept(tmp_path, answerer).client()
    conversation = await begun(client)
    ask = {"question": "Leave?", "conversation": conversation}
    assert (await client.post("/v1/ask", json=ask)).status_code == 503
    (turn,) = await turns(client, conversation)
    assert (turn["question"], turn["answer"], turn["withheld"]) == ("Leave?", None, False)
    await client.post("/v1/ask", json=ask)
    assert answerer.asked[-1].history == ()


async def test_an_answer_that_its_asker_left_leaves_its_question(tmp_path: Path) -> None:
    answerer = EndlessAnswerer()
    made = Kept(tmp_path, answerer)
    async with serving(made.app) as url, httpx.AsyncClient(base_url=url, headers=bearer("ada")) as client:
        conversation = await begun(client)
        ask = {"question": "Leave?", "conversation": conversation}
        async with client.stream("POST", "/v1/ask/stream", json=ask) as response:
            await anext(response.aiter_bytes())
        await asyncio.wait_for(answerer.ended.wait(), 10)
        (turn,) = await turns(client, conversation)
    assert (turn["question"], turn["answer"]) == ("Leave?", None)


async def test_what_is_asked_outside_a_conversation_is_not_kept(kept: Make) -> None:
    client = kept(*telling(LEAVE)).client()
    assert (await client.post("/v1/ask", json={"question": "Leave?"})).json()["conversation"] is None
    assert (await client.get(CONVERSATIONS)).json() == {"conversations": [], "next": None}


async def test_conversations_outlive_the_server(tmp_path: Path) -> None:
    conversation = await begun(Kept(tmp_path, ScriptedAnswerer(*telling(LEAVE))).client(), "Leave?")
    again = Kept(tmp_path, ScriptedAnswerer()).client()
    assert [turn["answer"]["text"] for turn in await turns(again, conversation)] == [LEAVE.text]


def test_the_file_is_nobody_elses_on_this_machine(tmp_path: Path) -> None:
    Conversations.open(tmp_path, lambda ids, _: set(ids)).create(somebody("ada"))
    files = list(tmp_path.glob("conversations.sqlite3*"))
    assert files
    assert [file for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077] == []


def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(RecordsError, match=r"server\.dir"):
        Conversations.open(tmp_path / "taken", lambda ids, _: set(ids))


# One at a time


async def test_a_second_question_waits_for_the_first_and_is_asked_after_it(tmp_path: Path) -> None:
    gate = asyncio.Event()
    answerer = ScriptedAnswerer(gate, *telling(LEAVE))
    client = Kept(tmp_path, answerer).client()
    conversation = await begun(client)
    asks = [client.post("/v1/ask", json={"question": text, "conversation": conversation}) for text in ("One?", "Two?")]
    both = asyncio.gather(*asks)
    await answerer.started.wait()
    await asyncio.sleep(0.05)
    assert len(answerer.asked) == 1
    gate.set()
    assert [response.status_code for response in await both] == [200, 200]
    assert len(answerer.asked[1].history) == 2


async def test_a_second_question_is_refused_when_the_first_takes_long(tmp_path: Path) -> None:
    gate = asyncio.Event()
    answerer = ScriptedAnswerer(gate, *telling(LEAVE))
    client = Kept(tmp_path, answerer).client()
    conversation = await begun(client)
    ask = {"question": "Leave?", "conversation": conversation}
    first = asyncio.create_task(client.post("/v1/ask", json=ask))
    await answerer.started.wait()
    second = await client.post("/v1/ask", json=ask)
    assert (second.status_code, second.json()["type"]) == (409, "urn:footnote:problem:conversation-busy")
    elsewhere = client.post("/v1/ask", json={"question": "Leave?", "conversation": await begun(client)})
    gate.set()
    assert [(await asked).status_code for asked in (first, elsewhere)] == [200, 200]
    assert len(await turns(client, conversation)) == 1


async def test_a_conversation_is_free_again_whatever_ended_the_answer(tmp_path: Path) -> None:
    made = Kept(tmp_path, ScriptedAnswerer())
    conversation = await begun(made.client())
    ada = made.authenticator.principals["ada"]

    async def asked(*script: Step) -> None:
        questions = recorded(ScriptedAnswerer(*script), made.conversations, patience=0)
        await questions.answer(Inquiry(question=Question("?"), principal=ada, conversation=conversation))

    with pytest.raises(ModelBusyError):
        await asked(ModelBusyError("It is busy."))
    left = asyncio.create_task(asked(asyncio.Event()))
    await asyncio.sleep(0.1)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    await asked(*telling(LEAVE))
    assert [bool(turn.answer) for turn in made.conversations.turns(ada, conversation)] == [False, False, True]


async def test_busy_is_told_by_the_wrapper_itself(tmp_path: Path) -> None:
    made = Kept(tmp_path, ScriptedAnswerer())
    questions = recorded(EndlessAnswerer(), made.conversations, patience=0.05)
    conversation = await begun(made.client())
    ask = Inquiry(question=Question("?"), principal=made.authenticator.principals["ada"], conversation=conversation)
    first = questions.stream(ask)
    await anext(first)
    with pytest.raises(BusyConversationError, match="still being written"):
        await questions.answer(replace(ask, id="another"))
    await first.aclose()


async def test_an_answer_whose_conversation_was_deleted_meanwhile_is_still_told(tmp_path: Path) -> None:
    gate = asyncio.Event()
    answerer = ScriptedAnswerer(gate, *telling(LEAVE))
    client = Kept(tmp_path, answerer).client()
    conversation = await begun(client)
    asking = asyncio.create_task(client.post("/v1/ask", json={"question": "?", "conversation": conversation}))
    await answerer.started.wait()
    assert (await client.delete(f"{CONVERSATIONS}/{conversation}")).status_code == 204
    gate.set()
    assert (await asking).status_code == 200
    assert (await client.get(f"{CONVERSATIONS}/{conversation}")).status_code == 404


# What may be seen


async def test_an_answer_is_withheld_once_its_asker_may_not_read_its_sources(tmp_path: Path) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    made = Kept(tmp_path, answerer)
    client = made.client()
    conversation = await begun(client, "Leave?")
    made.authenticator.principals["ada"] = somebody("ada")
    (turn,) = await turns(client, conversation)
    assert (turn["question"], turn["answer"], turn["withheld"]) == ("Leave?", None, True)
    exported = (await client.get(f"{CONVERSATIONS}/{conversation}.md")).text
    for text in (exported, (await client.get(f"{CONVERSATIONS}/{conversation}")).text):
        assert not any(secret in text for secret in ("25 days", "leave.pdf", "saved"))
    await client.post("/v1/ask", json={"question": "And?", "conversation": conversation})
    assert answerer.asked[-1].history == ()
    made.authenticator.principals["ada"] = somebody("ada", "hr")
    assert (await turns(client, conversation))[0]["answer"]["text"] == LEAVE.text


async def test_an_answer_is_withheld_once_a_source_is_gone(kept: Make) -> None:
    made = kept(*telling(LEAVE))
    conversation = await begun(made.client(), "Leave?")
    made.catalog.remove(["hr/leave.pdf"])
    (turn,) = await turns(made.client(), conversation)
    assert (turn["answer"], turn["withheld"]) == (None, True)


async def test_a_declined_answer_is_withheld_for_what_was_found_and_did_not_answer(kept: Make) -> None:
    made = kept(Completed(replace(DECLINED, retrieval=LEAVE.retrieval)))
    conversation = await begun(made.client(), "Leave?")
    made.authenticator.principals["ada"] = somebody("ada")
    assert [turn["withheld"] for turn in await turns(made.client(), conversation)] == [True]


async def test_what_was_answered_after_a_withheld_answer_is_withheld_too(tmp_path: Path) -> None:
    answers = [LEAVE, POOL]

    class InTurn(ScriptedAnswerer):
        async def stream(self, question: Question):  # type: ignore[no-untyped-def]
            yield Completed(answers.pop(0))

    made = Kept(tmp_path, InTurn())
    answers += [POOL]
    client = made.client()
    conversation = await begun(client, "Leave?", "And in the pool?")
    made.authenticator.principals["ada"] = somebody("ada")
    assert [turn["withheld"] for turn in await turns(client, conversation)] == [True, True]
    await client.post("/v1/ask", json={"question": "Is there a pool?", "conversation": conversation})
    assert [turn["withheld"] for turn in await turns(client, conversation)] == [True, True, False]


async def test_withholding_asks_the_catalog_once_a_reading(tmp_path: Path) -> None:
    asked: list[set[str]] = []

    def readable(ids: Any, audience: Audience) -> set[str]:
        asked.append(set(ids))
        return set(ids)

    conversations, ada = Conversations.open(tmp_path, readable), somebody("ada")
    conversation = conversations.create(ada).id
    for told in (LEAVE, POOL):
        ask = Inquiry(question=Question("?"), principal=ada)
        conversations.begin(ask, conversation)
        conversations.complete(ask, conversation, told)
    asked.clear()
    conversations.turns(ada, conversation)
    assert asked == [{"id of hr/leave.pdf", "id of pool.pdf"}]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", ".md", None),
        ("PATCH", "", {"title": "Mine"}),
        ("DELETE", "", None),
    ],
)
async def test_anothers_conversation_answers_as_one_that_is_not_there(
    kept: Make, method: str, path: str, body: object
) -> None:
    made = kept(*telling(LEAVE))
    conversation = await begun(made.client(), "Leave?", title="Secret")
    async with made.client("bob") as bob:
        anothers, unknown = [
            await bob.request(method, f"{CONVERSATIONS}/{name}{path}", json=body) for name in (conversation, "nothing")
        ]
    assert (anothers.status_code, anothers.content) == (unknown.status_code, unknown.content)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:footnote:problem:not-found")
    assert (await made.client().get(f"{CONVERSATIONS}/{conversation}")).json()["title"] == "Secret"


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/ask/stream"])
async def test_nobody_asks_in_anothers_conversation(tmp_path: Path, path: str) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    made = Kept(tmp_path, answerer)
    conversation = await begun(made.client())
    async with made.client("bob") as bob:
        answers = [await bob.post(path, json={"question": "?", "conversation": i}) for i in (conversation, "nothing")]
    assert {(response.status_code, response.content) for response in answers} == {(404, answers[0].content)}
    assert answerer.asked == []


def test_the_store_itself_keeps_anothers_question_out(tmp_path: Path) -> None:
    conversations = Conversations.open(tmp_path, lambda ids, _: set(ids))
    conversation = conversations.create(somebody("ada")).id
    with pytest.raises(UnknownConversationError):
        conversations.begin(Inquiry(question=Question("?"), principal=somebody("bob")), conversation)


async def test_a_list_is_of_ones_own(kept: Make) -> None:
    made = kept(*telling(LEAVE))
    await begun(made.client(), title="Ada's")
    async with made.client("bob") as bob:
        assert (await bob.get(CONVERSATIONS)).json()["conversations"] == []


async def test_without_a_key_nothing_is_told(kept: Make) -> None:
    made = kept(*telling(LEAVE))
    for path in (CONVERSATIONS, f"{CONVERSATIONS}/x", f"{CONVERSATIONS}/x.md"):
        assert (await made.client("nobody").get(path)).status_code == 401


async def test_history_and_a_conversation_are_not_given_both(kept: Make) -> None:
    client = kept(*telling(LEAVE)).client()
    ask = {"question": "?", "conversation": await begun(client), "history": [{"role": "user", "text": "Leave?"}]}
    response = await client.post("/v1/ask", json=ask)
    assert (response.status_code, response.json()["type"]) == (422, "urn:footnote:problem:bad-request")
    assert "history or conversation" in response.json()["detail"]


async def test_where_none_are_kept_there_is_no_conversation(tmp_path: Path) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    transport = httpx.ASGITransport(create_app(fake_services(answerer)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.post("/v1/ask", json={"question": "?", "conversation": "x"})
    assert (response.status_code, answerer.asked) == (404, [])


# Titles, pages, days


async def test_a_conversation_is_called_by_its_first_question_until_it_is_renamed(kept: Make) -> None:
    client = kept(*telling(LEAVE)).client()
    conversation = await begun(client, "How many\n days  of leave?", "And in March?")

    async def title() -> str:
        return str((await client.get(f"{CONVERSATIONS}/{conversation}")).json()["title"])

    assert await title() == "How many days of leave?"
    renamed = await client.patch(f"{CONVERSATIONS}/{conversation}", json={"title": "Leave\u202e!"})
    assert (renamed.status_code, renamed.json()["title"]) == (200, "Leave !")
    await client.post("/v1/ask", json={"question": "What else?", "conversation": conversation})
    assert await title() == "Leave !"


@pytest.mark.parametrize("title", ["", " \n", "\u200b", "x" * 501, "\ud800", 5, None])
async def test_a_title_that_is_none_is_refused(kept: Make, title: object) -> None:
    client = kept(*telling(LEAVE)).client()
    conversation = await begun(client, title="Leave")
    content, headers = json.dumps({"title": title}), {"Content-Type": "application/json"}
    response = await client.patch(f"{CONVERSATIONS}/{conversation}", content=content, headers=headers)
    assert (response.status_code, response.json()["type"]) == (422, "urn:footnote:problem:bad-request")


@given(st.text())
def test_any_title_is_shown_on_one_line(title: str) -> None:
    shown = shorten_title(title)
    assert len(shown) <= 80
    assert shown.isprintable()
    assert shown == shown.strip()
    assert shorten_title(shown) == shown


async def test_pages_go_through_all_of_them_latest_first(kept: Make) -> None:
    client = kept(*telling(LEAVE)).client()
    made = [await begun(client, title=f"number {number}") for number in range(7)]
    await client.post("/v1/ask", json={"question": "Leave?", "conversation": made[2]})
    seen, after = list[str](), None
    while True:
        page = (await client.get(CONVERSATIONS, params={"limit": 3} | ({"after": after} if after else {}))).json()
        seen += [one["id"] for one in page["conversations"]]
        if (after := page["next"]) is None:
            break
    assert seen == [made[2], *reversed(made[3:]), made[1], made[0]]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "after=x", "after=1.%00", "after=9999999999999999999.a"]
)
async def test_a_page_that_cannot_be_is_refused(kept: Make, query: str) -> None:
    response = await kept().client().get(f"{CONVERSATIONS}?{query}")
    assert (response.status_code, response.json()["type"]) == (422, "urn:footnote:problem:bad-request")


async def test_what_nobody_used_for_days_is_forgotten(tmp_path: Path) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    client = Kept(tmp_path, answerer).client()
    old, new = await begun(client, "Leave?"), await begun(client, "Leave?")
    with sqlite3.connect(tmp_path / "conversations.sqlite3") as db:
        long_ago = (time.time() - 31 * 24 * 3600) * 1e6
        db.execute("UPDATE conversations SET updated = ? WHERE id = ?", (int(long_ago), old))
    assert len((await Kept(tmp_path, answerer).client().get(CONVERSATIONS)).json()["conversations"]) == 2
    keeping = Kept(tmp_path, answerer, days=30).client()
    assert [one["id"] for one in (await keeping.get(CONVERSATIONS)).json()["conversations"]] == [new]
    with sqlite3.connect(tmp_path / "conversations.sqlite3") as db:
        assert db.execute("SELECT count(*) FROM turns").fetchone() == (1,)


async def test_a_deleted_conversation_is_gone_with_its_turns(kept: Make, tmp_path: Path) -> None:
    client = kept(*telling(LEAVE)).client()
    conversation = await begun(client, "Leave?")
    assert (await client.delete(f"{CONVERSATIONS}/{conversation}")).status_code == 204
    assert (await client.delete(f"{CONVERSATIONS}/{conversation}")).status_code == 404
    with sqlite3.connect(tmp_path / "conversations.sqlite3") as db:
        assert db.execute("SELECT count(*) FROM turns").fetchone() == (0,)


# Feedback


async def test_feedback_is_kept_with_the_answer_and_the_last_counts(kept: Make) -> None:
    client = kept(*telling(LEAVE)).client()
    conversation = await begun(client, "Leave?")
    ((turn,)) = await turns(client, conversation)
    for said in ({"verdict": "up"}, {"verdict": "down", "reason": "wrong", "better_answer": "27 days"}):
        response = await client.post(f"/v1/answers/{turn['id']}/feedback", json=said)
        assert response.status_code == 200
    kept_now = (await turns(client, conversation))[0]["feedback"]
    assert (
        kept_now
        == response.json()
        == {
            "verdict": "down",
            "reason": "wrong",
            "comment": "",
            "better_answer": "27 days",
        }
    )


async def test_only_who_asked_says_what_they_think_of_it(kept: Make) -> None:
    made = kept(*telling(LEAVE))
    conversation = await begun(made.client(), "Leave?")
    ((turn,)) = await turns(made.client(), conversation)
    async with made.client("bob") as bob:
        anothers, unknown = [
            await bob.post(f"/v1/answers/{name}/feedback", json={"verdict": "up"}) for name in (turn["id"], "nothing")
        ]
    assert (anothers.status_code, anothers.content) == (unknown.status_code, unknown.content)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:footnote:problem:not-found")
    assert "journal.on" in unknown.json()["detail"]
    assert (await turns(made.client(), conversation))[0]["feedback"] is None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"verdict": "great"},
        {"verdict": "down", "reason": "because"},
        {"verdict": "up", "comment": "x" * 2001},
        {"verdict": "down", "better_answer": "x" * 8001},
        {"verdict": "down", "comment": "\ud800"},
        {"verdict": "up", "stars": 5},
    ],
)
async def test_feedback_that_is_none_is_refused(kept: Make, said: object) -> None:
    content, headers = json.dumps(said), {"Content-Type": "application/json"}
    response = await kept().client().post("/v1/answers/x/feedback", content=content, headers=headers)
    assert (response.status_code, response.json()["type"]) == (422, "urn:footnote:problem:bad-request")


# As Markdown


async def test_a_conversation_is_exported_with_footnotes_numbered_through(kept: Make) -> None:
    client = kept(*telling(LEAVE)).client()
    conversation = await begun(client, "Leave?", "And?", title="Time off")
    exported = await client.get(f"{CONVERSATIONS}/{conversation}.md")
    assert exported.headers["content-type"] == "text/markdown; charset=utf-8"
    assert exported.headers["content-disposition"].startswith("attachment")
    assert exported.text == (
        "# Time off\n\n"
        "## Leave?\n\nStaff get 25 days [^1].\nThey may save them [^2][^1].\n\n"
        "## And?\n\nStaff get 25 days [^3].\nThey may save them [^4][^3].\n\n"
        "[^1]: hr/leave.pdf, page 4, line 12: “25 days”\n"
        "[^2]: hr/leave.pdf, page 4, lines 12–13: “may be saved”\n"
        "[^3]: hr/leave.pdf, page 4, line 12: “25 days”\n"
        "[^4]: hr/leave.pdf, page 4, lines 12–13: “may be saved”\n"
    )


async def test_an_unverified_answer_is_kept_and_exported_as_that(kept: Make) -> None:
    client = kept(*telling(unverified_answer())).client()
    conversation = await begun(client, "Leave?")
    assert (await turns(client, conversation))[0]["answer"]["status"] == "unverified"
    exported = (await client.get(f"{CONVERSATIONS}/{conversation}.md")).text
    assert f"Leave is 99 days [^1].\nAll like it.\n\n*{UNVERIFIED}*\n\n[^1]:" in exported


async def test_a_turn_that_an_earlier_check_declined_is_still_shown(tmp_path: Path) -> None:
    ada, declined = somebody("ada"), replace(DECLINED, declined_by="model")
    conversations = Conversations.open(tmp_path, lambda ids, _: set(ids))
    ask = Inquiry(question=Question("?"), principal=ada, conversation=conversations.create(ada).id)
    conversations.begin(ask, str(ask.conversation))
    conversations.complete(ask, str(ask.conversation), declined)
    conversations.close()
    with sqlite3.connect(tmp_path / "conversations.sqlite3") as db:
        was, now = '"declined_by":"check"', '"declined_by":"model"'
        db.execute("UPDATE turns SET answer = CAST(replace(CAST(answer AS TEXT), ?, ?) AS BLOB)", (now, was))
        db.execute("PRAGMA user_version = 1")
    reopened = Conversations.open(tmp_path, lambda ids, _: set(ids))
    (turn,) = reopened.turns(ada, str(ask.conversation))
    reopened.close()
    assert turn.answer
    assert (turn.answer.status, turn.answer.declined_by) == ("declined", "model")


async def test_a_question_without_an_answer_is_exported_as_that(kept: Make) -> None:
    client = kept(ModelBusyError("It is busy.")).client()
    conversation = await begun(client)
    await client.post("/v1/ask", json={"question": "Leave?", "conversation": conversation})
    exported = (await client.get(f"{CONVERSATIONS}/{conversation}.md")).text
    assert exported == "# Leave?\n\n## Leave?\n\n*This question was not answered.*\n"


@given(title=st.text(), question=st.text(), quote=st.text(min_size=1), path=st.text(min_size=1))
def test_what_people_and_documents_spell_is_no_markup_and_no_line(
    title: str, question: str, quote: str, path: str
) -> None:
    said = answer("Yes [1].", {1: quote}, path=path)
    at = moment(0)
    turn = StoredTurn("a", question, at, said, withheld=False, feedback=None)
    exported = to_markdown(Conversation("c", shorten_title(title), at, at), (turn,))
    assert len(exported.splitlines()) == 7
    assert exported.splitlines()[6].startswith("[^1]: ")
    for line in (0, 2, 6):
        text = exported.splitlines()[line].removeprefix("[^1]")
        assert text.isprintable()
        for at_, char in enumerate(text):
            assert char not in "[]<`*_" or text[at_ - 1] == "\\"


async def test_an_answer_that_another_version_kept_shows_its_question(kept: Make, tmp_path: Path) -> None:
    client = kept(*telling(LEAVE)).client()
    conversation = await begun(client, "Leave?")
    with sqlite3.connect(tmp_path / "conversations.sqlite3") as db:
        db.execute("UPDATE turns SET answer = '{\"words\": 5}'")
    (turn,) = await turns(client, conversation)
    assert (turn["question"], turn["answer"], turn["withheld"]) == ("Leave?", None, False)


def test_who_asked_and_what_was_said_before_are_not_kept_again_with_each_answer(tmp_path: Path) -> None:
    conversations, ada = Conversations.open(tmp_path, lambda ids, _: set(ids)), somebody("ada", "hr")
    ask = Inquiry(question=Question("?", (Turn("user", "Before?"),), ada.audience), principal=ada)
    conversation = conversations.create(ada).id
    conversations.begin(ask, conversation)
    told: Answer = replace(LEAVE, question=ask.question)
    conversations.complete(ask, conversation, told)
    (turn,) = conversations.turns(ada, conversation)
    assert turn.answer
    assert (turn.answer.question.history, turn.answer.question.audience) == ((), PUBLIC)


# Among the other limits


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/ask/stream"])
async def test_a_question_that_is_refused_for_want_of_room_is_not_kept(tmp_path: Path, path: str) -> None:
    gate = asyncio.Event()
    answerer = ScriptedAnswerer(gate, *telling(LEAVE))
    conversations, room = Conversations.open(tmp_path, lambda ids, _: set(ids)), FairQueue(1, 0)
    questions = recorded(answerer, conversations, queue=room)
    app = create_app(fake_services(answerer, questions=questions, conversations=conversations))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        first, second = [conversations.create(LOCAL).id for _ in range(2)]
        answering = asyncio.create_task(client.post(path, json={"question": "?", "conversation": first}))
        await answerer.started.wait()
        refused = await client.post(path, json={"question": "?", "conversation": second})
        gate.set()
        assert (await answering).status_code == 200
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:footnote:problem:too-busy")
    assert conversations.turns(LOCAL, second) == ()
    assert [bool(turn.answer) for turn in conversations.turns(LOCAL, first)] == [True]
