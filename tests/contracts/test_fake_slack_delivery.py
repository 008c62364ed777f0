"""How the fake Slack delivers: signed, again where it is not acknowledged, in any order, over several connections."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fakes.serving import serving
from fakes.slack.bolt import connected
from fakes.slack.delivery_http import signature, signed
from fakes.slack.model import Channel, User
from fakes.slack.server import FakeSlack

Json = dict[str, Any]
Answer = Callable[[Request], Awaitable[Response]]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as running:
        running.settings.retry_seconds = (0.0, 0.05, 0.05)
        yield running


@pytest.fixture
def anna(slack: FakeSlack) -> User:
    return slack.add_user("anna")


@pytest.fixture
def general(slack: FakeSlack, anna: User) -> Channel:
    return slack.add_channel("general", anna)


@asynccontextmanager
async def listening(slack: FakeSlack, answer: Answer) -> AsyncIterator[None]:
    """An app of nothing but an endpoint."""
    async with serving(Starlette(routes=[Route("/events", answer, methods=["POST"])])) as address:
        slack.request_url = f"{address}/events"
        try:
            yield
        finally:
            slack.request_url = None


@asynccontextmanager
async def sockets(
    slack: FakeSlack, count: int, acks: bool = True
) -> AsyncIterator[list[tuple[int, SocketModeRequest]]]:
    """So many Socket Mode clients, and what came to which of them."""
    came: list[tuple[int, SocketModeRequest]] = []

    async def connect(number: int) -> SocketModeClient:
        web = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
        client = SocketModeClient(app_token=slack.app_token, web_client=web, ping_interval=0.2)

        async def hear(client: Any, request: SocketModeRequest) -> None:
            came.append((number, request))
            if acks:
                await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

        client.socket_mode_request_listeners.append(hear)
        await client.connect()
        return client

    clients = [await connect(number) for number in range(count)]
    try:
        await slack.until(lambda: len(slack.sockets.ready) == count)
        yield came
    finally:
        for client in clients:
            await client.close()


def test_the_signature_is_that_of_slacks_own_example() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    made = signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body)
    assert made == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_the_sdk_accepts_what_is_signed_and_not_with_another_secret() -> None:
    headers = signed("secret", b'{"a": "\xc3\xa9"}')
    assert SignatureVerifier("secret").is_valid_request(b'{"a": "\xc3\xa9"}', headers)
    assert not SignatureVerifier("other").is_valid_request(b'{"a": "\xc3\xa9"}', headers)


async def test_a_request_url_is_verified_by_its_challenge(slack: FakeSlack) -> None:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    good = AsyncApp(client=client, signing_secret=slack.signing_secret)
    async with connected(slack, good, "http"):
        assert await slack.over_http.verify()
    wrong = AsyncApp(client=client, signing_secret="another")
    async with connected(slack, wrong, "http"):
        assert not await slack.over_http.verify()


@pytest.mark.parametrize("reason", ["http_error", "http_timeout", "connection_failed"])
async def test_what_is_not_acknowledged_comes_again_with_number_and_reason(
    slack: FakeSlack, anna: User, general: Channel, reason: str
) -> None:
    heard: list[tuple[str | None, str | None]] = []
    slack.settings.ack_seconds = 0.5

    async def answer(request: Request) -> Response:
        heard.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        if len(heard) == 1 and reason == "http_timeout":
            await asyncio.sleep(0.7)
        return Response(status_code=503 if len(heard) == 1 and reason == "http_error" else 200)

    slack.settings.lose = 1 if reason == "connection_failed" else 0
    async with listening(slack, answer):
        await slack.say(anna, general, "hello")
        await slack.settled()
    assert heard[-1] == ("1", reason)
    assert len(heard) == (1 if reason == "connection_failed" else 2)
    assert slack.deliveries.all[0].acknowledged


async def test_after_three_retries_slack_gives_up(slack: FakeSlack, anna: User, general: Channel) -> None:
    numbers: list[str | None] = []

    async def answer(request: Request) -> Response:
        numbers.append(request.headers.get("X-Slack-Retry-Num"))
        return Response(status_code=500)

    async with listening(slack, answer):
        await slack.say(anna, general, "hello")
        await slack.settled()
    assert numbers == [None, "1", "2", "3"]
    assert not slack.deliveries.all[0].acknowledged


async def test_an_app_may_ask_not_to_be_told_again(slack: FakeSlack, anna: User, general: Channel) -> None:
    async def answer(_request: Request) -> Response:
        return Response(status_code=500, headers={"X-Slack-No-Retry": "1"})

    async with listening(slack, answer):
        await slack.say(anna, general, "hello")
        await slack.settled()
    assert len(slack.deliveries.all[0].attempts) == 1


@pytest.mark.parametrize("parallel", [False, True])
async def test_the_same_event_comes_as_often_as_it_is_set(
    slack: FakeSlack, anna: User, general: Channel, parallel: bool
) -> None:
    at_once: list[int] = []
    ids: Counter[str] = Counter()

    async def answer(request: Request) -> Response:
        ids[(await request.json())["event_id"]] += 1
        at_once.append(len(at_once) - len(done))
        await asyncio.sleep(0.1)
        done.append(1)
        return Response()

    done: list[int] = []
    slack.settings.copies, slack.settings.parallel = 4, parallel
    async with listening(slack, answer):
        await slack.say(anna, general, "hello")
        await slack.settled()
    assert list(ids.values()) == [4]
    assert max(at_once) == (3 if parallel else 0)


async def test_held_events_come_in_the_order_they_are_released(slack: FakeSlack, anna: User, general: Channel) -> None:
    async with sockets(slack, 1) as came:
        slack.deliveries.hold()
        first = await slack.say(anna, general, f"{slack.bot.mention} one")
        await slack.say(anna, general, "two", first.ts)
        slack.deliveries.release(reversed)
        await slack.settled()
    assert [(r.payload["event"]["type"], r.payload["event"]["text"][-3:]) for _, r in came] == [
        ("message", "two"),
        ("app_mention", "one"),
        ("message", "one"),
    ]


async def test_several_connections_share_what_comes(slack: FakeSlack, anna: User, general: Channel) -> None:
    async with sockets(slack, 2) as came:
        for number in range(6):
            await slack.say(anna, general, str(number))
        await slack.settled()
    assert Counter(number for number, _ in came) == {0: 3, 1: 3}
    assert len(slack.deliveries.latencies) == 6


async def test_what_is_not_acknowledged_on_a_socket_comes_again(slack: FakeSlack, anna: User, general: Channel) -> None:
    slack.settings.ack_seconds = 0.1
    async with sockets(slack, 1, acks=False) as came:
        await slack.say(anna, general, "hello")
        await slack.settled()
    assert [(r.retry_attempt, r.retry_reason) for _, r in came] == [(n, "timeout" if n else "") for n in range(4)]
    assert len({r.payload["event_id"] for _, r in came}) == 1
    assert len({r.envelope_id for _, r in came}) == 4


async def test_without_a_connection_an_event_waits_for_its_retries(
    slack: FakeSlack, anna: User, general: Channel
) -> None:
    slack.settings.retry_seconds = (0.0, 0.5, 2.0)
    await slack.say(anna, general, "hello")
    await slack.until(lambda: len(slack.deliveries.all[0].attempts) == 2)
    async with sockets(slack, 1) as came:
        await slack.settled()
    assert [request.retry_attempt for _, request in came] in ([2], [3])  # whichever finds the connection made


@pytest.mark.parametrize("cut", [False, True])
async def test_a_client_that_is_told_to_go_or_cut_off_comes_back(
    slack: FakeSlack, anna: User, general: Channel, cut: bool
) -> None:
    slack.settings.retry_seconds = (0.0, 1.0, 1.0)
    async with sockets(slack, 1) as came:
        await (slack.sockets.cut() if cut else slack.sockets.disconnect())
        await slack.until(lambda: slack.sockets.opened >= 2 and slack.sockets.ready)
        await slack.say(anna, general, "hello")
        await slack.settled()
    assert [request.payload["event"]["text"] for _, request in came] == ["hello"]


async def test_a_connection_that_is_told_to_go_gets_nothing_more(
    slack: FakeSlack, anna: User, general: Channel
) -> None:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as stubborn:
        assert (await stubborn.receive_json())["num_connections"] == 1
        going = asyncio.create_task(slack.sockets.disconnect("warning", after=0.2))
        assert (await stubborn.receive_json())["reason"] == "warning"
        await slack.say(anna, general, "hello")
        assert (await stubborn.receive()).type == aiohttp.WSMsgType.CLOSE
        await going
    assert {attempt.reason for attempt in slack.deliveries.all[0].attempts} == {"connection_failed"}


async def test_a_connection_too_many_is_turned_away(slack: FakeSlack) -> None:
    slack.settings.max_connections = 1
    async with sockets(slack, 1):
        web = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
        second = SocketModeClient(app_token=slack.app_token, web_client=web, auto_reconnect_enabled=False)
        told: list[str] = []

        async def note(message: Any) -> None:
            told.append(message.data)

        second.on_message_listeners.append(note)
        await second.connect()
        await slack.until(lambda: told)
        await second.close()
    assert "too_many_websockets" in told[0]


async def test_a_ticket_opens_one_connection(slack: FakeSlack) -> None:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    async with sockets(slack, 1):
        assert slack.world.tickets == set()
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        assert url.partition("ticket=")[2].partition("&")[0] in slack.world.tickets


async def test_what_does_not_settle_is_named(slack: FakeSlack, anna: User, general: Channel) -> None:
    slack.settings.retry_seconds = (5.0,)
    await slack.say(anna, general, "hello")
    with pytest.raises(TimeoutError, match="message is being delivered"):
        await slack.settled(timeout=0.1)
    with pytest.raises(TimeoutError, match="did not come to hold within"):
        await slack.until(lambda: False, timeout=0.05)


async def test_an_app_that_is_taken_away_is_told_and_hears_no_more(
    slack: FakeSlack, anna: User, general: Channel
) -> None:
    async with sockets(slack, 1) as came:
        slack.uninstall(slack.team)
        await slack.say(anna, general, "hello")
        await slack.settled()
    assert [request.payload["event"]["type"] for _, request in came] == ["tokens_revoked", "app_uninstalled"]
