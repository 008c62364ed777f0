"""``footnote slack``: the bot by Socket Mode, its manifest, and whether Slack lets it do its work."""

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, IndexDir, load
from rag.console import print_json
from rag.errors import ConfigError

if TYPE_CHECKING:
    from api.context.services import Desk
    from rag.engine.engine import Engine

app = typer.Typer(help="Answer in Slack, by a connection that this machine opens.", invoke_without_command=True)


@app.callback()
def run(context: typer.Context, index: IndexDir = None, config: ConfigFile = None) -> None:
    """Answer in Slack until stopped (Socket Mode)."""
    if context.invoked_subcommand is not None:
        return
    from api.app.composition import serving_desk
    from rag.engine.engine import open_engine

    settings = load(config, index)
    if settings.slack.app_token is None:
        raise ConfigError(
            "slack.app_token is not set: make one with the scope connections:write on the app's page, and set "
            "FOOTNOTE_SLACK__APP_TOKEN to it (xapp-…). With slack.signing_secret, `footnote serve` does without."
        )
    with (
        terminal.OpeningProgress() as progress,
        open_engine(settings, progress) as engine,
        serving_desk(engine) as desk,
    ):
        asyncio.run(listen_until_stopped(engine, desk))


@app.command()
def manifest(
    config: ConfigFile = None,
    *,
    http: Annotated[bool, typer.Option("--http", help="For events by HTTP, at server.public_url.")] = False,
    name: Annotated[str, typer.Option(help="What the bot is called.")] = "Footnote",
) -> None:
    """Print the app's manifest (JSON), to paste where Slack makes a new app."""
    from api.slack.manifest import manifest as made

    settings = load(config, None)
    if http and settings.server.public_url is None:
        raise ConfigError(
            "server.public_url is not set: it is where Slack sends events to, as https://docs.example.com."
        )
    print_json(made(settings.slack, settings.server.public_url, socket=not http, name=name))


@app.command()
def check(
    config: ConfigFile = None,
    *,
    http: Annotated[bool, typer.Option("--http", help="Events come by HTTP, though slack.app_token is set.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask Slack whether tokens, scopes and events are as they should be, and say what is missing.

    What the app is subscribed to Slack tells by slack.config_token alone.
    """
    from api.slack.diagnostics import examine

    findings = asyncio.run(examine(load(config, None), http=http))
    if as_json:
        print_json([{"check": f.check, "ok": f.ok, "detail": f.detail} for f in findings])
    else:
        terminal.print_findings(findings)
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


async def listen_until_stopped(engine: "Engine", desk: "Desk") -> None:
    """Until the process is interrupted or terminated. Raises ``SlackError``, and as ``make_bot`` does."""
    from api.slack.factory import make_bot
    from api.slack.socket_mode import SocketMode, listen
    from indexes.types import Query

    await asyncio.to_thread(engine.search, Query("warm"), 1)  # the first question must not wait for models to load
    settings = engine.settings
    bot = make_bot(settings, desk, lambda scope: engine.catalog.documents_within(scope))
    token = settings.slack.app_token
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    socket = SocketMode(bot, token.get_secret_value() if token else "", settings.slack.api_url)
    await listen(socket, lambda: terminal.say("Footnote answers in Slack (Ctrl-C stops it)"), stop)
