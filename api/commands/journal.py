"""``footnote journal``: the questions asked of the server, and the feedback on its answers."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, load
from api.rendering.printable import printable
from rag.console import print_json

if TYPE_CHECKING:
    from api.history.audit_log import Journal

app = typer.Typer(help="Show and export the questions asked of the server. Needs journal.on.", no_args_is_help=True)


@app.command()
def export(
    config: ConfigFile = None,
    *,
    feedback_only: Annotated[bool, typer.Option("--feedback-only", help="Only entries with feedback.")] = False,
    form: Annotated[
        Literal["jsonl", "gold"],
        typer.Option("--as", help="jsonl: whole entries. gold: candidates for `footnote eval review`."),
    ] = "jsonl",
) -> None:
    """Write the journal to standard output as JSON lines, oldest first."""
    from api.history.gold_export import candidates

    journal = _journal(config)
    if form == "gold":
        rows = candidates(journal.entries(feedback_only=True))
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    else:
        lines = (entry.line() for entry in journal.entries(feedback_only=feedback_only))
    empty = True
    for line in lines:
        sys.stdout.write(f"{line}\n")
        empty = False
    if empty:
        terminal.say("The journal has no such entries yet.")


@app.command()
def show(
    config: ConfigFile = None,
    last: Annotated[int, typer.Option(min=1, help="The most entries to show.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the latest questions, newest first."""
    entries = _journal(config).last(last)
    if as_json:
        print_json([json.loads(entry.line()) for entry in entries])
        return
    for entry in entries:
        ended = entry.result.status if entry.result else entry.ended
        outcome = f"{ended} ({entry.failure})" if entry.failure else ended
        verdict = f", {entry.feedback.verdict}" if entry.feedback else ""
        line = f"{entry.asked:%Y-%m-%d %H:%M:%S} {entry.principal} by {entry.via}, {outcome}{verdict}: {entry.question}"
        terminal.print_lines([printable(line)])


def _journal(config: "ConfigFile") -> "Journal":
    from api.history.audit_log import Journal

    return Journal.open_existing(load(config, None).server.dir)
