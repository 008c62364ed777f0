"""A Slack on loopback that keeps state, for the real slack_sdk and slack_bolt.

    async with FakeSlack() as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
        anna = slack.add_user("anna")
        general = slack.add_channel("general", anna)
        ...AsyncSocketModeHandler(AsyncApp(client=client), slack.app_token)...   # or slack.request_url = "http://…"
        question = await slack.say(anna, general, f"{slack.bot.mention} how long is the warranty?")
        await slack.settled()
        print(slack.transcript(general, question.ts))

All is as Slack's reference has it, unless it is told otherwise:

    slack.settings.retry_seconds = (0, 0.05)                # when what was not acknowledged comes again
    slack.settings.copies = 4                               # each event comes four times
    slack.limits.storm(5, "chat.update")                    # five times 429
    slack.errors["chat.startStream"] = ["internal_error"]   # the next call's error
    slack.errors["chat.postMessage"] = [Fault(cut=True)]    # posted, and the answer lost

``slack.outbound`` is all that the app sent, in order, each with who could read it.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from fakes.slack import oauth, responding
from fakes.slack.building import Building
from fakes.slack.delivery import Deliveries, Transport
from fakes.slack.delivery_http import OverHttp
from fakes.slack.delivery_socket import OverSockets
from fakes.slack.interacting import Interacting
from fakes.slack.leaks import leaks
from fakes.slack.limits import Limits
from fakes.slack.methods_streams import expire
from fakes.slack.model import Fault, Installation, Message, Outbound, User
from fakes.slack.settings import Settings
from fakes.slack.state import State
from fakes.slack.talking import Talking
from fakes.slack.web_api import WebApi
from fakes.slack.world import World

STEP = 0.01


class FakeSlack(Building, Talking, Interacting):
    """Runs in the test's own event loop between ``async with`` and its end, on a free port.

    Events go to ``request_url`` where it is set, and else over Socket Mode.
    """

    def __init__(self, team: str = "Acme") -> None:
        self.settings, self.limits, self.state = Settings(), Limits(), State()
        self.client_id, self.client_secret = "1.2", "client-secret"
        self.signing_secret = "8f742231b10e8888abcd99yyyzzz85a5"
        app = "A0000000001"
        self.app_token = f"xapp-1-{app}-1-fake"
        tokens = {self.app_token: ["connections:write"]}
        secrets = (self.client_id, self.client_secret, self.signing_secret)
        self.world = World(self.settings, self.state, self.limits, *secrets, app, tokens)
        self.world.post = self.post
        self.sockets = OverSockets(self.world)
        self.deliveries = Deliveries(self.settings, self._transport)
        self.request_url: str | None = None
        self._api = WebApi(self.world)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.team = self.add_team(team)
        self.install(self.team)

    @property
    def installation(self) -> Installation:
        """The app's installation in the first workspace."""
        return self.state.installed(self.team.id)

    @property
    def bot(self) -> User:
        """The app's bot in the first workspace."""
        return self.installation.bot

    @property
    def bot_token(self) -> str:
        """The bot's token in the first workspace."""
        return self.installation.token

    @property
    def base_url(self) -> str:
        """What the clients take as ``base_url``."""
        return f"{self.world.url}/api/"

    @property
    def authorize_url(self) -> str:
        """Where an installation by OAuth begins."""
        return f"{self.world.url}/oauth/v2/authorize"

    @property
    def outbound(self) -> list[Outbound]:
        """All that the app sent."""
        return self.world.outbound

    @property
    def errors(self) -> dict[str, list[str | Fault]]:
        """By method: what its next calls answer."""
        return self.world.errors

    def sent(self, method: str) -> list[Outbound]:
        """What the app asked of one method and got."""
        return [one for one in self.outbound if one.method == method and one.ok]

    def leaked(self, secret: str, *allowed: User) -> list[str]:
        """Where the secret can be read by others than those who may know it, a sentence each."""
        return leaks(self.world, secret, frozenset(user.id for user in allowed))

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api.handle)
        app.router.add_get("/link/", self.sockets.handle)
        app.router.add_post("/respond/{id}", partial(responding.respond, self.world))
        app.router.add_get("/oauth/v2/authorize", partial(oauth.authorize, self.world))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.world.url = f"http://{host}:{port}"
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.deliveries.close()
        await self.sockets.close()
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _transport(self) -> Transport:
        return self.sockets if self.request_url is None else self.over_http

    @property
    def over_http(self) -> OverHttp:
        """Deliveries to ``request_url``, signed."""
        assert self._session is not None, "the fake is not running"
        assert self.request_url is not None, "request_url is not set"
        return OverHttp(self.request_url, self.signing_secret, self.settings, self._session)

    def end_stream(self, message: Message) -> None:
        """Lets a stream's time be over now."""
        expire(message, float("-inf"))

    @property
    def busy(self) -> list[str]:
        """What is not yet at rest: deliveries, calls, streams, threads where the app is said to work."""
        sessions = [key for key, session in self.state.sessions.items() if session.status == "processing"]
        return [
            *(f"{d.kind} is being delivered" for d in self.deliveries.pending),
            *(["a call is being answered"] if self._api.busy else []),
            *(f"a stream in {c.name} is open" for c in self.state.channels.values() if self._streams(c.messages)),
            *(f"{channel} {thread} says: {said}" for (channel, thread), said in self.state.statuses.items()),
            *(f"{channel} {thread} is processing" for channel, thread in sessions),
        ]

    def _streams(self, messages: dict[str, Message]) -> list[Message]:
        for message in messages.values():
            expire(message, self.settings.stream_seconds)
        return [message for message in messages.values() if message.streaming]

    async def settled(self, *, quiet: float = 0.2, timeout: float = 20.0) -> None:  # noqa: ASYNC109 - told in seconds
        """Waits until nothing is under way and nothing was sent for ``quiet`` seconds.

        What the app does unseen (a model at work, no status set) is not waited for: ``until`` waits for its answer.
        """
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            last = max((one.at for one in self.outbound), default=0.0)
            recent = max((a.at + a.seconds for d in self.deliveries.all for a in d.attempts), default=0.0)
            if not self.busy and time.monotonic() - max(last, recent) >= quiet:
                return
            await asyncio.sleep(STEP)
        raise TimeoutError(f"not settled after {timeout:g} s: {'; '.join(self.busy) or 'the app keeps on sending'}")

    async def until(self, holds: Callable[[], object], *, timeout: float = 20.0) -> None:  # noqa: ASYNC109 - likewise
        """Waits until something holds."""
        end = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > end:
                sent = ", ".join(f"{call.method} {call.answer.get('error', 'ok')}" for call in self.outbound[-8:])
                raise TimeoutError(f"it did not come to hold within {timeout:g} s; sent: {sent or 'nothing'}")
            await asyncio.sleep(STEP)
