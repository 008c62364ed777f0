"""Checks of the Slack app: tokens, scopes, a connection and the app's settings, each by name."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError

from api.core.findings import Finding
from api.slack.manifest import EVENTS, manifest
from api.slack.manifest_diff import Manifest, bot_scopes, compare_manifests
from api.slack.workspace.rate_limited_client import RateLimitedClient
from api.slack.workspace.slack_access import FAILURES
from rag.settings import Settings, SlackSettings

_ADVICE = {
    "invalid_auth": "it is wrong or was revoked; copy it again from the app's page",
    "not_authed": "it is empty",
    "account_inactive": "the app was removed from the workspace; install it again",
    "token_revoked": "it was revoked; install the app again",
    "missing_scope": "it lacks the scope connections:write",
    "not_allowed_token_type": "it is of another kind: xoxb-… is the bot's, xapp-… the app's",
}
_HOW_TO_VERIFY = (
    "at api.slack.com/apps, Your App Configuration Tokens, generate one for the app's workspace, and set "
    "FOOTNOTE_SLACK__CONFIG_TOKEN to it (xoxe.xoxp-…; it lasts twelve hours)"
)
_COLLABORATOR = "make the token as a collaborator of the app, in its workspace"
_EXPORT_ADVICE = {
    "invalid_auth": f"it is wrong or was revoked: {_HOW_TO_VERIFY}",
    "token_expired": f"it lasts twelve hours: {_HOW_TO_VERIFY}",
    "token_revoked": f"it was revoked: {_HOW_TO_VERIFY}",
    "not_allowed_token_type": f"it is of another kind: {_HOW_TO_VERIFY}",
    "app_not_found": _COLLABORATOR,
    "invalid_app_id": _COLLABORATOR,
    "no_permission": _COLLABORATOR,
    "app_not_eligible": "Slack exports no app of this kind; compare what the page says with `footnote slack manifest`",
    "app_not_owned_by_manager_app": _COLLABORATOR,
}
_TOKEN_APP = re.compile(r"xapp-\d+-([AB]\w+)-")
_URL_APP = re.compile(r"[?&]app_id=(\w+)")


@dataclass(frozen=True, slots=True)
class _TokenCheck:
    """A token's findings, the id of its app, and the scopes that it was granted."""

    findings: tuple[Finding, ...] = ()
    app: str | None = None
    granted: frozenset[str] | None = None


async def diagnose(settings: Settings, *, http: bool = False) -> list[Finding]:
    """Ask Slack and change nothing there. ``http``: events come by HTTP although an app token is set."""
    slack = settings.slack
    socket = not http and (slack.app_token is not None or slack.signing_secret is None)
    needed = manifest(slack, settings.server.public_url, socket=socket)
    if slack.client_id is None:
        needed["oauth_config"].pop("redirect_urls", None)  # a single workspace installs without them
    bot, connection = await _check_bot_token(slack), await _check_app_token(slack)
    findings = [*_check_settings(settings), *bot.findings]
    exported = await _export_manifest(slack, bot.app or connection.app)
    actual = None if isinstance(exported, Finding) else exported
    findings += [*_check_scopes(needed, bot.granted, actual), *connection.findings]
    if bot.app and connection.app and bot.app != connection.app:
        detail = f"slack.app_token is of {connection.app}, slack.bot_token of {bot.app}: take both from one app's page"
        findings.append(Finding("app", ok=False, detail=detail))
    if actual is not None:
        return findings + compare_manifests(needed, actual)
    if isinstance(exported, Finding):
        findings.append(exported)
    how = "" if slack.config_token is not None else f": {_HOW_TO_VERIFY}, and check again"
    detail = f"the app must be subscribed to {', '.join(EVENTS)}; only a configuration token shows whether it is{how}"
    page = "likewise whether interactivity, command, shortcut, agent view and Socket Mode are as in the manifest"
    return [*findings, Finding("events", ok=None, detail=detail), Finding("the app's page", ok=None, detail=page)]


def _check_settings(settings: Settings) -> Iterator[Finding]:
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


async def _check_bot_token(slack: SlackSettings) -> _TokenCheck:
    if slack.bot_token is None:
        return _TokenCheck()
    client = _client(slack, slack.bot_token)
    try:
        bot = await client.auth_test()
    except FAILURES as error:
        return _TokenCheck((Finding("bot token", ok=False, detail=_explain("slack.bot_token", error, _ADVICE)),))
    headers = {name.lower(): value for name, value in bot.headers.items()}
    granted = frozenset(scope.strip() for scope in headers.get("x-oauth-scopes", "").split(","))
    detail = f"{bot['user']} in {bot['team']} ({bot['team_id']})"
    try:
        info: Mapping[str, str] = (await client.bots_info(bot=bot.get("bot_id")))["bot"]
    except FAILURES:  # without users:read, for one, which is reported among the scopes
        info = {}
    return _TokenCheck((Finding("bot token", ok=True, detail=detail),), info.get("app_id"), granted)


async def _check_app_token(slack: SlackSettings) -> _TokenCheck:
    """Check that a connection could be opened. None is opened: it would take events from the bot."""
    if slack.app_token is None:
        return _TokenCheck()
    token = slack.app_token.get_secret_value()
    match = _TOKEN_APP.match(token)
    try:
        response = await _client(slack, slack.app_token).apps_connections_open(app_token=token)
    except FAILURES as error:
        finding = Finding("app token", ok=False, detail=_explain("slack.app_token", error, _ADVICE))
    else:
        match = _URL_APP.search(response["url"]) or match
        finding = Finding("app token", ok=True, detail="opens a connection")
    return _TokenCheck((finding,), match[1] if match else None)


def _check_scopes(needed: Manifest, granted: frozenset[str] | None, actual: Manifest | None) -> Iterator[Finding]:
    """The scopes that the app does not ask for, if its manifest is known, and those that it was not granted."""
    scopes = bot_scopes(needed)
    not_asked_for = scopes - bot_scopes(actual) if actual is not None else frozenset()
    missing = scopes - granted - not_asked_for if granted is not None else frozenset()
    add = "at OAuth & Permissions, Bot Token Scopes, and install the app again"
    if not_asked_for:
        detail = f"the app does not ask for {', '.join(sorted(not_asked_for))}: add them {add}"
        yield Finding("scopes", ok=False, detail=detail)
    if missing:
        remedy = "install the app again, at Install App" if actual is not None else f"add them {add}"
        yield Finding("scopes", ok=False, detail=f"missing: {', '.join(sorted(missing))}; {remedy}")
    if granted is not None and not (not_asked_for or missing):
        yield Finding("scopes", ok=True, detail="all are there")


async def _export_manifest(slack: SlackSettings, app: str | None) -> Manifest | Finding | None:
    """The app's manifest; a finding if it cannot be had; None without a configuration token."""
    if slack.config_token is None:
        return None
    if app is None:
        detail = "neither slack.bot_token nor slack.app_token tells which app it is: set one of them"
        return Finding("manifest", ok=False, detail=detail)
    try:
        response = await _client(slack, slack.config_token).apps_manifest_export(app_id=app)
    except FAILURES as error:
        return Finding("manifest", ok=False, detail=_explain("slack.config_token", error, _EXPORT_ADVICE))
    exported: Manifest = response["manifest"]
    return exported


def _client(slack: SlackSettings, token: SecretStr) -> RateLimitedClient:
    return RateLimitedClient(token.get_secret_value(), slack.api_url, patient=False)


def _explain(setting: str, error: Exception, advice: Mapping[str, str]) -> str:
    if isinstance(error, SlackApiError):
        code = str(error.response["error"])
        return f"{setting}: Slack says {code}: {advice.get(code, 'see its documentation')}"
    return f"Slack cannot be reached ({type(error).__name__}): see slack.api_url, and your network"
