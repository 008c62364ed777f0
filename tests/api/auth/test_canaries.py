"""What is for a group leaves no trace for anybody else: not in answers, errors or logs, nor in how much there is."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fakes.front import Front, OpenFront
from fakes.principals import bearer
from fakes.routes import addresses
from indexes.types import Audience, Query

PUBLIC = {
    "tides.md": "# Tides\n\nThe tides at Gull Point turn at noon. Boats leave the harbour an hour before.",
    "harbour.md": "# Harbour\n\nDues are paid on Mondays. The harbour master is Ida Marsh.",
    "pay.md": "# Pay\n\nWages are paid on the last Friday of the month.",
}
HIDDEN = {
    "hr/quokkasalary.md": "# Zanzibarian bonus\n\nThe harbour master earns 48613 crowns, and a vuvuzela bonus.",
    "hr/moonlit.md": "# Moonlit plans\n\nThe tides at Gull Point go to the Xerxian company for 77219 crowns.",
}
CANARIES = ("quokka", "zanzibarian", "48613", "vuvuzela", "moonlit", "xerxian", "77219", "hr/")
QUESTIONS = (
    "What does the harbour master earn?",
    "Who is to buy the tides at Gull Point?",
    "What is the vuvuzela bonus?",
    "When do the tides turn?",
    "48613",
    "quokkasalary.md",
)
WITHIN: tuple[dict[str, Any], ...] = ({}, {"paths": ["hr/**"]}, {"paths": ["**/quokkasalary.md"]}, {"labels": ["pay"]})


def requests() -> Iterator[tuple[str, dict[str, Any]]]:
    for question in QUESTIONS:
        for filters in WITHIN:
            yield "/v1/ask", {"question": question, "filters": filters}
            yield "/v1/search", {"query": question, "limit": 100, "filters": filters}
        yield "/v1/ask/stream", {"question": question, "history": [{"role": "user", "text": "And the vuvuzela bonus?"}]}


def client(front: Front, key: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(front.app)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=bearer(key))


async def all_that_is_told(front: Front, key: str) -> list[str]:
    async with client(front, key) as asked:
        return [(await asked.post(path, json=body)).text for path, body in requests()]


def asked_back(told: str) -> str:
    """Without the question that is given back, the id of the answer, and the clock's."""
    told = re.sub(r'"(question|query)":"(\\.|[^"\\])*"', "", told)
    return re.sub(r'"(id":"[^"]*"|timings":\{[^}]*\})', "", told)


async def test_what_is_for_a_group_is_found_by_the_group(front: OpenFront) -> None:
    opened = front(PUBLIC | HIDDEN)
    _, key = opened.keys.create("Hana", ("hr",))
    told = "".join(map(asked_back, await all_that_is_told(opened, key))).lower()
    assert [canary for canary in CANARIES if canary not in told] == []


@pytest.mark.parametrize("groups", [(), ("board",), ("HR",), ("hr ",), ("hr/**",), ("%",)])
async def test_what_is_for_a_group_leaves_no_trace_for_others(
    front: OpenFront, caplog: pytest.LogCaptureFixture, groups: tuple[str, ...]
) -> None:
    opened = front(PUBLIC | HIDDEN)
    _, key = opened.keys.create("Bob", groups)
    with caplog.at_level(logging.DEBUG):
        told = "".join(map(asked_back, await all_that_is_told(opened, key))).lower()
    assert "tides.md" in told
    assert [canary for canary in CANARIES if canary in told] == []


async def test_no_log_holds_a_question_a_text_or_a_key(front: OpenFront, caplog: pytest.LogCaptureFixture) -> None:
    opened = front(PUBLIC | HIDDEN)
    _, key = opened.keys.create("Hana", ("hr",))
    with caplog.at_level(logging.DEBUG):
        await all_that_is_told(opened, key)
        async with client(opened, f"{key}x") as asked:
            await asked.post("/v1/ask", json={"question": "vuvuzela"})
    said = caplog.text.lower()
    secrets = (*CANARIES, "gull point", key.lower(), key.rpartition("_")[2].lower())
    assert [secret for secret in secrets if secret in said] == []


async def test_others_are_told_what_they_would_be_told_if_it_were_not_there(front: OpenFront) -> None:
    whole, bare = front(PUBLIC | HIDDEN, "whole"), front(PUBLIC, "bare")
    answers = [await all_that_is_told(opened, opened.keys.create("Bob")[1]) for opened in (whole, bare)]
    asked = [json.dumps(request) for request in requests()]
    told = zip(asked, *answers, strict=True)
    assert [request for request, one, other in told if asked_back(one) != asked_back(other)] == []


async def test_a_document_that_may_not_be_seen_is_as_one_that_does_not_exist(front: OpenFront) -> None:
    """At every address with a document in it, if there are any."""
    opened = front(PUBLIC | HIDDEN)
    (found,) = opened.engine.search(Query("vuvuzela bonus", audience=Audience(frozenset({"hr"}))), limit=1)
    hidden = found.passage.document_id
    unknown = hidden[:-1] + ("0" if hidden[-1] != "0" else "1")
    _, key = opened.keys.create("Bob", may_write=True)
    async with client(opened, key) as asked:
        asked.headers["X-Request-ID"] = "one"  # which problems name
        for address in (address for address in addresses(opened.app) if "{" in address.path):
            told = [await asked.request(address.method, address.filled(each), json={}) for each in (hidden, unknown)]
            one, other = ((response.status_code, response.text) for response in told)
            assert (one[0], one[1].replace(hidden, unknown)) == other, address
