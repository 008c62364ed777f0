"""Puts the bot together as the settings say."""

import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store.sqlite3 import SQLite3InstallationStore
from slack_sdk.oauth.state_store.sqlite3 import SQLite3OAuthStateStore

from api.context.services import Services
from api.slack.bot import Bot
from api.slack.events.event_store import Deliveries
from api.slack.http_mode import INSTALL, REDIRECT
from api.slack.manifest import SCOPES
from api.slack.responder import Answering, Terms
from api.slack.workspace.installations import InstalledWorkspaces, SingleWorkspace, Workspaces, installation_store
from api.slack.workspace.rate_limited_client import PoliteClient
from api.slack.workspace.slack_access import Rights
from indexes.types import Scope
from rag.errors import ConfigError
from rag.settings import Settings, SlackSettings

log = logging.getLogger(__name__)
_STATE_SECONDS = 600


def make_bot(settings: Settings, services: Services, documents: Callable[[Scope], int]) -> Bot:
    """It asks as all do at the services. Raises ``ConfigError``, ``RecordsError``, ``SlackBusyError``."""
    slack, folder = settings.slack, settings.server.dir
    workspaces = _workspaces(slack, folder)
    deliveries = Deliveries(folder / "slack.sqlite3")
    deliveries.hold()
    box = services.feedback if settings.journal.on else None  # only a journal keeps what is asked in Slack
    rights = Rights(slack.groups, slack.channels, workspaces.trusted)
    terms = Terms(
        base_url=settings.server.public_url,
        language=slack.language,
        people=slack.people,
        feedback=box is not None,
        max_question_chars=services.max_question_chars,
        documents=documents,
    )
    answering = Answering(services.questions, workspaces, rights, deliveries, terms)
    return Bot(slack, workspaces, deliveries, answering, rights, box)


def make_oauth(settings: Settings) -> AsyncOAuthFlow | None:
    """None where the app installs into a single workspace."""
    slack = settings.slack
    if slack.client_id is None or slack.client_secret is None:
        return None
    store = _store(settings.server.dir, slack.client_id)
    states = SQLite3OAuthStateStore(expiration_seconds=_STATE_SECONDS, database=store.database)
    base = (settings.server.public_url or "").rstrip("/")
    chosen = AsyncOAuthSettings(
        client_id=slack.client_id,
        client_secret=slack.client_secret.get_secret_value(),
        authorization_url=urljoin(slack.api_url, "/oauth/v2/authorize"),
        scopes=list(SCOPES),
        redirect_uri=f"{base}{REDIRECT}" if base else None,
        install_path=INSTALL,
        redirect_uri_path=REDIRECT,
        installation_store=store,
        state_store=states,
    )
    return AsyncOAuthFlow(client=PoliteClient(None, slack.api_url), logger=log, settings=chosen)


def _workspaces(slack: SlackSettings, folder: Path) -> Workspaces:
    if slack.client_id is not None and slack.client_secret is not None:
        return InstalledWorkspaces(_store(folder, slack.client_id), slack.api_url, slack.workspaces)
    if slack.bot_token is not None:
        return SingleWorkspace(slack.bot_token.get_secret_value(), slack.api_url, slack.workspaces)
    raise ConfigError(
        "slack.bot_token is not set: install the app in your workspace, and set FOOTNOTE_SLACK__BOT_TOKEN to its "
        "token (xoxb-…); or slack.client_id and slack.client_secret, for several workspaces."
    )


def _store(folder: Path, client_id: str) -> SQLite3InstallationStore:
    return installation_store(folder / "slack-installations.sqlite3", client_id)
