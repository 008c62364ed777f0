"""What is not signed by Slack is 401, what is signed and no request of Slack's is 400, and nothing is 5xx."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app.fastapi_app import create_app
from api.context.question_service import QuestionService
from api.slack.bot import Bot
from api.slack.events.event_store import EventStore
from api.slack.http_mode import slack_routes
from api.slack.responder import Responder, ResponderOptions
from api.slack.workspace.installations import Workspace
from api.slack.workspace.rate_limited_client import RateLimitedClient
from api.slack.workspace.slack_access import SlackAccess
from fakes.services import fake_services
from fakes.slack.delivery_http import signature, signed
from fakes.slack_bots import LEAVE, Library
from rag.settings import SlackSettings

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
EVENT = json.dumps({"type": "event_callback", "team_id": "T1", "event": {"type": "team_join"}}).encode()
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Here:
    """The bot is in every workspace."""

    async def find(self, team: str | None, enterprise: str | None = None) -> Workspace | None:
        client = RateLimitedClient("xoxb-1", "http://127.0.0.1:9/api/")
        return Workspace(team or "T1", "UBOT", "BBOT", "xoxb-1", client, client)

    async def remove(self, team: str) -> None: ...

    def is_trusted(self, team: str) -> bool:
        return False


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    event_store = EventStore(tmp_path_factory.mktemp("slack") / "slack.sqlite3")
    access = SlackAccess((), (), Here().is_trusted)
    responder = Responder(QuestionService(answerer=Library(LEAVE)), Here(), access, event_store, ResponderOptions())
    bot = Bot(SlackSettings(), Here(), event_store, responder, access)
    app = create_app(fake_services(Library(LEAVE), slack=slack_routes(bot, SECRET)), allowed_hosts=["*"])
    yield TestClient(app, raise_server_exceptions=False)
    event_store.close()


def send(client: TestClient, body: bytes, headers: dict[str, Any]) -> int:
    return client.post("/slack/events", content=body, headers=headers).status_code


def test_what_slack_signed_is_taken(client: TestClient) -> None:
    challenge = json.dumps({"type": "url_verification", "challenge": "c123"}).encode()
    response = client.post("/slack/events", content=challenge, headers=JSON | signed(SECRET, challenge))
    assert (response.status_code, response.json()) == (200, {"challenge": "c123"})


NOW = time.time()
STAMPS = {
    "old": str(int(NOW - 301)),
    "future": str(int(NOW + 86_400)),  # the tests before this one may take long
    "no number": "yesterday",
    "a fraction": f"{NOW:.2f}",
    "negative": "-5",
    "blank": "",
    "of other digits": "١٧٩٥",
    "without end": "9" * 400,
}


@pytest.mark.parametrize("timestamp", STAMPS.values(), ids=STAMPS.keys())
def test_a_timestamp_that_is_not_of_now_is_401_however_it_is_signed(client: TestClient, timestamp: str) -> None:
    headers: dict[str, Any] = {"X-Slack-Signature": signature(SECRET, timestamp, EVENT)}
    sent = timestamp.encode() if not timestamp.isascii() else timestamp
    assert send(client, EVENT, JSON | headers | {"X-Slack-Request-Timestamp": sent}) == 401


SIGNATURES = {
    "none": None,
    "blank": "",
    "another's": signature("another secret", str(int(NOW)), EVENT),
    "of another body": signature(SECRET, str(int(NOW)), b"{}"),
    "without its version": signature(SECRET, str(int(NOW)), EVENT)[3:],
    "of another version": "v1" + signature(SECRET, str(int(NOW)), EVENT)[2:],
    "cut": signature(SECRET, str(int(NOW)), EVENT)[:-1],
    "no ASCII": "v0=é".encode(),
}


@pytest.mark.parametrize("sent", SIGNATURES.values(), ids=SIGNATURES.keys())
def test_a_signature_that_is_not_slacks_is_401(client: TestClient, sent: str | bytes | None) -> None:
    headers: dict[str, Any] = {"X-Slack-Request-Timestamp": str(int(time.time()))}
    if sent is not None:
        headers["X-Slack-Signature"] = sent
    assert send(client, EVENT, JSON | headers) == 401


def test_no_timestamp_is_401(client: TestClient) -> None:
    assert send(client, EVENT, JSON | {"X-Slack-Signature": signature(SECRET, "", EVENT)}) == 401


BODIES = {
    "no UTF-8": (b'{"a": "\xff"}', JSON),
    "no UTF-8 in a form": (b"payload=\xff", FORM),
    "no JSON": (b"{", JSON),
    "a list": (b"[]", JSON),
    "a number": (b"5", JSON),
    "nested without end": (b"[" * 100_000, JSON),
    "a form with no JSON": (urlencode({"payload": "{"}).encode(), FORM),
    "a form with a list": (urlencode({"payload": "[]"}).encode(), FORM),
    "an event that is none": (b'{"type": "event_callback", "event": 5}', JSON),
    "events in a list": (b'{"type": "event_callback", "event": ["app_mention"]}', JSON),
}


@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES.keys())
def test_a_signed_body_that_slack_does_not_send_is_400(client: TestClient, body: bytes, kind: dict[str, str]) -> None:
    assert send(client, body, kind | signed(SECRET, body)) == 400


HEADER = st.binary(max_size=60).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))


@settings(max_examples=300)
@given(st.binary(max_size=300), HEADER, HEADER, st.sampled_from([JSON, FORM, {}]))
def test_whatever_is_sent_unsigned_is_401(
    client: TestClient, body: bytes, timestamp: bytes, sent: bytes, kind: dict[str, str]
) -> None:
    headers: dict[str, Any] = {"X-Slack-Request-Timestamp": timestamp.strip(), "X-Slack-Signature": sent.strip()}
    assert send(client, body, kind | headers) == 401


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "event",
                    "user",
                    "channel",
                    "team",
                    "ts",
                    "text",
                    "actions",
                    "view",
                    "message",
                    "authorizations",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
TYPES = st.sampled_from(["event_callback", "block_actions", "view_submission", "message_action", "url_verification", 5])


@settings(max_examples=300)
@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), VALUES, TYPES, st.sampled_from([True, False]))
def test_whatever_is_sent_signed_is_never_5xx(
    client: TestClient, rest: dict[str, Any], event: Any, kind: Any, form: bool
) -> None:
    payload = json.dumps({**rest, "type": kind, "event": event, "actions": event, "view": event})
    body = urlencode({"payload": payload}).encode() if form else payload.encode()
    assert send(client, body, (FORM if form else JSON) | signed(SECRET, body)) < 500


@settings(max_examples=200)
@given(st.binary(max_size=200), st.sampled_from([JSON, FORM, {}]))
def test_nor_are_signed_bytes(client: TestClient, body: bytes, kind: dict[str, str]) -> None:
    assert send(client, body, kind | signed(SECRET, body)) < 500


def test_a_get_is_not_taken(client: TestClient) -> None:
    assert client.get("/slack/events").status_code == 405


def test_the_file_is_where_the_server_keeps_its_own(tmp_path: Path) -> None:
    EventStore(tmp_path / "server" / "slack.sqlite3").close()
    assert (tmp_path / "server" / "slack.sqlite3").is_file()
