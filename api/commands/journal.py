"""``footnote journal``: what was asked, and what people thought of the answers."""

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, load
from api.rendering.printable import printable
from rag.console import print_json

if TYPE_CHECKING:
    from api.history.audit_log import Journal
    from api.history.journal_entry import Entry

app = typer.Typer(help="What was asked of the server, where journal.on is set.", no_args_is_help=True)


@app.command()
def export(
    config: ConfigFile = None,
    *,
    feedback_only: Annotated[
        bool, typer.Option("--feedback-only", help="Only what its asker said something of.")
    ] = False,
    form: Annotated[
        Literal["jsonl", "gold"],
        typer.Option("--as", help="jsonl is all of each entry; gold is candidates for `footnote eval review`."),
    ] = "jsonl",
) -> None:
    """Write the journal to standard output as JSON lines, the oldest first."""
    written = False
    for line in _lines(_journal(config), form, feedback_only=feedback_only):
        sys.stdout.write(f"{line}\n")
        written = True
    if not written:
        terminal.say("There is nothing of that kind in the journal yet.")


@app.command()
def show(
    config: ConfigFile = None,
    last: Annotated[int, typer.Option(min=1, help="How many entries, at most.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what was asked last, the latest first."""
    entries = _journal(config).last(last)
    if as_json:
        print_json([json.loads(entry.line()) for entry in entries])
    else:
        terminal.print_lines(_shown(entry) for entry in entries)


def _journal(config: "ConfigFile") -> "Journal":
    from api.history.audit_log import Journal

    return Journal.existing(load(config, None).server.dir)


def _lines(journal: "Journal", form: str, *, feedback_only: bool) -> Iterable[str]:
    if form == "jsonl":
        return (entry.line() for entry in journal.entries(feedback_only=feedback_only))
    from api.history.gold_export import candidates

    return (json.dumps(row, ensure_ascii=False) for row in candidates(journal.entries(feedback_only=True)))


def _shown(entry: "Entry") -> str:
    how = f"{entry.ended} ({entry.failure})" if entry.failure else entry.ended
    said = f", {entry.feedback.verdict}" if entry.feedback else ""
    told = f"{entry.asked:%Y-%m-%d %H:%M:%S} {entry.principal} by {entry.via}, {how}{said}: {entry.question}"
    return printable(told)
