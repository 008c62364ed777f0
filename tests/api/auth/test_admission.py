"""Every address of the application wants a key, but for those that are open by name; whatever is wrong, alike."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app.fastapi_app import create_app
from api.auth.api_keys import KeyAuthenticator, KeyStore
from api.context.services import COOKIE
from api.core.problems import MEDIA_TYPE
from api.routes.page import STATIC
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.front import Front, OpenFront
from fakes.principals import bearer
from fakes.routes import Address, addresses
from fakes.services import fake_services
from fakes.serving import serving

JSON = {"Content-Type": "application/json", "X-Request-ID": "one"}  # which problems name
OPEN = {
    Address("GET", "/"),
    Address("GET", "/view/{document}"),  # the page, which asks for what it shows as any client does
    Address("GET", "/static/*"),
    Address("POST", "/static/*"),
    Address("GET", "/openapi.json"),
    Address("GET", "/healthz"),
    Address("GET", "/readyz"),  # asked by what starts and stops servers, which has no key
    Address("POST", "/v1/session"),  # where a key is brought
    Address("DELETE", "/v1/session"),  # where a browser forgets one, good or not
}
OPEN |= {Address("HEAD", address.path) for address in OPEN if address.method == "GET"}
"""What answers without a key. An address that is added answers to none, or is added here too, with a reason."""
PUBLIC = {"tides.md": "The tides at Gull Point turn at noon."}
UNKNOWN = f"fn_{'0' * 12}_{'A' * 43}"


@pytest.fixture
def closed(front: OpenFront) -> Front:
    """An application that wants keys."""
    return front(PUBLIC)


@pytest_asyncio.fixture
async def client(closed: Front) -> AsyncIterator[httpx.AsyncClient]:
    """Over a socket: some answers are streams that do not end."""
    async with serving(closed.app) as url, httpx.AsyncClient(base_url=url) as made:
        yield made


Told = tuple[int, str, dict[str, str]]


async def told(client: httpx.AsyncClient, address: Address, headers: Mapping[str, str]) -> Told:
    """Status, body where it is a problem, and headers without those that no two responses share."""
    path = address.filled("x")
    sent = [(name.encode(), value.encode("latin-1")) for name, value in (JSON | headers).items()]
    async with client.stream(address.method, path, headers=sent, content=b"{}") as response:
        body = (await response.aread()).decode() if response.status_code >= 400 else ""
        own = ("date", "set-cookie", "x-request-id")
        known = {name: value for name, value in response.headers.items() if name not in own}
        return response.status_code, body, known


def cases(front: Front) -> dict[str, dict[str, str]]:
    """Headers that open nothing."""
    revoked, revoked_secret = front.keys.create("revoked")
    front.keys.revoke(revoked.id)
    _, expired = front.keys.create("expired", expires=time.time() - 1)
    other, good = front.keys.create("good")
    wrong = f"fn_{other.id}_{'A' * 43}"
    bad = {"malformed": "fn_x", "cut": good[:-1], "unknown": UNKNOWN, "wrong": wrong}
    bad |= {"revoked": revoked_secret, "expired": expired}
    return {
        "missing": {},
        "no scheme": {"Authorization": good},
        "wrong scheme": {"Authorization": f"Basic {good}"},
        "scheme alone": {"Authorization": "Bearer"},
        "no text": {"Authorization": "Bearer \xff\xfe"},
        "good cookie, bad header": {"Authorization": "Bearer no", "Cookie": f"{COOKIE}={good}"},
        "empty cookie": {"Cookie": f"{COOKIE}="},
        "another cookie": {"Cookie": f"key={good}"},
        **{f"{name} key": bearer(key) for name, key in bad.items()},
        **{f"{name} cookie": {"Cookie": f"{COOKIE}={key}"} for name, key in bad.items()},
    }


@pytest.mark.timeout(600)  # every case at every address
async def test_every_address_but_the_open_ones_refuses_all_that_is_no_good_key_alike(
    client: httpx.AsyncClient, closed: Front
) -> None:
    guarded = [address for address in addresses(closed.app) if address not in OPEN]
    assert {Address("POST", "/v1/ask"), Address("POST", "/v1/search"), Address("GET", "/v1/session")} <= set(guarded)
    seen = defaultdict(set)
    for name, headers in cases(closed).items():
        for address in guarded:
            status, body, known = await told(client, address, headers)
            assert status == 401, (name, address)
            assert known["www-authenticate"] == "Bearer"
            if address.method == "HEAD":  # it has no body
                continue
            seen[known["content-type"]].add((body, *sorted(known.items())))
    assert {shape: len(told) for shape, told in seen.items()} == {MEDIA_TYPE: 1, "application/json": 1}  # OpenAI's


@pytest.mark.timeout(600)
async def test_a_good_key_is_refused_nowhere_by_header_or_by_cookie(client: httpx.AsyncClient, closed: Front) -> None:
    _, good = closed.keys.create("good", may_write=True)
    for address in addresses(closed.app):
        for headers in (bearer(good), {"Authorization": f"bearer  {good}"}, {"Cookie": f"{COOKIE}={good}"}):
            status, _, _ = await told(client, address, headers)
            assert status not in (401, 403), address
            assert status < 500, address


VARYING = ("date", "x-request-id", "transfer-encoding")


@pytest.mark.timeout(600)
async def test_head_is_answered_wherever_get_is_with_its_headers_and_without_a_body(
    client: httpx.AsyncClient, closed: Front
) -> None:
    _, good = closed.keys.create("good", may_write=True)
    document = (await client.get("/v1/documents", headers=bearer(good))).json()["documents"][0]["id"]
    places = {address.path for address in addresses(closed.app) if address.method == "GET"}
    assert {"/healthz", "/readyz", "/v1/models", "/v1/documents/{id}/original", "/v1/index/events"} <= places
    for place in sorted(places):
        path = Address("GET", place).filled(document)
        for headers in (bearer(good), {}):
            heads = []
            for method in ("GET", "HEAD"):
                async with asyncio.timeout(20), client.stream(method, path, headers=headers) as response:
                    varying = (*VARYING, "content-length") if place == "/metrics" else VARYING  # it counts requests
                    known = {name: value for name, value in response.headers.items() if name not in varying}
                    heads.append((response.status_code, known))
                    if method == "HEAD":
                        assert await response.aread() == b""
            assert heads[0] == heads[1], path


async def test_the_head_of_a_stream_ends_and_is_logged_with_its_route(
    client: httpx.AsyncClient, closed: Front, caplog: pytest.LogCaptureFixture
) -> None:
    _, good = closed.keys.create("good")
    with caplog.at_level(logging.INFO, "api.middleware.request_log"):
        async with asyncio.timeout(10):
            assert (await client.head("/v1/index/events", headers=bearer(good))).status_code == 200
            await client.get("/healthz")  # by then the first is logged
    told = vars(caplog.records[0])["facts"]
    assert (told["method"], told["route"], told["status"]) == ("HEAD", "/v1/index/events", 200)
    assert told["principal"]


async def test_an_open_address_answers_without_a_key(client: httpx.AsyncClient, closed: Front) -> None:
    for path in ("/", "/static/app.js", "/openapi.json", "/healthz"):
        assert (await client.get(path)).status_code == 200
    assert (STATIC / "app.js").is_file()


async def test_a_revocation_counts_from_the_next_request_on(client: httpx.AsyncClient, closed: Front) -> None:
    key, good = closed.keys.create("Anna")
    assert (await client.get("/v1/session", headers=bearer(good))).status_code == 200
    closed.keys.revoke(key.id)
    assert (await client.get("/v1/session", headers=bearer(good))).status_code == 401


async def test_health_tells_nobody_how_much_there_is_where_keys_are_wanted(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}


# Whatever is sent

HEADERS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=200)


@given(authorization=st.none() | HEADERS, cookie=st.none() | HEADERS | HEADERS.map(f"{COOKIE}={{}}".format))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_header_and_no_cookie_brings_the_server_down(
    closed_app: httpx.AsyncClient, authorization: str | None, cookie: str | None
) -> None:
    sent = {"authorization": authorization, "cookie": cookie}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in sent.items() if value is not None]
    response = await closed_app.get("/v1/session", headers=headers)
    assert response.status_code == 401


@given(key=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_text_for_a_key_brings_the_server_down(closed_app: httpx.AsyncClient, key: str) -> None:
    response = await closed_app.post("/v1/session", json={"key": key})
    assert response.status_code in (401, 422)
    assert "set-cookie" not in response.headers


@pytest.fixture
def closed_app(tmp_path: Path) -> httpx.AsyncClient:
    """Without an engine: many are asked of it."""
    authenticator = KeyAuthenticator(KeyStore(tmp_path / "server"), wants_key=True)
    app = create_app(fake_services(ScriptedAnswerer(*telling(answer("Yes."))), authenticator=authenticator))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://localhost"
    )
