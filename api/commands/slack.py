"""``footnote slack``: the bot over Socket Mode, its manifest, and a check of its setup at Slack."""

import asyncio
import signal
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, IndexDir, load
from rag.console import print_json
from rag.errors import ConfigError

if TYPE_CHECKING:
    from api.context.services import Services
    from rag.engine.engine import Engine

app = typer.Typer(help="Answer in Slack, over a connection that this machine opens.", invoke_without_command=True)


@app.callback()
def run(context: typer.Context, index: IndexDir = None, config: ConfigFile = None) -> None:
    """Answer in Slack until stopped (Socket Mode)."""
    if context.invoked_subcommand is not None:
        return
    from api.app.composition import running_services
    from rag.engine.engine import open_engine

    settings = load(config, index)
    if settings.slack.app_token is None:
        raise ConfigError(
            "slack.app_token is not set. Create a token (xapp-…) with the scope connections:write on the app's page, "
            "and set FOOTNOTE_SLACK__APP_TOKEN to it. `footnote serve` needs none, if slack.signing_secret is set."
        )
    with (
        terminal.OpeningProgress() as progress,
        open_engine(settings, progress) as engine,
        running_services(engine) as services,
    ):
        asyncio.run(listen_until_stopped(engine, services))


@app.command()
def manifest(
    config: ConfigFile = None,
    *,
    http: Annotated[bool, typer.Option("--http", help="For events over HTTP, at server.public_url.")] = False,
    name: Annotated[str, typer.Option(help="The name of the bot.")] = "Footnote",
) -> None:
    """Print the app's manifest as JSON, to paste into Slack's form for a new app."""
    from api.slack.manifest import manifest as make_manifest

    settings = load(config, None)
    if http and settings.server.public_url is None:
        raise ConfigError(
            "server.public_url is not set. Slack sends events to this address, as https://docs.example.com."
        )
    print_json(make_manifest(settings.slack, settings.server.public_url, socket=not http, name=name))


@app.command()
def check(
    config: ConfigFile = None,
    *,
    http: Annotated[
        bool, typer.Option("--http", help="Check for events over HTTP, although slack.app_token is set.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check tokens, scopes and event subscriptions at Slack, and report what is missing.

    Event subscriptions can be checked only with slack.config_token.
    """
    from api.slack.diagnostics import diagnose

    findings = asyncio.run(diagnose(load(config, None), http=http))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        terminal.print_findings(findings)
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


async def listen_until_stopped(engine: "Engine", services: "Services") -> None:
    """Answer until the process is interrupted or terminated. Raises ``SlackError``, and as ``make_bot`` does."""
    from api.slack.factory import make_bot
    from api.slack.socket_mode import SocketMode, listen
    from indexes.types import Query

    await asyncio.to_thread(engine.search, Query("warm"), 1)  # loads the models before the first question
    settings = engine.settings
    bot = make_bot(settings, services)
    token = settings.slack.app_token
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    socket = SocketMode(bot, token.get_secret_value() if token else "", settings.slack.api_url)
    await listen(socket, lambda: terminal.say("Footnote answers in Slack (Ctrl-C stops it)"), stop)
