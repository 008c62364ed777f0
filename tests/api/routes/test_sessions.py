"""``/v1/session``: who one is here, and logging in on the page."""

import json
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.auth.api_keys import KeyAuthenticator, KeyStore
from api.context.services import COOKIE
from api.history.feedback_store import FeedbackStores
from fakes.answerer import ScriptedAnswerer
from fakes.principals import bearer
from fakes.services import fake_services

SESSION = "/v1/session"


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "server")


def client(
    keys: KeyStore, *, wants_key: bool = True, url: str = "http://localhost", **parts: object
) -> httpx.AsyncClient:
    app = create_app(
        fake_services(ScriptedAnswerer(), authenticator=KeyAuthenticator(keys, wants_key=wants_key), **parts)
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=url)


async def test_a_session_says_who_one_is_and_what_there_is(keys: KeyStore) -> None:
    key, secret = keys.create("Anna", ("hr", "board"), may_write=True)
    asked = client(keys, feedback=FeedbackStores())
    assert (await asked.get(SESSION, headers=bearer(secret))).json() == {
        "id": key.id,
        "name": "Anna",
        "groups": ["board", "hr"],
        "may_write": True,
        "key_needed": True,
        "features": {"documents": False, "conversations": False, "feedback": True},
    }


async def test_on_the_machines_own_address_one_is_local(keys: KeyStore) -> None:
    told = (await client(keys, wants_key=False).get(SESSION)).json()
    assert (told["id"], told["groups"], told["may_write"], told["key_needed"]) == ("local", [], True, False)


async def test_who_logs_in_is_known_by_the_cookie_and_no_script_can_read_it(keys: KeyStore) -> None:
    _, secret = keys.create("Anna", ("hr",))
    async with client(keys) as asked:
        response = await asked.post(SESSION, json={"key": secret})
        assert (response.status_code, response.json()["name"]) == (200, "Anna")
        cookie = SimpleCookie(response.headers["set-cookie"])[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
        assert (await asked.get(SESSION)).json() == response.json()
        assert (await asked.delete(SESSION)).status_code == 204
        assert (await asked.get(SESSION)).status_code == 401


@pytest.mark.parametrize(
    ("url", "public_url", "secure"),
    [
        ("http://localhost", None, ""),
        ("https://localhost", None, True),
        ("http://localhost", "https://docs.example", True),
        ("http://localhost", "http://docs.example", ""),
    ],
)
async def test_over_https_the_cookie_goes_over_https_only(
    keys: KeyStore, url: str, public_url: str | None, secure: bool | str
) -> None:
    _, secret = keys.create("Anna")
    response = await client(keys, url=url, public_url=public_url).post(SESSION, json={"key": secret})
    assert SimpleCookie(response.headers["set-cookie"])[COOKIE]["secure"] == secure


@pytest.mark.parametrize("key", ["", "fn_", "x" * 1000, "\x00", "fn_000000000000_" + "A" * 43])
async def test_a_key_that_opens_nothing_logs_nobody_in(keys: KeyStore, key: str) -> None:
    response = await client(keys).post(SESSION, json={"key": key})
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.json()["type"] == "urn:footnote:problem:unauthorized"
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("body", [b"{}", b'{"key": 5}', b'{"key": "a", "b": 1}', b'{"key": "\\ud800"}'])
async def test_what_is_no_login_is_refused_in_words(keys: KeyStore, body: bytes) -> None:
    response = await client(keys).post(SESSION, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422


async def test_a_form_cannot_log_anybody_in(keys: KeyStore) -> None:
    _, secret = keys.create("Anna")
    response = await client(keys).post(
        SESSION, content=json.dumps({"key": secret}), headers={"Content-Type": "text/plain"}
    )
    assert response.status_code == 415


async def test_the_cookie_of_a_key_that_ended_is_taken_back_and_the_page_goes_on_without(keys: KeyStore) -> None:
    key, secret = keys.create("Anna", ("hr",))
    async with client(keys, wants_key=False) as asked:
        await asked.post(SESSION, json={"key": secret})
        keys.revoke(key.id)
        assert (await asked.get(SESSION)).status_code == 401
        assert (await asked.get(SESSION)).json()["id"] == "local"
