"""``footnote eval``: a group of commands; ``footnote eval SET`` is ``footnote eval run SET``."""

import typer
from typer.core import TyperGroup

from eval.commands.draft import draft
from eval.commands.imports import import_set
from eval.commands.lint import lint
from eval.commands.review import review
from eval.commands.run import run


class _RunUnlessNamed(TyperGroup):
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in (*self.commands, "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunUnlessNamed,
    no_args_is_help=True,
    help="Measure the engine against gold questions. `footnote eval SET` is `footnote eval run SET`.",
)
for command in (run, lint, draft, review):
    app.command(command.__name__)(command)
app.command("import")(import_set)
