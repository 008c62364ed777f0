"""Builds the bot from the settings."""

import logging
from pathlib import Path
from urllib.parse import urljoin

from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store.sqlite3 import SQLite3InstallationStore
from slack_sdk.oauth.state_store.sqlite3 import SQLite3OAuthStateStore

from api.context.services import Services
from api.slack.bot import Bot
from api.slack.events.event_store import EventStore
from api.slack.http_mode import INSTALL_PATH, REDIRECT_PATH
from api.slack.manifest import SCOPES
from api.slack.responder import Responder, ResponderOptions
from api.slack.workspace.installations import InstalledWorkspaces, SingleWorkspace, Workspaces, installation_store
from api.slack.workspace.rate_limited_client import RateLimitedClient
from api.slack.workspace.slack_access import SlackAccess
from rag.errors import ConfigError
from rag.settings import Settings

log = logging.getLogger(__name__)
_STATE_S = 600
"""How long an installation may take."""


def make_bot(settings: Settings, services: Services) -> Bot:
    """A bot that answers as the services do. Raise ``ConfigError``, ``RecordsError``, ``SlackBusyError``."""
    slack, folder = settings.slack, settings.server.dir
    workspaces: Workspaces
    if slack.client_id is not None and slack.client_secret is not None:
        workspaces = InstalledWorkspaces(_store(folder, slack.client_id), slack.api_url, slack.workspaces)
    elif slack.bot_token is not None:
        workspaces = SingleWorkspace(slack.bot_token.get_secret_value(), slack.api_url, slack.workspaces)
    else:
        raise ConfigError(
            "slack.bot_token is not set: install the app in your workspace, and set FOOTNOTE_SLACK__BOT_TOKEN to its "
            "token (xoxb-…); or slack.client_id and slack.client_secret, for several workspaces."
        )
    event_store = EventStore(folder / "slack.sqlite3")
    event_store.lock()
    feedback = services.feedback if settings.journal.on else None  # only a journal keeps Slack's questions
    access = SlackAccess(slack.groups, slack.channels, workspaces.is_trusted)
    options = ResponderOptions(
        base_url=settings.server.public_url,
        language=slack.language,
        people=slack.people,
        feedback=feedback is not None,
        max_question_chars=services.max_question_chars,
        count_documents=services.count_documents,
    )
    responder = Responder(services.questions, workspaces, access, event_store, options)
    return Bot(slack, workspaces, event_store, responder, access, feedback)


def make_oauth(settings: Settings) -> AsyncOAuthFlow | None:
    """The installation by OAuth, or None if the bot serves a single workspace."""
    slack = settings.slack
    if slack.client_id is None or slack.client_secret is None:
        return None
    store = _store(settings.server.dir, slack.client_id)
    states = SQLite3OAuthStateStore(expiration_seconds=_STATE_S, database=store.database)
    base = (settings.server.public_url or "").rstrip("/")
    oauth_settings = AsyncOAuthSettings(
        client_id=slack.client_id,
        client_secret=slack.client_secret.get_secret_value(),
        authorization_url=urljoin(slack.api_url, "/oauth/v2/authorize"),
        scopes=list(SCOPES),
        redirect_uri=f"{base}{REDIRECT_PATH}" if base else None,
        install_path=INSTALL_PATH,
        redirect_uri_path=REDIRECT_PATH,
        installation_store=store,
        state_store=states,
    )
    return AsyncOAuthFlow(client=RateLimitedClient(None, slack.api_url), logger=log, settings=oauth_settings)


def _store(folder: Path, client_id: str) -> SQLite3InstallationStore:
    return installation_store(folder / "slack-installations.sqlite3", client_id)
