"""Filters that match nothing that the caller may read say so, and say no more."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.slack.messages.blocks import RenderOptions, render_answer
from api.slack.messages.translations import TRANSLATIONS
from fakes.answerer import answer
from fakes.libraries import Premises
from fakes.principals import bearer
from rag.types import Answer
from rag.verification.abstention import DECLINED, NO_DOCUMENTS, decline

Open = Callable[..., Premises]
MISTYPED, HIDDEN = {"paths": ["gul/**"]}, {"paths": ["hr/**"]}


async def post(at: Premises, path: str, body: dict[str, Any], key: str = "anyone") -> dict[str, Any]:
    response = await at.client.post(path, json=body, headers=bearer(key))
    assert response.status_code == 200
    told: dict[str, Any] = response.json()
    return told


async def test_an_answer_says_that_no_document_matches_the_filters(open_premises: Open) -> None:
    at = open_premises()
    told = await post(at, "/v1/ask", {"question": "Who looks after the lighthouse?", "filters": MISTYPED})
    assert (told["text"], told["status"], told["unmatched_filters"]) == (NO_DOCUMENTS, "declined", True)
    assert (told["declined_by"], told["nearest"], told["citations"]) == ("search", [], [])
    foreign = await post(at, "/v1/ask", {"question": "How tall is a giraffe?", "filters": {"paths": ["gull/**"]}})
    assert foreign["unmatched_filters"] is False


async def test_so_does_a_stream(open_premises: Open) -> None:
    body = {"question": "Who looks after the lighthouse?", "filters": MISTYPED}
    response = await open_premises().client.post("/v1/ask/stream", json=body, headers=bearer("anyone"))
    data = [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: ")]
    assert [each["text"] for each in data if each.keys() == {"text"}] == [NO_DOCUMENTS]
    assert [each["unmatched_filters"] for each in data if "status" in each] == [True]


async def test_so_does_a_search(open_premises: Open) -> None:
    at = open_premises()
    for filters, unmatched in ((MISTYPED, True), ({"paths": ["gull/**"]}, False), ({}, False)):
        told = await post(at, "/v1/search", {"query": "the lighthouse", "filters": filters})
        assert (told["unmatched_filters"], told["hits"] == []) == (unmatched, unmatched)


@pytest.mark.parametrize(("path", "name"), [("/v1/ask", "question"), ("/v1/search", "query")])
async def test_a_document_that_may_not_be_read_is_as_none(open_premises: Open, path: str, name: str) -> None:
    at = open_premises()
    varying = {"id", "timings"}
    told = [await post(at, path, {name: "salary", "filters": filters}) for filters in (MISTYPED, HIDDEN)]
    one, other = ({key: value for key, value in each.items() if key not in varying} for each in told)
    assert one == other
    assert one["unmatched_filters"]
    assert (await post(at, path, {name: "salary", "filters": HIDDEN}, "hr"))["unmatched_filters"] is False


def declined(*, unmatched: bool) -> Answer:
    told = answer("x")
    return decline(replace(told, retrieval=replace(told.retrieval, unmatched_filters=unmatched)), "search")


@pytest.mark.parametrize("language", sorted(TRANSLATIONS))
def test_slack_says_it_in_the_channels_language(language: str) -> None:
    translation = TRANSLATIONS[language]  # type: ignore[index]  # they are its keys
    options = RenderOptions(translation=translation)
    assert render_answer(declined(unmatched=True), options).text == translation.no_documents
    assert render_answer(declined(unmatched=False), options).text == translation.declined
    assert translation.no_documents != translation.declined


def test_without_filters_a_declined_answer_says_that_the_documents_do_not_answer() -> None:
    assert declined(unmatched=False).text == DECLINED
