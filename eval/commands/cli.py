"""``footnote eval``: its commands. ``footnote eval SET`` is ``footnote eval run SET``."""

from difflib import get_close_matches
from pathlib import Path

import typer
from typer.core import TyperGroup

from eval.commands.attack import attack
from eval.commands.baseline import baseline
from eval.commands.calibrate import calibrate
from eval.commands.checks import checks
from eval.commands.compare import compare
from eval.commands.draft import draft
from eval.commands.gate import gate
from eval.commands.imports import import_set
from eval.commands.judge import judge
from eval.commands.lint import lint
from eval.commands.report import report
from eval.commands.review import review
from eval.commands.run import run
from eval.commands.sweep import sweep


class _DefaultToRun(TyperGroup):
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Add ``run`` before what is neither a command nor nearly one, which the group then suggests."""
        first = args[0] if args else "--help"
        known = first in (*self.commands, "--help")
        mistyped = not Path(first).exists() and get_close_matches(first, self.commands, cutoff=0.7)
        return super().parse_args(ctx, args if known or mistyped else ["run", *args])


app = typer.Typer(
    cls=_DefaultToRun,
    no_args_is_help=True,
    help="Measure the engine with gold questions. `footnote eval SET` is `footnote eval run SET`.",
)
for command in (run, report, compare, gate, baseline, lint, draft, review, sweep, calibrate, attack, judge, checks):
    app.command(command.__name__)(command)
app.command("import")(import_set)
