"""Whether Slack lets the bot do what it is to do: tokens, scopes, a connection, and what is missing, by name."""

from collections.abc import Iterator

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from api.doctor import Finding
from api.slack.manifest import EVENTS, scopes
from api.slack.polite import PoliteClient
from api.slack.rights import FAILURES
from rag.settings import Settings, SlackSettings

_ADVICE = {
    "invalid_auth": "it is wrong or was revoked; take it anew from the app's page",
    "not_authed": "it is empty",
    "account_inactive": "the app was taken out of the workspace; install it again",
    "token_revoked": "it was revoked; install the app again",
    "missing_scope": "it lacks the scope connections:write",
    "not_allowed_token_type": "it is of another kind: xoxb-… is the bot's, xapp-… the app's",
}


async def examine(settings: Settings) -> list[Finding]:
    """Asks Slack, and changes nothing there."""
    slack = settings.slack
    found = [*_configured(settings)]
    if slack.bot_token is not None:
        found += await _bot(slack, PoliteClient(slack.bot_token.get_secret_value(), slack.api_url, patient=False))
    if slack.app_token is not None:
        found.append(await _connection(PoliteClient(slack.app_token.get_secret_value(), slack.api_url, patient=False)))
    return found


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


async def _bot(slack: SlackSettings, client: AsyncWebClient) -> list[Finding]:
    try:
        told = await client.auth_test()
    except FAILURES as error:
        return [Finding("bot token", ok=False, detail=_why("slack.bot_token", error))]
    granted = {scope.strip() for scope in _header(told.headers, "x-oauth-scopes").split(",")}
    missing = [scope for scope in scopes(slack) if scope not in granted]
    detail = f"{told['user']} in {told['team']} ({told['team_id']})"
    return [
        Finding("bot token", ok=True, detail=detail),
        Finding(
            "scopes",
            ok=not missing,
            detail=f"missing: {', '.join(missing)}; add them, and install the app again"
            if missing
            else "all are there",
        ),
        Finding("events", ok=True, detail=f"Slack does not tell which it sends; the app takes {', '.join(EVENTS)}"),
    ]


async def _connection(client: AsyncWebClient) -> Finding:
    try:
        await client.apps_connections_open(app_token=client.token or "")
    except FAILURES as error:
        return Finding("app token", ok=False, detail=_why("slack.app_token", error))
    return Finding("app token", ok=True, detail="opens a connection")


def _why(setting: str, error: Exception) -> str:
    if isinstance(error, SlackApiError):
        code = str(error.response["error"])
        return f"{setting}: Slack says {code}: {_ADVICE.get(code, 'see its documentation')}"
    return f"Slack cannot be reached ({type(error).__name__}): see slack.api_url, and your network"


def _header(headers: dict[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")
