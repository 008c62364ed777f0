"""What stands before every route: whose page asks, and how long a body may take."""

import asyncio

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.middleware.guards import RequestGuard
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.services import fake_services
from fakes.serving import serving

HOST = "docs.example:8000"
ORIGIN = "https://docs.example"
HEAD = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n"
BODY = b'{"question":"Leave?"}'


async def status_of(method: str, headers: dict[str, str]) -> int:
    """Of a post or another, at an application that has its page at one more origin."""
    app = create_app(
        fake_services(ScriptedAnswerer(*telling(answer("Yes.")))), allowed_hosts={"docs.example"}, origins={ORIGIN}
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}") as client:
        return (await client.request(method, "/v1/session", headers=headers)).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://docs.example"},
        {"Origin": f"http://{HOST}.evil.example"},
        {"Origin": f"https://evil.example#{HOST}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{HOST}"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "PUT"])
async def test_what_another_sites_page_sends_is_refused(method: str, headers: dict[str, str]) -> None:
    assert await status_of(method, headers) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": f"http://{HOST}"},
        {"Origin": f"https://{HOST}"},
        {"Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{HOST}"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_the_own_page_and_programs_may_send(headers: dict[str, str]) -> None:
    assert await status_of("DELETE", headers) == 204


async def test_a_link_from_another_site_may_be_followed() -> None:
    assert await status_of("GET", {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}) == 200


async def test_a_refusal_is_a_problem_under_the_strict_policy() -> None:
    app = create_app(fake_services(ScriptedAnswerer()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        response = await client.post("/v1/ask", json={"question": "?"}, headers={"Origin": "https://evil.example"})
    assert response.json()["type"] == "urn:footnote:problem:cross-site"
    assert "content-security-policy" in response.headers


async def reply(seconds: float, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What the server says to the pieces of a request, sent with pauses; it closes the connection, or answers."""
    answering = fake_services(ScriptedAnswerer(*telling(answer("Yes."))))
    async with serving(create_app(answering, body_timeout_s=seconds)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        reading = asyncio.create_task(reader.read())
        for piece in pieces:
            if not reading.done():
                writer.write(piece)
                await asyncio.sleep(pause)
        said = await asyncio.wait_for(reading, 10)
        writer.close()
        await writer.wait_closed()
    return said


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    said = await reply(0.2, HEAD, BODY[:5])
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in said.lower()
    assert b"urn:footnote:problem:body-too-slow" in said


async def test_a_body_that_trickles_is_not_waited_for_either() -> None:
    said = await reply(0.2, HEAD, *(bytes([byte]) for byte in BODY[:8]), pause=0.1)
    assert said.startswith(b"HTTP/1.1 408 ")


async def test_a_large_body_has_more_time_as_it_comes() -> None:
    async def read(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def pieces():
        for _ in range(4):
            yield b"x" * 3000
            await asyncio.sleep(0.1)

    async with serving(RequestGuard(read, hosts={"*"}, body_timeout_s=0.2)) as url, httpx.AsyncClient() as client:
        assert (await client.post(url, content=pieces())).status_code == 204


async def test_who_only_listens_after_the_body_has_come_is_left_alone() -> None:
    gate = asyncio.Event()
    answering = fake_services(ScriptedAnswerer(gate, *telling(answer("Yes."))))
    async with serving(create_app(answering, body_timeout_s=0.1)) as url, httpx.AsyncClient() as client:
        asyncio.get_running_loop().call_later(0.4, gate.set)
        assert (await client.post(f"{url}/v1/ask", json={"question": "Leave?"})).status_code == 200


async def test_what_is_no_request_passes_the_guard() -> None:
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    await RequestGuard(app, hosts=(), body_timeout_s=1)({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
