"""The passages themselves: by the command line, over HTTP, and within filters."""

import json
import os
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.commands.search_command import explain_hit
from fakes.answerer import ScriptedAnswerer
from fakes.engines import OpenEngine, RunFootnote
from fakes.passages import passage
from fakes.services import fake_services
from indexes.types import Filters, Hit, Query, Signal
from rag.verification.abstention import NO_DOCUMENTS

LEAVE = "How long can fathers and other second parents stay off on full pay?"
SEARCH = "/v1/search"


@pytest.fixture
def dated_index(footnote: RunFootnote, tmp_path: Path) -> Path:
    """Three documents: one of hr with a label, one old, one with a control character in its text."""
    docs = tmp_path / "docs"
    (docs / "hr").mkdir(parents=True)
    (docs / "hr" / "leave.txt").write_text("Leave is 25 days a year.")
    (docs / "old.md").write_text("# Old leave\n\nLeave was 20 days a year.")
    (docs / "odd.txt").write_text("Leave\u202e is odd: 30 days a year.", "utf-8")
    os.utime(docs / "old.md", (datetime(2010, 1, 1, 12).timestamp(),) * 2)
    Path("footnote.toml").write_text('[[labels]]\nglob = "hr/**"\nlabels = ["pay"]\n')
    assert footnote("index", docs, "--index", tmp_path / "index").code == 0
    return tmp_path / "index"


def found(ran_out: str) -> set[str]:
    return {hit["path"] for hit in json.loads(ran_out)["hits"]}


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        ((), {"hr/leave.txt", "old.md", "odd.txt"}),
        (("--path", "hr/**"), {"hr/leave.txt"}),
        (("--path", "*.md", "--path", "hr/*"), {"hr/leave.txt", "old.md"}),
        (("--type", "text/markdown"), {"old.md"}),
        (("--type", "text/*"), {"hr/leave.txt", "old.md", "odd.txt"}),
        (("--label", "pay"), {"hr/leave.txt"}),
        (("--until", "2010-01-01"), {"old.md"}),
        (("--since", "2010-01-02"), {"hr/leave.txt", "odd.txt"}),
        (("--label", "pay", "--until", "2010-01-01"), set()),
    ],
)
def test_a_search_keeps_within_its_filters(
    footnote: RunFootnote, dated_index: Path, filters: tuple[str, ...], paths: set[str]
) -> None:
    ran = footnote("search", "days of leave", *filters, "--index", dated_index, "--json")
    assert (ran.code, found(ran.out)) == (0, paths)


def test_a_hit_is_shown_with_its_place_its_headings_and_a_snippet(footnote: RunFootnote, dated_index: Path) -> None:
    ran = footnote("search", "days of leave", "--path", "o*", "--index", dated_index, "--recency", "365")
    assert ran.code == 0
    assert "] old.md, lines 1–3, Old leave (" in ran.out
    assert "    # Old leave Leave was 20 days a year.\n" in ran.out
    assert "\u202e" not in ran.out


def test_explained_it_says_which_words_were_found_where(footnote: RunFootnote, dated_index: Path) -> None:
    ran = footnote("search", "days of leave", "--path", "old.md", "--index", dated_index, "--explain")
    assert "    words in its text: days, leave\n" in ran.out
    assert "    words in its headings: leave\n" in ran.out


def test_explained_every_signal_is_a_row() -> None:
    signals = (Signal("dense", 0.71234, 12), Signal("reranked", -3.5), Signal("x", 1, 1))
    lines = list(explain_hit(Query("leave"), Hit(passage("Leave days."), 1.0, signals)))
    assert lines[:4] == [
        "    signal    rank   score",
        "    dense       12  0.7123",
        "    reranked          -3.5",
        "    x            1       1",
    ]
    assert lines[4:] == [
        "    words in its text: leave",
        "    words in its title: none",
        "    words in its headings: none",
    ]


def test_json_has_the_place_the_signals_and_the_words(footnote: RunFootnote, dated_index: Path) -> None:
    ran = footnote("search", "days of leave", "--path", "old.md", "--limit", "1", "--index", dated_index, "--json")
    told = json.loads(ran.out)
    assert (told["query"], len(told["hits"])) == ("days of leave", 1)
    (hit,) = told["hits"]
    assert (hit["path"], hit["place"], hit["heading"]) == ("old.md", "lines 1–3", ["Old leave"])
    assert hit["matched"] == {"text": ["days", "leave"], "title": ["leave"], "heading": ["leave"]}
    assert hit["locator"]["line_end"] == 3
    assert isinstance(hit["signals"], list)


@pytest.mark.parametrize("command", ["ask", "search"])
def test_filters_that_no_document_is_within_are_no_error_and_said(
    footnote: RunFootnote, dated_index: Path, command: str
) -> None:
    ran = footnote(command, "days of leave", "--label", "none such", "--index", dated_index)
    assert ran.code == 0
    assert NO_DOCUMENTS in (ran.out if command == "ask" else ran.err)
    assert "The documents do not answer" not in ran.out


def test_what_may_not_be_read_is_not_told_of_either(footnote: RunFootnote, dated_index: Path, tmp_path: Path) -> None:
    Path("footnote.toml").write_text('[[access]]\nglob = "hr/**"\ngroups = ["hr"]\n')
    footnote("index", tmp_path / "docs", "--index", dated_index)
    hidden = footnote("search", "days of leave", "--path", "hr/**", "--index", dated_index)
    assert NO_DOCUMENTS in hidden.err
    shown = footnote("search", "days of leave", "--path", "hr/**", "--group", "hr", "--index", dated_index)
    assert "hr/leave.txt" in shown.out


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--since", "yesterday"), "Error: since: 'yesterday' is not a date: write it as 2024-05-31.\n"),
        (("--type", "pdf"), "Error: type: 'pdf' is not a media type"),
        (("--recency", "0"), "Error: recency: 0 is not a number of days"),
        (("--path", ""), "Error: path: a value is empty"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_an_error_in_words(
    footnote: RunFootnote, samples_index: Path, command: str, wrong: tuple[str, str], told: str
) -> None:
    ran = footnote(command, LEAVE, *wrong, "--index", samples_index)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(told)


async def test_the_engine_itself_answers_and_searches_within_filters(opened: OpenEngine, samples_index: Path) -> None:
    engine = opened(samples_index)
    query = Query(LEAVE, filters=Filters(media_types=("application/pdf",)))
    assert {hit.passage.path for hit in engine.search(query, 3)} == {"handbook/leave-policy.pdf"}
    transport = httpx.ASGITransport(
        create_app(fake_services(engine.assistant, max_question_chars=100, retriever=engine))
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        asked = {"question": LEAVE, "filters": {"media_types": ["text/csv"]}}
        assert (await client.post("/v1/ask", json=asked)).json()["status"] == "declined"
        asked["filters"] = {"media_types": ["application/pdf"]}
        assert (await client.post("/v1/ask", json=asked)).json()["status"] == "answered"
        body = {"query": LEAVE, "limit": 3, "filters": {"paths": ["handbook/*.pdf"]}, "recency_days": 365}
        told = (await client.post(SEARCH, json=body)).json()
    assert told["query"] == LEAVE
    assert {hit["path"] for hit in told["hits"]} == {"handbook/leave-policy.pdf"}
    assert told["hits"][0].keys() == {
        "document", "path", "title", "place", "url", "locator", "heading", "score", "text", "signals", "matched",
    }  # fmt: skip


class Listening:
    """Finds nothing, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Query, int]] = []

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        self.asked.append((query, limit))
        return []


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"query": " "}, 400, "bad-question"),
        ({"query": "x" * 101}, 413, "question-too-long"),
        ({"query": "x", "filters": {"since": "soon"}}, 400, "bad-filter"),
        ({"query": "x", "filters": {"paths": [""]}}, 400, "bad-filter"),
        ({"query": "x", "recency_days": -1}, 400, "bad-filter"),
        ({"query": "x", "filters": {"labels": ["\udfff"]}}, 422, "bad-request"),
        ({"query": "x", "filters": {"colour": "red"}}, 422, "bad-request"),
        ({"query": "x", "filters": {"paths": "hr/**"}}, 422, "bad-request"),
        ({"query": "x", "limit": 0}, 422, "bad-request"),
        ({"query": "x", "limit": 101}, 422, "bad-request"),
    ],
)
async def test_a_search_that_cannot_be_meant_is_a_problem_and_none_that_was_asked(
    body: dict[str, object], status: int, kind: str
) -> None:
    retriever = Listening()
    app = create_app(fake_services(ScriptedAnswerer(), max_question_chars=100, retriever=retriever))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        response = await client.post(SEARCH, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert (response.status_code, response.json()["type"]) == (status, f"urn:footnote:problem:{kind}")
        assert (await client.post(SEARCH, content="query=x")).status_code == 415
        assert retriever.asked == []
        fine = await client.post(SEARCH, json={"query": "leave", "filters": {"labels": ["pay"]}, "recency_days": 9})
    assert (fine.status_code, fine.json()) == (200, {"query": "leave", "hits": [], "unmatched_filters": False})
    assert retriever.asked == [(Query("leave", filters=Filters(labels=("pay",)), recency_days=9), 8)]


async def test_without_a_retriever_there_is_nothing_to_search() -> None:
    app = create_app(fake_services(ScriptedAnswerer(), max_question_chars=100))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert (await client.post(SEARCH, json={"query": "leave"})).status_code == 404
