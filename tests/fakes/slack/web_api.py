"""The Web API over HTTP: arguments in, tokens and scopes and limits checked, an answer out, all of it recorded."""

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

from fakes.slack import (
    methods_apps,
    methods_assistant,
    methods_chat,
    methods_conversations,
    methods_people,
    methods_streams,
    methods_views,
    oauth,
)
from fakes.slack.model import Fault, Installation, Json, Outbound, SlackError
from fakes.slack.world import Call, Method, World

METHODS: dict[str, Method] = {
    name: method
    for module in (
        methods_assistant,
        methods_chat,
        methods_conversations,
        methods_people,
        methods_streams,
        methods_views,
    )
    for name, method in module.METHODS.items()
}
OAUTH = "oauth.v2.access"
OF_THE_APP: dict[str, tuple[Callable[[World, str, Json], Json], int | str]] = {
    OAUTH: (oauth.access, "special"),
    "apps.connections.open": (methods_apps.connections_open, "special"),
    "apps.manifest.export": (methods_apps.manifest_export, 3),
}
"""A link for Socket Mode with an app token, a bot's token for an OAuth code, how the app is set; with their tiers."""
STRUCTURED = {"blocks", "attachments", "metadata", "view", "prompts", "chunks", "loading_messages"}
"""Arguments that a form carries as JSON."""


class WebApi:
    """Answers ``/api/{method}``."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.busy = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a call."""
        method = request.match_info["method"]
        self.busy += 1
        try:
            return await self._faulty(method, request)
        finally:
            self.busy -= 1

    async def _faulty(self, method: str, request: web.Request) -> web.StreamResponse:
        """The answer, with what was planned to happen to it."""
        planned = self.world.errors.get(method)
        fault = planned.pop(0) if planned and isinstance(planned[0], Fault) else Fault()
        assert isinstance(fault, Fault)
        await asyncio.sleep(fault.delay)
        if fault.status is not None:
            self.world.record(Outbound(method, await arguments(request), {"ok": False}, fault.status))
            return web.Response(status=fault.status, text="<html>Server Error</html>", content_type="text/html")
        response = await self._answer(method, request)
        if fault.cut and request.transport is not None:
            request.transport.abort()
        return response

    async def _answer(self, method: str, request: web.Request) -> web.Response:
        readers: frozenset[str] = frozenset()
        args: Json = {}
        headers: dict[str, str] = {}
        status = 200
        try:
            args = await arguments(request)
            kind, _, token = request.headers.get("Authorization", "").partition(" ")
            posted = args.pop("token", None)
            token = token if kind.lower() == "bearer" and token else posted
            if method in OF_THE_APP:
                answer = self._of_the_app(method, request, token, args)
            else:
                answer, readers = self._of_a_workspace(method, token, args, headers)
        except SlackError as error:
            answer = error.body
            if error.error == "ratelimited":
                status, headers["Retry-After"] = 429, str(answer.pop("retry_after"))
        answer = {"ok": True, **answer}
        self.world.record(Outbound(method, args, answer, status, readers))
        return web.json_response(answer, status=status, headers=headers)

    def _of_the_app(self, method: str, request: web.Request, token: str | None, args: Json) -> Json:
        """What needs no workspace."""
        run, tier = OF_THE_APP[method]
        self._limit(method, tier, "app")
        self._fail(method)
        return run(self.world, request.headers.get("Authorization", "") if method == OAUTH else token or "", args)

    def _of_a_workspace(
        self, named: str, token: str | None, args: Json, headers: dict[str, str]
    ) -> tuple[Json, frozenset[str]]:
        method = METHODS.get(named)
        if method is None:
            raise SlackError("unknown_method", req_method=named)
        installation = self._installation(token)
        headers["X-OAuth-Scopes"] = ",".join(installation.scopes)
        headers["X-Accepted-OAuth-Scopes"] = method.scope or ""
        where = f"{installation.team.id} {args.get('channel')}" if method.tier == "post" else installation.team.id
        self._limit(named, method.tier, where)
        self._fail(named)
        call = Call(self.world, installation, named, args)
        if method.scope is not None:
            call.needs(method.scope)
        return method.run(call), call.readers

    def _installation(self, token: str | None) -> Installation:
        if token is None:
            raise SlackError("not_authed")
        installation = self.world.state.installations.get(token)
        if installation is None:
            raise SlackError("not_allowed_token_type" if token in self.world.app_tokens else "invalid_auth")
        if installation.revoked:
            raise SlackError("token_revoked")
        return installation

    def _limit(self, method: str, tier: int | str, where: str) -> None:
        wait = self.world.limits.refused(method, tier, where)
        if wait is not None:
            raise SlackError("ratelimited", retry_after=wait)

    def _fail(self, method: str) -> None:
        planned = self.world.errors.get(method)
        if planned and isinstance(planned[0], str):
            raise SlackError(str(planned.pop(0)))


async def arguments(request: web.Request) -> Json:
    """What was asked: the query, and the body as a form or as JSON.

    :raises SlackError: ``invalid_json``, ``json_not_object``, ``invalid_form_data``, ``invalid_post_type``.
    """
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        return args | _parsed(await request.text())
    if (
        request.method == "POST"
        and request.can_read_body
        and request.content_type.endswith(("urlencoded", "form-data"))
    ):
        args |= {name: str(value) for name, value in (await request.post()).items()}
    elif request.method == "POST" and request.can_read_body and await request.read():
        raise SlackError("invalid_post_type")
    for name in STRUCTURED & args.keys():
        args[name] = _structured(name, args[name])
    return args


def _parsed(body: str) -> Json:
    try:
        parsed = json.loads(body)
    except json.JSONDecodeError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(parsed, dict):
        raise SlackError("json_not_object")
    return parsed


def _structured(name: str, value: str) -> object:
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        wrong = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format", "chunks": "invalid_chunks"}
        raise SlackError(wrong.get(name, "invalid_arguments")) from error
