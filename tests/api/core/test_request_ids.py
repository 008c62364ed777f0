import re

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.core import request_ids
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.services import fake_services
from rag.errors import ModelError

ASK = "/v1/ask"


def asking(*script: object) -> httpx.AsyncClient:
    app = create_app(fake_services(ScriptedAnswerer(*script)))  # type: ignore[arg-type]
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://localhost"
    )


async def test_each_response_names_its_request() -> None:
    client = asking(*telling(answer("Yes.")))
    first, second = [(await client.post(ASK, json={"question": "?"})).headers["x-request-id"] for _ in range(2)]
    assert re.fullmatch(r"[\w-]{22}", first)
    assert first != second


async def test_an_id_that_came_with_the_request_is_kept() -> None:
    response = await asking().get("/healthz", headers={"X-Request-ID": "trace/7;a"})
    assert response.headers["x-request-id"] == "trace/7;a"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, b"\xc3\xa9", "a\tb"])
async def test_an_id_that_could_forge_a_line_of_the_log_is_replaced(sent: str | bytes) -> None:
    response = await asking().get(
        "/healthz", headers=[(b"X-Request-ID", sent if isinstance(sent, bytes) else sent.encode())]
    )
    assert re.fullmatch(r"[\w-]{22}", response.headers["x-request-id"])


@pytest.mark.parametrize("error", [ModelError("It failed."), RuntimeError("no words")])
async def test_a_failure_names_its_request_in_the_body_too(error: Exception) -> None:
    response = await asking(error).post(ASK, json={"question": "?"}, headers={"X-Request-ID": "a/b"})
    assert response.status_code >= 500
    assert (response.headers["x-request-id"], response.json()["instance"]) == ("a/b", "urn:footnote:request:a%2Fb")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/nothing", {}, 404), (ASK, {}, 405), ("/healthz", {"Host": "evil.example"}, 421)],
)
async def test_a_refusal_names_its_request(path: str, headers: dict[str, str], status: int) -> None:
    response = await asking().get(path, headers=headers | {"X-Request-ID": "seven"})
    assert (response.status_code, response.headers.get_list("x-request-id")) == (status, ["seven"])
    assert response.json()["instance"] == "urn:footnote:request:seven"


async def test_the_id_is_at_hand_while_the_request_is_answered_also_in_a_thread() -> None:
    seen: list[str | None] = []

    def health() -> dict[str, object]:
        seen.append(request_ids.current.get())
        return {}

    app = create_app(fake_services(ScriptedAnswerer(), health=health))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        await client.get("/healthz", headers={"X-Request-ID": "nine"})
    assert seen == ["nine"]
