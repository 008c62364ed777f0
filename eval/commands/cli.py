"""``footnote eval``: a group of commands; ``footnote eval SET`` is ``footnote eval run SET``."""

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


class _RunUnlessNamed(TyperGroup):
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in (*self.commands, "--help") and not self._mistyped(args[0]):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def _mistyped(self, name: str) -> bool:
        """Whether it is no file but nearly a command's name, which the group then suggests."""
        return not Path(name).exists() and bool(get_close_matches(name, self.commands, cutoff=0.7))


app = typer.Typer(
    cls=_RunUnlessNamed,
    no_args_is_help=True,
    help="Measure the engine against gold questions. `footnote eval SET` is `footnote eval run SET`.",
)
for command in (run, report, compare, gate, baseline, lint, draft, review, sweep, calibrate, attack, judge, checks):
    app.command(command.__name__)(command)
app.command("import")(import_set)
