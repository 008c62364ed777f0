"""Installing the app in a workspace: the page a person agrees on, and oauth.v2.access.

https://docs.slack.dev/authentication/installing-with-oauth
"""

import base64
import binascii
from urllib.parse import urlencode

from aiohttp import web

from fakes.slack.model import Installation, Json, SlackError, Team, User
from fakes.slack.world import World


def install(world: World, team: Team, by: str, scopes: list[str]) -> Installation:
    """Puts the app with its bot into the workspace. Where it is there already, it gets a new token and scopes."""
    state = world.state
    known = [i for i in state.installations.values() if i.team is team]
    bot = known[-1].bot if known else User(state.new_id("U"), team.id, "footnote", bot_id=state.new_id("B"))
    state.users[bot.id] = bot
    token = f"xoxb-{team.id}-{state.new_id('')}"
    installation = Installation(team, bot, token, list(scopes), by)
    for old in known:
        old.revoked = True
    state.installations[token] = installation
    return installation


def code(world: World, team: Team, user: User, scopes: list[str], redirect_uri: str | None) -> str:
    """What a person's consent gives: it is exchanged once for a token."""
    made = f"{team.id}.{world.state.new_id('code')}"
    world.codes[made] = {"team": team.id, "user": user.id, "scopes": scopes, "redirect_uri": redirect_uri}
    return made


async def authorize(world: World, request: web.Request) -> web.Response:
    """``/oauth/v2/authorize?client_id=…&scope=…&state=…&redirect_uri=…&team=…&user=…``: whoever comes agrees at once.

    ``user`` stands in for the person's being signed in; without it the first person of the team agrees.
    """
    query = request.query
    if query.get("client_id") != world.client_id:
        return web.Response(status=400, text="invalid client_id")
    team = world.state.teams.get(query.get("team", ""), next(iter(world.state.teams.values())))
    people = [u for u in world.state.users.values() if u.team == team.id and u.bot_id is None]
    user = world.state.users.get(query.get("user", ""), people[0] if people else None)
    if user is None:
        return web.Response(status=400, text="nobody is in that team")
    scopes = [scope for scope in query.get("scope", "").split(",") if scope]
    made = code(world, team, user, scopes, query.get("redirect_uri"))
    raise web.HTTPFound(f"{query['redirect_uri']}?{urlencode({'code': made, 'state': query.get('state', '')})}")


def access(world: World, authorization: str, args: Json) -> Json:
    """The token for a code."""
    if _client(world, authorization, args) is False:
        raise SlackError("invalid_client_id" if args.get("client_id") else "bad_client_secret")
    consent = world.codes.pop(str(args.get("code")), None)
    if consent is None:
        raise SlackError("invalid_code")
    if consent["redirect_uri"] != args.get("redirect_uri"):
        raise SlackError("bad_redirect_uri")
    team = world.state.teams[consent["team"]]
    made = install(world, team, consent["user"], consent["scopes"])
    return {
        "app_id": world.app_id,
        "access_token": made.token,
        "token_type": "bot",
        "scope": ",".join(made.scopes),
        "bot_user_id": made.bot.id,
        "team": {"id": team.id, "name": team.name},
        "enterprise": None,
        "is_enterprise_install": False,
        "authed_user": {"id": consent["user"]},
    }


def _client(world: World, authorization: str, args: Json) -> bool:
    """Whether it is the app that asks: by Basic authentication or by fields of the form."""
    given = f"{args.get('client_id')}:{args.get('client_secret')}"
    if authorization.startswith("Basic "):
        try:
            given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
    return given == f"{world.client_id}:{world.client_secret}"
