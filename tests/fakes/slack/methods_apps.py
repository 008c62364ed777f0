"""apps.*: what is asked with tokens of the app, or of who has made it.

https://docs.slack.dev/reference/methods/apps.manifest.export, which any form of a token but an app configuration token
is refused to; https://docs.slack.dev/reference/methods/apps.connections.open.
"""

import copy
import re
import time

from fakes.slack.model import Json, SlackError
from fakes.slack.world import World

APP_ID = re.compile(r"A[A-Z0-9]{8,}")


def connections_open(world: World, token: str, _: Json) -> Json:
    """A link for Socket Mode."""
    scopes = world.app_tokens.get(token)
    if scopes is None:
        raise SlackError("invalid_auth" if token else "not_authed")
    if "connections:write" not in scopes:
        raise SlackError("missing_scope", needed="connections:write", provided=",".join(scopes))
    ticket = world.state.new_id("ticket")
    world.tickets.add(ticket)
    address = world.url.replace("http://", "ws://")
    return {"url": f"{address}/link/?ticket={ticket}&app_id={world.app_id}"}


def manifest_export(world: World, token: str, args: Json) -> Json:
    """How the app is set now, whoever installed it with what."""
    _check_config_token(world, token)
    app = args.get("app_id")
    if not app:
        raise SlackError("invalid_arguments", ["[ERROR] missing required field: app_id"])
    if not APP_ID.fullmatch(str(app)):
        raise SlackError("invalid_app_id")
    if app != world.app_id:
        raise SlackError("app_not_found")
    if app not in world.config_tokens[token].apps:
        raise SlackError("no_permission")
    if world.manifest is None:
        raise SlackError("failed_export")
    return {"manifest": {"_metadata": {"major_version": 2, "minor_version": 1}, **copy.deepcopy(world.manifest)}}


def _check_config_token(world: World, token: str) -> None:
    if not token:
        raise SlackError("not_authed")
    if token in world.app_tokens or token in world.state.installations:
        raise SlackError("not_allowed_token_type")
    if token not in world.config_tokens:
        raise SlackError("invalid_auth")
    if world.config_tokens[token].until < time.monotonic():
        raise SlackError("token_expired")
