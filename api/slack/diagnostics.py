"""Whether Slack lets the bot do what it is to do: tokens, scopes, a connection, how the app is set, by name."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError

from api.core.findings import Finding
from api.slack.manifest import EVENTS, manifest
from api.slack.manifest_diff import Manifest, asked, compared
from api.slack.workspace.rate_limited_client import PoliteClient
from api.slack.workspace.slack_access import FAILURES
from rag.settings import Settings, SlackSettings

_WRONG = {
    "invalid_auth": "it is wrong or was revoked; take it anew from the app's page",
    "not_authed": "it is empty",
    "account_inactive": "the app was taken out of the workspace; install it again",
    "token_revoked": "it was revoked; install the app again",
    "missing_scope": "it lacks the scope connections:write",
    "not_allowed_token_type": "it is of another kind: xoxb-… is the bot's, xapp-… the app's",
}
_TO_VERIFY = (
    "at api.slack.com/apps, Your App Configuration Tokens, generate one for the app's workspace, and set "
    "FOOTNOTE_SLACK__CONFIG_TOKEN to it (xoxe.xoxp-…; it lasts twelve hours)"
)
_ANOTHER = "make the token as a collaborator of the app, in its workspace"
_NOT_EXPORTED = {
    "invalid_auth": f"it is wrong or was revoked: {_TO_VERIFY}",
    "token_expired": f"it lasts twelve hours: {_TO_VERIFY}",
    "token_revoked": f"it was revoked: {_TO_VERIFY}",
    "not_allowed_token_type": f"it is of another kind: {_TO_VERIFY}",
    "app_not_found": _ANOTHER,
    "invalid_app_id": _ANOTHER,
    "no_permission": _ANOTHER,
    "app_not_eligible": "Slack exports no app of this kind; compare what the page says with `footnote slack manifest`",
    "app_not_owned_by_manager_app": _ANOTHER,
}
_APP_OF_TOKEN = re.compile(r"xapp-\d+-([AB]\w+)-")
_APP_OF_ADDRESS = re.compile(r"[?&]app_id=(\w+)")


@dataclass(frozen=True, slots=True)
class _Told:
    """What came of a token: findings, the id of the app that it is of, and the scopes that it was granted."""

    findings: tuple[Finding, ...] = ()
    app: str | None = None
    granted: frozenset[str] | None = None


async def examine(settings: Settings, *, http: bool = False) -> list[Finding]:
    """Asks Slack, and changes nothing there. ``http``: events come so, although there is a token for a connection."""
    slack, wanted = settings.slack, _wanted(settings, http=http)
    bot, connection = await _bot(slack), await _connection(slack)
    had, failed = await _exported(slack, bot.app or connection.app)
    return [
        *_configured(settings),
        *bot.findings,
        *_scopes(wanted, bot.granted, had),
        *connection.findings,
        *_of_one_app(bot.app, connection.app),
        *(_compared(wanted, had) if had is not None else (*failed, *_unverified(slack))),
    ]


def _configured(settings: Settings) -> Iterator[Finding]:
    slack = settings.slack
    oauth = slack.client_id is not None and slack.client_secret is not None
    if slack.bot_token is None and not oauth:
        yield Finding("bot token", ok=False, detail="slack.bot_token is not set (FOOTNOTE_SLACK__BOT_TOKEN=xoxb-…)")
    if slack.app_token is None and slack.signing_secret is None:
        detail = "set slack.app_token for `footnote slack`, or slack.signing_secret for `footnote serve`"
        yield Finding("delivery", ok=False, detail=detail)
    if settings.server.public_url is None:
        detail = "server.public_url is not set: sources have no links to the viewer"
        yield Finding("viewer", ok=slack.signing_secret is None, detail=detail)


def _wanted(settings: Settings, *, http: bool) -> Manifest:
    """What `footnote slack manifest` prints for it; a single workspace needs no address to be led back to."""
    slack = settings.slack
    socket = not http and (slack.app_token is not None or slack.signing_secret is None)
    made = manifest(slack, settings.server.public_url, socket=socket)
    if slack.client_id is None:
        made["oauth_config"].pop("redirect_urls", None)
    return made


async def _bot(slack: SlackSettings) -> _Told:
    if slack.bot_token is None:
        return _Told()
    client = _client(slack, slack.bot_token)
    try:
        told = await client.auth_test()
    except FAILURES as error:
        return _Told((Finding("bot token", ok=False, detail=_why("slack.bot_token", error, _WRONG)),))
    granted = frozenset(scope.strip() for scope in _header(told.headers, "x-oauth-scopes").split(","))
    detail = f"{told['user']} in {told['team']} ({told['team_id']})"
    return _Told((Finding("bot token", ok=True, detail=detail),), await _app(client, told.get("bot_id")), granted)


async def _app(client: PoliteClient, bot: str | None) -> str | None:
    """None where Slack does not tell: without users:read, for one, which is told among the scopes."""
    try:
        told: Mapping[str, str] = (await client.bots_info(bot=bot))["bot"]
    except FAILURES:
        return None
    return told.get("app_id")


async def _connection(slack: SlackSettings) -> _Told:
    """That a connection could be opened; none is, as events would come by it that the bot then does not get."""
    if slack.app_token is None:
        return _Told()
    named = _APP_OF_TOKEN.match(slack.app_token.get_secret_value())
    app = named[1] if named else None
    try:
        told = await _client(slack, slack.app_token).apps_connections_open(app_token=slack.app_token.get_secret_value())
    except FAILURES as error:
        return _Told((Finding("app token", ok=False, detail=_why("slack.app_token", error, _WRONG)),), app)
    of = _APP_OF_ADDRESS.search(told["url"])
    return _Told((Finding("app token", ok=True, detail="opens a connection"),), of[1] if of else app)


def _of_one_app(bot: str | None, connection: str | None) -> Iterator[Finding]:
    if bot and connection and bot != connection:
        detail = f"slack.app_token is of {connection}, slack.bot_token of {bot}: take both from the page of one app"
        yield Finding("app", ok=False, detail=detail)


def _scopes(wanted: Manifest, granted: frozenset[str] | None, had: Manifest | None) -> Iterator[Finding]:
    """Of those that the bot needs: what the app does not ask for, where that is known; what it was not granted."""
    needed = asked(wanted)
    unasked = needed - asked(had) if had is not None else frozenset()
    missing = needed - granted - unasked if granted is not None else frozenset()
    add = "at OAuth & Permissions, Bot Token Scopes, and install the app again"
    if unasked:
        yield Finding("scopes", ok=False, detail=f"the app does not ask for {_listed(unasked)}: add them {add}")
    if missing:
        way = "install the app again, at Install App" if had is not None else f"add them {add}"
        yield Finding("scopes", ok=False, detail=f"missing: {_listed(missing)}; {way}")
    if granted is not None and not (unasked or missing):
        yield Finding("scopes", ok=True, detail="all are there")


async def _exported(slack: SlackSettings, app: str | None) -> tuple[Manifest | None, list[Finding]]:
    """How the app is set; None, and why where it was asked for, where that cannot be told."""
    if slack.config_token is None:
        return None, []
    if app is None:
        detail = "which app it is tells neither slack.bot_token nor slack.app_token: set one of them"
        return None, [Finding("manifest", ok=False, detail=detail)]
    try:
        told = await _client(slack, slack.config_token).apps_manifest_export(app_id=app)
    except FAILURES as error:
        return None, [Finding("manifest", ok=False, detail=_why("slack.config_token", error, _NOT_EXPORTED))]
    return told["manifest"], []


def _compared(wanted: Manifest, had: Manifest) -> list[Finding]:
    found = compared(wanted, had)
    well = all(finding.ok for finding in found) and asked(wanted) <= asked(had)
    prints = f"what `footnote slack manifest{'' if wanted['settings']['socket_mode_enabled'] else ' --http'}` prints"
    way = f"to set all that is wrong at once, paste {prints} at App Manifest on the app's page, and install it again"
    return [Finding("manifest", ok=well, detail=f"the app does {prints}" if well else way), *found]


def _unverified(slack: SlackSettings) -> Iterator[Finding]:
    """Slack tells nobody what an app is set to but who comes with a token for that."""
    how = "" if slack.config_token is not None else f": {_TO_VERIFY}, and check again"
    listed = f"the app must be subscribed to {', '.join(EVENTS)}"
    yield Finding("events", ok=None, detail=f"{listed}; whether it is, Slack tells by a configuration token alone{how}")
    detail = (
        "interactivity, command, shortcut, agent view and Socket Mode neither: they must be as the manifest has them"
    )
    yield Finding("the app's page", ok=None, detail=detail)


def _client(slack: SlackSettings, token: SecretStr) -> PoliteClient:
    return PoliteClient(token.get_secret_value(), slack.api_url, patient=False)


def _why(setting: str, error: Exception, advice: Mapping[str, str]) -> str:
    if isinstance(error, SlackApiError):
        code = str(error.response["error"])
        return f"{setting}: Slack says {code}: {advice.get(code, 'see its documentation')}"
    return f"Slack cannot be reached ({type(error).__name__}): see slack.api_url, and your network"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _header(headers: dict[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")
