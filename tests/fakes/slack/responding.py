"""response_url: an interaction answered from outside the Web API, five times within half an hour.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import json
import time

from aiohttp import web

from fakes.slack.methods_chat import content, draft, post, rewrite
from fakes.slack.model import Json, Message, Outbound, SlackError
from fakes.slack.validation import TEXT
from fakes.slack.world import Call, ResponseUrl, World

METHOD = "response_url"


async def respond(world: World, request: web.Request) -> web.Response:
    """``POST /respond/{id}`` with a message in JSON, or a form whose ``payload`` is one."""
    target = world.response_urls.get(request.match_info["id"])
    args: Json = {}
    readers: frozenset[str] = frozenset()
    status, answer = 200, {"ok": True}
    try:
        args = await _body(request)
        readers = use(world, target, args)
    except SlackError as error:
        status, answer = 404 if error.error in ("used_url", "expired_url") else 400, error.body
    world.record(Outbound(METHOD, args, answer, status, readers))
    return web.Response(status=status, text="ok" if status == 200 else str(answer["error"]))


async def _body(request: web.Request) -> Json:
    raw = str((await request.post()).get("payload", "")) if "form" in request.content_type else await request.text()
    try:
        parsed = json.loads(raw)
    except json.JSONDecodeError as error:
        raise SlackError("invalid_payload") from error
    if not isinstance(parsed, dict):
        raise SlackError("invalid_payload")
    return parsed


def use(world: World, target: ResponseUrl | None, args: Json) -> frozenset[str]:
    """Does what the message asks for; says who can read it."""
    if target is None or time.monotonic() > target.until:
        raise SlackError("expired_url")
    if target.uses <= 0:
        raise SlackError("used_url")
    target.uses -= 1
    call = Call(world, target.installation, METHOD, args | {"channel": target.channel.id})
    if call.flag("delete_original"):
        _delete(target)
        return frozenset()
    text, blocks = content(call, TEXT)
    if call.flag("replace_original") and target.message is not None:
        rewrite(world.state, target.message, text, blocks)
        return _readers(call, target, target.message)
    return publish(call, target, draft(call, target.channel, text, blocks))


def publish(call: Call, target: ResponseUrl, message: Message) -> frozenset[str]:
    """A new message: to all where ``response_type`` is ``in_channel``, else to the user alone."""
    if call.maybe("response_type") == "in_channel":
        post(call, target.channel, message)
    else:
        message.ephemeral_for = target.user
        target.channel.ephemerals[message.ts] = message
    target.message = target.message or message
    return _readers(call, target, message)


def _readers(call: Call, target: ResponseUrl, message: Message) -> frozenset[str]:
    return frozenset({message.ephemeral_for}) if message.ephemeral_for else call.state.readers(target.channel)


def _delete(target: ResponseUrl) -> None:
    if target.message is not None:
        target.message.deleted = True
        target.channel.ephemerals.pop(target.message.ts, None)
