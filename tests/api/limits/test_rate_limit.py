"""How often anybody may ask."""

from pathlib import Path

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.auth.api_keys import KeyAuthenticator, KeyStore
from api.context.question_service import QuestionService
from api.core.inquiry import Inquiry
from api.core.principals import LOCAL
from api.core.retry_errors import TooManyRequestsError
from api.limits.rate_limit import RateLimiter
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.principals import bearer
from fakes.services import fake_services
from indexes.types import Hit, Query
from rag.types import Question


class Nothing:
    """A retriever that finds nothing."""

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        return []


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "server")


@pytest.fixture
def client(keys: KeyStore) -> httpx.AsyncClient:
    """Of an application where everybody may ask twice a minute."""
    rates = RateLimiter(2)
    questions = QuestionService(answerer=ScriptedAnswerer(*telling(answer("Yes."))), rates=rates)
    own = fake_services(
        ScriptedAnswerer(),
        questions=questions,
        rates=rates,
        authenticator=KeyAuthenticator(keys, wants_key=True),
        retriever=Nothing(),
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(own)), base_url="http://localhost")


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/ask", {"question": "?"}), ("/v1/ask/stream", {"question": "?"}), ("/v1/search", {"query": "x"})],
)
async def test_who_asks_too_often_is_told_when_to_come_again_and_nobody_else_is(
    client: httpx.AsyncClient, keys: KeyStore, path: str, body: dict[str, str]
) -> None:
    (_, often), (_, other) = keys.create("often"), keys.create("other")
    statuses = [(await client.post(path, json=body, headers=bearer(often))).status_code for _ in range(2)]
    assert statuses == [200, 200]
    refused = await client.post(path, json=body, headers=bearer(often))
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:footnote:problem:too-many-requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await client.post(path, json=body, headers=bearer(other))).status_code == 200


async def test_questions_and_searches_count_together(client: httpx.AsyncClient, keys: KeyStore) -> None:
    _, key = keys.create("Anna")
    await client.post("/v1/ask", json={"question": "?"}, headers=bearer(key))
    await client.post("/v1/search", json={"query": "x"}, headers=bearer(key))
    assert (await client.post("/v1/search", json={"query": "x"}, headers=bearer(key))).status_code == 429


async def test_all_else_may_be_asked_for_ten_times_as_often(client: httpx.AsyncClient, keys: KeyStore) -> None:
    _, key = keys.create("Anna")
    statuses = [(await client.get("/v1/session", headers=bearer(key))).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]


async def test_what_opens_nothing_counts_for_nobody(client: httpx.AsyncClient, keys: KeyStore) -> None:
    key, secret = keys.create("Anna")
    for _ in range(30):
        await client.get("/v1/session", headers=bearer(f"fn_{key.id}_{'A' * 43}"))
    assert (await client.get("/v1/session", headers=bearer(secret))).status_code == 200


def test_a_stream_is_refused_before_it_begins() -> None:
    questions = QuestionService(answerer=ScriptedAnswerer(), rates=RateLimiter(1))
    questions.stream(Inquiry(question=Question("?"), principal=LOCAL))
    with pytest.raises(TooManyRequestsError, match="limit is 1 questions per minute"):
        questions.stream(Inquiry(question=Question("?"), principal=LOCAL))


def test_the_minute_moves_along() -> None:
    now = 0.0
    rates = RateLimiter(2, clock=lambda: now)
    rates.count_question("anna")
    now = 30.0
    rates.count_question("anna")
    now = 59.0
    with pytest.raises(TooManyRequestsError) as refused:
        rates.count_question("anna")
    assert refused.value.retry_after == 1
    now = 60.0
    rates.count_question("anna")  # the first is a minute ago; the refused one does not count
    with pytest.raises(TooManyRequestsError) as refused:
        rates.count_question("anna")
    assert refused.value.retry_after == 30
