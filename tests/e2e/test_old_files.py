"""Files that an earlier program wrote open with this one, and hold what they held."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from api.auth.api_keys import KeyAuthenticator, KeyStore
from api.core.principals import Principal, UnauthorizedError
from api.history.audit_log import Journal
from api.history.conversation_store import Conversations
from api.slack.events.event_store import EventStore
from api.slack.workspace.slack_request import SlackPlace, SlackRequest
from eval.runs.llm_cache import CachedChat
from fakes.chat import ScriptedChat
from fakes.engines import ROOT, OpenEngine, RememberingEncoder
from indexes.ingest.sync import SyncListener
from indexes.storage.catalog import Catalog
from indexes.types import PUBLIC, Audience, Query
from rag.answering.cache import AnswerCache
from rag.engine.engine import open_writer
from rag.types import Turn

HR = Audience(frozenset({"hr"}))
TREES = "How many apple trees are in the orchard?"
PAY = "What are seasonal pickers paid an hour?"
KEY = "fn_a9a9531132af_lRJmS71wCoKAYVp3NMq8cqeCp_EpI3QIJx0Y0ioN7_A"
REVOKED = "fn_8d814ce27881_-5x2nWNxtvgNZDokDAzWxhw9vEGgCVQZ9iKt3SODqqA"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "tests" / "data" / "old" / "v1", tmp_path / "old"))


@pytest.fixture
def ada(old: Path) -> Principal:
    return KeyAuthenticator(KeyStore(old / "server"), wants_key=True).authenticate(KEY)


def test_a_key_still_admits_its_holder_and_a_revoked_one_nobody(old: Path, ada: Principal) -> None:
    assert (ada.name, ada.audience, ada.may_write) == ("ada", HR, True)
    store = KeyStore(old / "server")
    assert [(key.name, key.revoked is None) for key in store.all()] == [("ada", True), ("bob", False)]
    with pytest.raises(UnauthorizedError):
        KeyAuthenticator(store, wants_key=True).authenticate(REVOKED)


def test_a_conversation_is_listed_and_read_by_those_who_may_read_its_documents(old: Path, ada: Principal) -> None:
    with closing(Catalog(old / "index" / "catalog.sqlite3")) as catalog:
        conversations = Conversations.open(old / "server", catalog.readable)
        (conversation,) = conversations.page(ada, 10).conversations
        assert conversation.title == TREES
        trees, pay = conversations.turns(ada, conversation.id)
        assert (trees.question, pay.question) == (TREES, PAY)
        assert trees.answer
        assert trees.answer.text == "The orchard has 61 apple trees. [1]"
        assert trees.answer.citations[0].quote == "The orchard has 61 apple trees."
        assert pay.answer
        assert "14.50 euros" in pay.answer.text
        assert pay.feedback
        assert pay.feedback.comment == "Just so."
        outside = Principal(ada.id, ada.name, PUBLIC)
        assert [turn.withheld for turn in conversations.turns(outside, conversation.id)][1]
        conversations.close()


def test_the_journal_shows_its_entries(old: Path) -> None:
    with closing(Journal.open_existing(old / "server")) as journal:
        entries = list(journal.entries())
    assert [(entry.question, entry.ended) for entry in entries] == [(TREES, "answered"), (PAY, "answered")]
    assert all(entry.result and entry.feedback for entry in entries)


def test_a_slack_event_is_known_as_done_and_an_interrupted_one_as_unfinished(old: Path) -> None:
    place = SlackPlace("T1", "C1", "1700000000.000100")
    done = SlackRequest(key="T1/C1/1700000000.000100", place=place, user="U1", text="How many trees?")
    store = EventStore(old / "server" / "slack.sqlite3")
    assert not store.claim(done, quiet=False)
    ((late),) = store.unfinished_answers()
    assert (late.key, late.user, late.reply) == ("T1/C1/1700000000.000200", "U2", "1700000000.000201")
    assert store.takes_part(place)
    asked = store.find_question("answer-1")
    assert asked
    assert asked.text == "How many trees?"
    store.close()


def test_an_index_answers_a_search_and_shows_to_each_what_is_theirs(old: Path, opened: OpenEngine) -> None:
    engine = opened(old / "index")
    (best, *_) = engine.search(Query("How much juice does the press make?", audience=HR), 3)
    assert (best.passage.path, "400 litres" in best.passage.text) == ("orchard.md", True)
    for audience, paths in (
        (PUBLIC, {"boathouse.md", "orchard.md"}),
        (HR, {"boathouse.md", "orchard.md", "hr/pay.md"}),
    ):
        assert {hit.passage.path for hit in engine.search(Query(PAY, audience=audience), 9)} == paths


def test_an_index_is_not_made_anew(old: Path, opened: OpenEngine, encoder: RememberingEncoder) -> None:
    engine = opened(old / "index", access=[{"glob": "hr/**", "groups": ["hr"]}])
    with open_writer(engine.settings, encoder) as writer:
        report = writer.run([old / "docs"], SyncListener())
    assert sorted(report.unchanged) == ["boathouse.md", "hr/pay.md", "orchard.md"]
    assert engine.catalog.faults() == []


async def test_caches_give_what_they_kept(old: Path) -> None:
    cached = CachedChat(ScriptedChat("another"), old / "cache" / "replies.sqlite3", "tiny")
    pieces = [piece async for piece in cached.stream("Be brief.", [Turn("user", "How many apple trees?")])]
    assert pieces == ["61 ", "trees"]
    file = old / "index" / "answers.sqlite3"
    with closing(sqlite3.connect(file)) as db:
        keys = [key for (key,) in db.execute("SELECT key FROM answers")]
    answers = [AnswerCache(file, megabytes=1, days=100_000).get(key) for key in keys]
    assert "The orchard has 61 apple trees. [1]" in [answer.text for answer in answers if answer]


def test_files_of_the_present_format_are_not_copied(old: Path, ada: Principal, opened: OpenEngine) -> None:
    opened(old / "index").catalog.counts()
    EventStore(old / "server" / "slack.sqlite3").close()
    assert ada.name == "ada"
    assert list(old.rglob("*.bak")) == []
