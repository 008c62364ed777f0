"""The command line. A command parses its arguments, calls one method of the engine and prints the result."""

import asyncio
import os
import sys
from dataclasses import asdict, replace
from importlib.metadata import entry_points
from typing import Annotated

import typer

from api.commands import journal as journal_commands
from api.commands import keys as key_commands
from api.commands import models, slack, terminal
from api.commands.ask_command import ask
from api.commands.index_command import index
from api.commands.options import AsJson, ConfigFile, Groups, IndexDir, load
from api.commands.search_command import search
from indexes.errors import FootnoteError
from rag.console import print_json

app = typer.Typer(
    help="Answers questions from your documents, and footnotes every sentence to the exact place it came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(models.app, name="models")
app.add_typer(key_commands.app, name="keys")
app.add_typer(journal_commands.app, name="journal")
app.add_typer(slack.app, name="slack")


for command in (index, ask, search):
    app.command()(command)


@app.command()
def serve(
    index: IndexDir = None,
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one. Default: 8000.")] = None,
) -> None:
    """Serve the HTTP API and the chat page."""
    from api.app.http_server import run
    from api.auth.policy import check_keys
    from rag.engine.engine import open_engine

    flags = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load(config, index, server=flags)
    check_keys(settings.server)  # fail before models are loaded
    with terminal.OpeningProgress() as progress, open_engine(settings, progress) as engine:
        if engine.another_model:
            terminal.say(engine.another_model)
        run(engine, announce=terminal.say)


@app.command()
def mcp(index: IndexDir = None, config: ConfigFile = None, *, group: Groups = None) -> None:
    """Serve the tools search, ask and open_source to an MCP client, over standard input and output."""
    from api.app.composition import make_services
    from api.core.principals import LOCAL
    from api.mcp.mcp_server import serve_stdio
    from api.rendering.links import Links
    from indexes.types import Audience
    from rag.engine.engine import open_engine

    settings = load(config, index)
    asker = replace(LOCAL, audience=Audience(frozenset(group or ())))
    with open_engine(settings) as engine:
        asyncio.run(serve_stdio(make_services(engine), asker, Links(settings.server.public_url)))


@app.command()
def verify(index: IndexDir = None, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Compare folder, catalog and Chroma, and report differences."""
    from indexes.ingest.uploads import uploads_of
    from indexes.ingest.verification import verify
    from rag.engine.access_state import AccessState
    from rag.engine.engine import open_engine

    with open_engine(load(config, index)) as engine:
        access = AccessState.of(engine.settings, engine.catalog)
        faults = [*verify(engine.catalog, engine.vectors, uploads_of(engine.settings.index.dir)), *access.faults()]
    if as_json:
        print_json({"faults": faults, "access": access.as_json()})
    else:
        terminal.print_lines(access.lines() if access.rules else [])
        terminal.print_lines(faults or ["Folder, catalog and Chroma agree."])
    if faults:
        raise typer.Exit(1)


@app.command()
def rebuild(index: IndexDir = None, config: ConfigFile = None) -> None:
    """Rebuild Chroma and the full-text index from the catalog. Nothing is embedded again."""
    from rag.engine.engine import open_engine, writing

    settings = load(config, index)
    with open_engine(settings) as engine, writing(settings), terminal.SyncProgress() as progress:
        _, passages = engine.catalog.counts()
        progress.publishing(passages)
        engine.catalog.rebuild_full_text()
        engine.vectors.publish(progress.published, force=True)
    terminal.print_lines([f"Rebuilt Chroma and the full-text index: {passages} passages."])


@app.command()
def status(index: IndexDir = None, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Show what the index holds."""
    from api.commands.doctor import index_status
    from rag.engine.access_state import AccessState
    from rag.engine.engine import open_engine

    with open_engine(load(config, index)) as engine:
        facts, access = index_status(engine), AccessState.of(engine.settings, engine.catalog)
    if as_json:
        print_json({**facts, "access": access.as_json()})
    else:
        terminal.print_facts(facts)
        terminal.print_lines(access.lines())


@app.command()
def doctor(index: IndexDir = None, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Check the installation and the configuration, and report problems."""
    from api.commands.doctor import examine

    findings = examine(lambda: load(config, index))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        terminal.print_findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line. A failure prints one sentence to standard error, and exits with status 1."""
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    for command in entry_points(group="footnote.commands"):
        app.add_typer(command.load(), name=command.name)
    try:
        app()
    except FootnoteError as error:
        if "--json" in sys.argv:
            print_json({"error": {"type": f"urn:footnote:problem:{error.kind}", "detail": str(error)}})
        else:
            terminal.print_error(str(error))
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
