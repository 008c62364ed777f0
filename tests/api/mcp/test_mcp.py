"""The SDK's own client, over a real socket and over a real process's standard input and output."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from api.app.fastapi_app import create_app
from api.mcp.excerpts import AROUND, MOST
from fakes.answerer import ScriptedAnswerer, answer, telling, unverified_answer
from fakes.engines import ROOT, OpenEngine
from fakes.libraries import library
from fakes.principals import ListedKeys, bearer, somebody
from fakes.services import RecordingQuestions, fake_services
from fakes.serving import serving
from fakes.warm_python import warm_python
from indexes.ingest.documents import document_id
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file
from indexes.types import Audience
from rag.errors import ModelError
from rag.types import Question, Turn
from rag.verification.abstention import UNVERIFIED

LEAVE = answer("Staff get 25 days [1].\nSo they say.", {1: "25 days"}, verdicts=("supported", "uncited"))
HANDBOOK = "handbook/leave-policy.pdf"
MODES = ["auto", "legacy"]
Called = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def connected() -> Called:
    """A client of a server at ``/mcp``, in the protocol's version of today (auto) or of last year (legacy)."""

    @asynccontextmanager
    async def connect(
        answerer: ScriptedAnswerer, mode: Any = "auto", key: str | None = None, **parts: Any
    ) -> AsyncIterator[Client]:
        headers = bearer(key) if key else {}
        async with (
            serving(create_app(fake_services(answerer, **parts))) as url,
            httpx2.AsyncClient(headers=headers, trust_env=False) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
        ):
            yield client

    return connect


def words(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in a value of JSON."""
    if isinstance(value, dict):
        yield value
    for within in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(within)


# Over HTTP


@pytest.mark.parametrize("mode", MODES)
async def test_an_answer_comes_as_text_with_footnotes_and_as_data(connected: Called, mode: str) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    history = [{"role": "user", "text": "Leave?"}, {"role": "assistant", "text": "25 days [1]."}]
    async with connected(answerer, mode, public_url="https://docs.example") as client:
        asked = {"question": "And in March?", "history": history, "language": "German"}
        told = await client.call_tool("ask", asked)
    assert not told.is_error
    assert words(told).startswith(
        f"{LEAVE.text}\n\n---\n\nNo source named: “So they say.”\n\nSources:\n\n- [1] [`hr/leave.pdf"
    )
    data = told.structured_content
    assert (data["text"], data["status"]) == (LEAVE.text, "answered")
    assert [sentence["text"] for sentence in data["doubtful"]] == ["So they say."]
    (citation,) = data["citations"]
    assert (citation["number"], citation["document"], citation["quote"]) == (1, "id of hr/leave.pdf", "25 days")
    assert citation["url"].startswith("https://docs.example/view/")
    said = (Turn("user", "Leave?"), Turn("assistant", "25 days [1]."))
    assert answerer.asked == [Question("And in March?", history=said, language="de")]


async def test_an_unverified_answer_says_so_as_text_and_as_data(connected: Called) -> None:
    told = unverified_answer()
    async with connected(ScriptedAnswerer(*telling(told))) as client:
        result = await client.call_tool("ask", {"question": "Leave?"})
    assert words(result).startswith(f"{told.text}\n\n---\n\n{UNVERIFIED}\n\nContradicted by its source: “Leave is 99")
    assert result.structured_content["status"] == "unverified"
    assert [sentence["contradicted"] for sentence in result.structured_content["doubtful"]] == [True, False]


@pytest.mark.parametrize("mode", MODES)
async def test_each_tool_says_what_it_takes_and_gives_and_that_it_only_reads(
    connected: Called, opened: OpenEngine, samples_index: Path, mode: str
) -> None:
    engine = opened(samples_index)
    async with connected(ScriptedAnswerer(), mode, retriever=engine, library=library(engine)) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["search", "ask", "open_source"]
    for tool in tools:
        assert tool.annotations
        assert tool.annotations.read_only_hint
        assert len(tool.description or "") > 100
        assert tool.output_schema
        assert set(tool.output_schema["required"]) == set(tool.output_schema["properties"])
        assert all("description" in of for of in tool.input_schema["properties"].values())
        assert [
            each for each in nodes([tool.input_schema, tool.output_schema]) if each.keys() & {"$ref", "$defs"}
        ] == []
        assert [
            each for each in nodes(tool.input_schema) if each.get("type") == "null" or each.get("default", 0) is None
        ] == []


async def test_a_desk_without_an_index_has_only_what_it_can_do(connected: Called) -> None:
    async with connected(ScriptedAnswerer()) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["ask"]
        with pytest.raises(MCPError, match="There is no such tool; there are ask"):
            await client.call_tool("search", {"query": "x"})


@pytest.mark.parametrize("mode", MODES)
async def test_what_is_found_can_be_opened_where_it_stands(
    connected: Called, opened: OpenEngine, samples_index: Path, mode: str
) -> None:
    engine = opened(samples_index)
    async with connected(ScriptedAnswerer(), mode, retriever=engine, library=library(engine)) as client:
        wanted = {"query": "days of annual leave", "limit": 3, "filters": {"paths": [HANDBOOK]}}
        found = await client.call_tool("search", wanted)
        passages = found.structured_content["passages"]
        assert 0 < len(passages) <= 3
        best = passages[0]
        assert best["path"] in words(found)
        assert best["text"] in words(found)
        place = {"start": best["locator"]["char_start"], "end": best["locator"]["char_end"]}
        around = (await client.call_tool("open_source", {"document": best["document"], **place})).structured_content
        assert best["text"] in around["text"]
        assert around["locator"]["char_start"] == max(0, place["start"] - AROUND)
        page = await client.call_tool("open_source", {"document": best["document"], "page": best["locator"]["page"]})
        assert best["text"] in words(page)
        assert page.structured_content["locator"]["page"] == best["locator"]["page"]


async def test_a_long_document_is_read_on_from_where_it_was_left(
    connected: Called, opened: OpenEngine, samples_index: Path
) -> None:
    engine = opened(samples_index)
    whole = max(
        (engine.catalog.document_at(path) for path in engine.catalog.files()), key=lambda d: len(d.text if d else "")
    )
    assert whole
    assert len(whole.text) > 100
    read, at = "", 0
    async with connected(ScriptedAnswerer(), library=library(engine)) as client:
        while at < len(whole.text):
            told = await client.call_tool("open_source", {"document": whole.id, "start": at})
            opened_at = told.structured_content
            assert len(opened_at["text"]) <= MOST
            read, at = read + opened_at["text"], opened_at["locator"]["char_end"]
    assert read == whole.text


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"question": " "}, "The question is empty"),
        ("ask", {}, "question: it is missing"),
        ("ask", {"question": "?", "secret": "x"}, "secret: there is no such field"),
        ("search", {"query": "x", "limit": 1000}, "limit: it must be at most 50"),
        ("search", {"query": "x", "filters": {"since": "May"}}, "since: 'May' is not a date"),
        ("open_source", {"document": "nowhere"}, "There is no such document."),
        ("open_source", {"document": document_id(HANDBOOK), "page": 99}, "has no page 99"),
        ("open_source", {"document": document_id(HANDBOOK), "start": 10, "end": 5}, "start must be before both ends"),
        ("open_source", {"document": document_id(HANDBOOK), "start": 10**9}, "start must be before both ends"),
    ],
)
async def test_what_cannot_be_done_is_told_in_words_that_a_model_can_read(
    connected: Called, opened: OpenEngine, samples_index: Path, tool: str, arguments: dict[str, Any], said: str
) -> None:
    engine = opened(samples_index)
    async with connected(ScriptedAnswerer(), retriever=engine, library=library(engine)) as client:
        told = await client.call_tool(tool, arguments)
    assert told.is_error
    assert said in words(told)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelError("It failed."), "It failed."),
        (RuntimeError("secret"), "The server could not answer. Its log says why."),
    ],
)
async def test_a_failure_is_the_tools_and_its_insides_stay_in_the_log(
    connected: Called, caplog: pytest.LogCaptureFixture, error: Exception, said: str
) -> None:
    async with connected(ScriptedAnswerer(error)) as client:
        told = await client.call_tool("ask", {"question": "Who is Ann?"})
    assert (told.is_error, words(told)) == (True, said)
    assert "Ann" not in caplog.text


async def test_nothing_that_is_asked_stands_in_the_log(connected: Called, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with connected(ScriptedAnswerer(*telling(LEAVE))) as client:
        await client.call_tool("ask", {"question": "Who is Ann?"})
        await client.call_tool("ask", {"question": "Who is Ann?", "Ann": 1})
    assert "Ann" not in caplog.text


# For whom


KEYS = ListedKeys(hr=somebody("hr", "hr"), sales=somebody("sales", "sales"))


async def test_what_is_asked_tells_who_asks_and_by_which_way(connected: Called) -> None:
    questions = RecordingQuestions(answerer=ScriptedAnswerer(*telling(LEAVE)))
    async with connected(ScriptedAnswerer(), key="hr", authenticator=KEYS, questions=questions) as client:
        told = await client.call_tool("ask", {"question": "?"})
    (ask,) = questions.inquiries
    assert (ask.via, ask.principal.id, ask.id) == ("mcp", "hr", told.structured_content["id"])


async def test_only_who_may_read_a_document_can_open_it_and_others_are_told_what_those_are_who_guess(
    connected: Called, opened: OpenEngine, own_index: Path
) -> None:
    engine = opened(own_index)
    engine.catalog.set_marks("readers", {HANDBOOK: ("hr",)})
    parts = {"retriever": engine, "library": library(engine), "authenticator": KEYS}
    known, guessed = {"document": document_id(HANDBOOK)}, {"document": "0123456789abcdef"}
    async with connected(ScriptedAnswerer(), key="hr", **parts) as client:
        assert (await client.call_tool("open_source", known)).structured_content["path"] == HANDBOOK
        found = await client.call_tool("search", {"query": "annual leave days"})
        assert HANDBOOK in words(found)
    async with connected(ScriptedAnswerer(), key="sales", **parts) as client:
        refused, unknown = [await client.call_tool("open_source", wanted) for wanted in (known, guessed)]
        assert refused.is_error
        assert refused == unknown
        assert HANDBOOK not in words(await client.call_tool("search", {"query": "annual leave days"}))


@pytest.mark.parametrize("mode", MODES)
async def test_the_question_is_asked_for_who_has_the_key(connected: Called, mode: str) -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    async with connected(answerer, mode, key="hr", authenticator=KEYS) as client:
        await client.call_tool("ask", {"question": "?"})
    assert answerer.asked[0].audience == Audience(frozenset({"hr"}))


HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream", "Authorization": "Bearer hr"}


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"Authorization": "Bearer nobody"}, 401, "unauthorized"),
        ({"Authorization": ""}, 401, "unauthorized"),
        ({"Host": "evil.example"}, 421, "unknown-host"),
        ({"Origin": "https://evil.example"}, 403, "cross-site"),
        ({"Origin": "null"}, 403, "cross-site"),
    ],
)
async def test_who_stands_before_every_route_stands_before_this_one(
    headers: dict[str, str], status: int, kind: str
) -> None:
    app = create_app(fake_services(ScriptedAnswerer(), authenticator=KEYS))
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as raw:
        refused = await raw.post("/mcp", json=HELLO, headers=ACCEPT | headers)
        allowed = await raw.post("/mcp", json=HELLO, headers=ACCEPT | {"Origin": url})
    assert (refused.status_code, refused.json()["type"]) == (status, f"urn:footnote:problem:{kind}")
    assert refused.headers["x-request-id"]
    assert allowed.status_code == 200


async def test_a_session_is_for_the_key_that_began_it_alone() -> None:
    app = create_app(fake_services(ScriptedAnswerer(), authenticator=KEYS))
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as raw:
        begun = await raw.post("/mcp", json=HELLO, headers=ACCEPT)
        session = ACCEPT | {"Mcp-Session-Id": begun.headers["mcp-session-id"]}
        own = await raw.post("/mcp", json=listing, headers=session)
        others = await raw.post("/mcp", json=listing, headers=session | {"Authorization": "Bearer sales"})
    assert (own.status_code, others.status_code) == (200, 404)


async def test_head_tells_what_get_does_and_ends() -> None:
    app = create_app(fake_services(ScriptedAnswerer()))
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=10) as raw:
        begun = await raw.post("/mcp", json=HELLO, headers=ACCEPT)
        session = {"Accept": "text/event-stream", "Mcp-Session-Id": begun.headers["mcp-session-id"]}
        for headers in ({}, session, session | {"Mcp-Session-Id": "unknown"}):
            async with raw.stream("GET", "/mcp", headers=headers) as got:
                pass
            head = await raw.head("/mcp", headers=headers)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert head.headers.get("content-type") == got.headers.get("content-type")


async def test_a_message_beyond_the_limit_is_refused() -> None:
    async with serving(create_app(fake_services(ScriptedAnswerer()))) as url, httpx.AsyncClient(base_url=url) as raw:
        refused = await raw.post(
            "/mcp", content=b" " * (2**20 + 1), headers=ACCEPT | {"Content-Type": "application/json"}
        )
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:footnote:problem:body-too-large")


# Leaving


@pytest.mark.parametrize("mode", MODES)
async def test_a_call_that_is_cancelled_stops_the_model(connected: Called, mode: str) -> None:
    answerer = ScriptedAnswerer(asyncio.Event())
    async with connected(answerer, mode) as client:
        call = asyncio.create_task(client.call_tool("ask", {"question": "?"}))
        await asyncio.wait_for(answerer.started.wait(), 10)
        call.cancel()
        await asyncio.wait_for(answerer.ended.wait(), 10)


# Over standard input and output


@pytest.mark.parametrize(("mode", "groups", "readable"), [("auto", ["--group", "hr"], True), ("legacy", [], False)])
async def test_a_process_serves_the_tools_to_the_groups_it_was_told(
    own_index: Path, tmp_path: Path, mode: Any, groups: list[str], *, readable: bool
) -> None:
    with_readers(own_index, {HANDBOOK: ("hr",)})
    command, *arguments = (*warm_python(), "-m", "api.commands.cli", "mcp", "--index", str(own_index), *groups)
    process = StdioServerParameters(command=command, args=arguments, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    async with Client(process, mode=mode) as client:
        told = await client.call_tool("open_source", {"document": document_id(HANDBOOK)})
        assert told.is_error is not readable
        if readable:
            asked = await client.call_tool("ask", {"question": "How many days of annual leave do I get?"})
            assert asked.structured_content["citations"][0]["path"] == HANDBOOK
            assert asked.structured_content["citations"][0]["url"] is None


async def test_nothing_but_the_protocol_stands_on_standard_output(samples_index: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(*warm_python(), "-m", "api.commands.cli", "mcp", "--index", str(samples_index)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
    )
    call = {"name": "ask", "arguments": {"question": "How many days of annual leave do I get?"}}
    sent: list[dict[str, Any]] = [
        HELLO,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
    ]
    assert process.stdin
    assert process.stdout
    process.stdin.writelines(json.dumps(message).encode() + b"\n" for message in sent)
    lines = [await asyncio.wait_for(process.stdout.readline(), 60) for _ in range(2)]
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert await process.stdout.read() == b""
    assert [json.loads(line)["id"] for line in lines] == [1, 2]
    assert json.loads(lines[1])["result"]["structuredContent"]["status"] == "answered"


def test_without_an_index_the_command_says_so_in_words(footnote: Any) -> None:
    ran = footnote("mcp")
    assert (ran.code, ran.out) == (1, "")
    assert "There is no index" in ran.err


def with_readers(index: Path, readers: dict[str, tuple[str, ...]]) -> None:
    catalog = Catalog(catalog_file(Generations(index).current))
    catalog.set_marks("readers", readers)
    catalog.close()
