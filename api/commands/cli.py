"""The command line: parse, call one method of the engine, render."""

import asyncio
import json
import os
import sys
from contextlib import aclosing
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import journal as journal_commands
from api.commands import keys as key_commands
from api.commands import models, slack, terminal
from api.commands.options import (
    NO_DOCUMENTS,
    AsJson,
    ConfigFile,
    Groups,
    IndexDir,
    SearchOptions,
    load,
    with_search_options,
)
from api.commands.search_command import search
from indexes.errors import FootnoteError
from rag.console import print_json

if TYPE_CHECKING:
    from indexes.ingest.sync import SyncReport
    from indexes.ingest.writer import IndexWriter
    from rag.settings import Settings
    from rag.types import Answer, Question, Turn

_QUIET_MS = 1000
"""How long a folder is watched before it is looked at once unasked."""

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


@app.command()
def index(
    docs: Annotated[list[Path], typer.Argument(help="Folders of documents, or single files.")],
    index: IndexDir = None,
    config: ConfigFile = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and follow what changes in the folders.")] = False,
    allow_delete: Annotated[
        bool, typer.Option("--allow-delete", help="Also remove most of the index, if the folder lost it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the index equal to the folders: new, changed and removed files."""
    from indexes.ingest.folder_scan import scan_folders
    from rag.engine.engine import open_writer, plan

    settings = load(config, index)
    if dry_run:
        planned = plan(settings, docs)
        print_json(terminal.plan_to_wire(planned)) if as_json else terminal.print_plan(planned)
        return
    scan_folders(docs)  # before an index is made for nothing, and a model loaded
    with (
        terminal.stopped("What was indexed is kept; run it again to go on."),
        open_writer(settings) as writer,
    ):
        report = _sync(writer, docs, allow_delete=allow_delete, as_json=as_json)
        if watch:
            _follow(writer, settings, docs, as_json=as_json)
    if report.failed:
        raise typer.Exit(1)


@app.command()
@with_search_options
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    index: IndexDir = None,
    config: ConfigFile = None,
    *,
    options: SearchOptions,
    language: Annotated[
        str | None,
        typer.Option("--language", help="Answer in this language, as de, pt-BR or German. Needs a language model."),
    ] = None,
    history: Annotated[
        Path | None, typer.Option(help="A file that keeps the conversation: read before, written after.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave out the advice on language models.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask one question; the answer comes with numbered sources."""
    from indexes.types import ALL, Scope
    from rag.engine.engine import open_engine
    from rag.question.languages import make_language
    from rag.question.validation import make_question

    settings = load(config, index)
    turns = _read_history(history) if history else ()
    asked = options.apply(make_question(question, turns, settings.answer.max_question_chars))
    asked = replace(asked, language=make_language(language))
    with terminal.OpeningProgress() as progress, open_engine(settings, progress) as engine:
        if engine.another_model and not quiet:
            terminal.say(engine.another_model)
        if asked.filters != ALL and not engine.catalog.documents_within(Scope(asked.audience, asked.filters)):
            terminal.say(NO_DOCUMENTS)
        answer = asyncio.run(_ask(engine.assistant, asked, show=not as_json))
        if as_json:
            from api.schemas.answer import answer_to_wire

            print_json(answer_to_wire(answer, engine.advice))
        else:
            from api.commands import answers as terminal_answers

            terminal_answers.print_sources(answer, None if quiet else engine.advice)
            if left_out := str(answer.retrieval.left_out):
                terminal.say(left_out)
    if history:
        _write_history(history, asked, answer)


app.command()(search)


@app.command()
def serve(
    index: IndexDir = None,
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(help="The address to listen at; 127.0.0.1 if not given.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 8000 if not given, 0 takes a free one.")] = None,
) -> None:
    """Serve the HTTP API and the chat page."""
    from api.app.http_server import run
    from api.auth.policy import check_door
    from rag.engine.engine import open_engine

    flags = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load(config, index, server=flags)
    check_door(settings.server)  # before models are loaded for nothing
    with terminal.OpeningProgress() as progress, open_engine(settings, progress) as engine:
        if engine.another_model:
            terminal.say(engine.another_model)
        run(engine, announce=terminal.say)


@app.command()
def mcp(index: IndexDir = None, config: ConfigFile = None, *, group: Groups = None) -> None:
    """Serve the tools search, ask and open_source to an MCP client, over standard input and output."""
    from api.app.composition import desk_of
    from api.core.principals import LOCAL
    from api.mcp.mcp_server import serve_stdio
    from api.rendering.links import Links
    from indexes.types import Audience
    from rag.engine.engine import open_engine

    settings = load(config, index)
    asker = replace(LOCAL, audience=Audience(frozenset(group or ())))
    with open_engine(settings) as engine:
        asyncio.run(serve_stdio(desk_of(engine), asker, Links(settings.server.public_url)))


@app.command()
def verify(index: IndexDir = None, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Compare folder, catalog and Chroma, and say what differs."""
    from indexes.ingest.uploads import uploads_of
    from indexes.ingest.verification import verify
    from rag.engine.engine import open_engine

    with open_engine(load(config, index)) as engine:
        faults = verify(engine.catalog, engine.vectors, uploads_of(engine.settings.index.dir))
    if as_json:
        print_json({"faults": faults})
    else:
        terminal.print_lines(faults or ["Folder, catalog and Chroma agree."])
    if faults:
        raise typer.Exit(1)


@app.command()
def rebuild(index: IndexDir = None, config: ConfigFile = None) -> None:
    """Make Chroma and the full-text index anew from the catalog; nothing is embedded for it."""
    from rag.engine.engine import open_engine, writing

    settings = load(config, index)
    with open_engine(settings) as engine, writing(settings), terminal.SyncProgress() as progress:
        _, passages = engine.catalog.counts()
        progress.publishing(passages)
        engine.catalog.rebuild_full_text()
        engine.vectors.publish(progress.published, force=True)
    terminal.print_lines([f"{passages} passages in Chroma and in the full-text index."])


@app.command()
def status(index: IndexDir = None, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Say what the index holds."""
    from api.commands.doctor import index_status
    from rag.engine.engine import open_engine

    with open_engine(load(config, index)) as engine:
        facts = index_status(engine)
    print_json(facts) if as_json else terminal.print_facts(facts)


@app.command()
def doctor(index: IndexDir = None, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Check what is installed and configured, and say what is wrong."""
    from api.commands.doctor import examine

    findings = examine(lambda: load(config, index))
    if as_json:
        print_json([{"check": f.check, "ok": f.ok, "detail": f.detail} for f in findings])
    else:
        terminal.print_findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def main() -> None:
    """Runs the command line; a failure is one sentence on standard error and exit status 1."""
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    for command in entry_points(group="footnote.commands"):
        app.add_typer(command.load(), name=command.name)
    try:
        app()
    except FootnoteError as error:
        if "--json" in sys.argv:
            print_json({"error": {"type": f"urn:footnote:problem:{error.kind}", "detail": str(error)}})
        else:
            terminal.complain(str(error))
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _sync(writer: "IndexWriter", docs: list[Path], *, allow_delete: bool, as_json: bool) -> "SyncReport":
    with terminal.SyncProgress() as progress:
        report = writer.run(docs, progress, allow_delete=allow_delete)
    if as_json:
        print_json(terminal.report_to_wire(report))
    else:
        terminal.print_report(report)
    return report


def _follow(writer: "IndexWriter", settings: "Settings", docs: list[Path], *, as_json: bool) -> None:
    """Until interrupted. A change that cannot be taken in is said, and the next one tried."""
    from watchfiles import watch

    from indexes.ingest.uploads import NAME
    from rag.engine.engine import plan

    terminal.say("Following what changes (Ctrl-C stops it)")
    looked = False
    own = settings.index.dir.resolve()
    watched = watch(
        *docs,
        own,
        watch_filter=lambda _, path: (
            not (place := Path(path).resolve()).is_relative_to(own) or place.is_relative_to(own / NAME)
        ),
        rust_timeout=_QUIET_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for changes in watched:
        if looked and not changes:
            continue
        looked = True  # once without being told: something may have changed before the watch began
        try:
            if plan(settings, docs).differs:
                _sync(writer, docs, allow_delete=False, as_json=as_json)
        except FootnoteError as error:
            terminal.complain(str(error))


async def _ask(assistant: Any, question: "Question", *, show: bool) -> "Answer":
    """Streams the answer to the terminal as it comes."""
    from api.commands import answers as terminal_answers
    from rag.types import Completed, Delta, Retrieved

    streamed = ""
    with terminal.waiting("Searching…") as waiting:
        async with aclosing(assistant.stream(question)) as events:
            async for event in events:
                match event:
                    case Retrieved(retrieval) if show:
                        waiting.update(f"Found {len(retrieval.hits)} passages, reading…")
                    case Delta(text) if show:
                        waiting.stop()
                        streamed += text
                        terminal.write(text)
                    case Completed(answer):
                        if show:
                            terminal_answers.end_of_text(streamed, answer)
                        return answer
    raise AssertionError("stream() always completes")


def _read_history(file: Path) -> tuple["Turn", ...]:
    """An absent file is a conversation that has not begun."""
    from rag.errors import QuestionError
    from rag.types import Turn

    if not file.exists():
        return ()
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        if any(row["role"] not in ("user", "assistant") for row in rows):
            raise ValueError("a role is 'user' or 'assistant'")
        return tuple(Turn(row["role"], str(row["text"])) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise QuestionError(
            f"{file} is not a conversation ({error}): it holds a JSON list of objects with 'role' and 'text'."
        ) from error


def _write_history(file: Path, question: "Question", answer: "Answer") -> None:
    turns = [(turn.role, turn.text) for turn in question.history]
    turns += [("user", question.text), ("assistant", answer.text)]
    rows = [{"role": role, "text": text} for role, text in turns]
    try:
        file.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        from rag.errors import QuestionError

        raise QuestionError(f"The conversation cannot be kept in {file}: {error.strerror}.") from error


if __name__ == "__main__":
    main()
