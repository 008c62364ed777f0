"""``footnote eval lint``: is the gold right?"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.run import AsJson, ConfigFile
from eval.terminal import progress, say
from rag.console import print_json

if TYPE_CHECKING:
    from eval.gold.linter import LintFinding


def lint(
    gold: Annotated[Path, typer.Argument(help="A gold file (.jsonl, .csv), or a set: a folder with questions.jsonl.")],
    index: Annotated[
        Path | None,
        typer.Option("--index", help="The index; var/index if not given, for a set the one that eval made of it."),
    ] = None,
    config: ConfigFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check gold questions against the index: paths, pages, quotes, repeats, and what looks answerable."""
    from eval.gold.files import gold_file
    from eval.gold.linter import find_unexpected_answers, lint_gold, read_gold_lines
    from eval.gold.sets import HealingListener, prepare_index
    from rag.engine.engine import open_engine

    file = gold_file(gold)
    asked, findings = read_gold_lines(file)
    unanswerable = [one for one in asked if not one.case.answerable]
    with open_engine(prepare_index(gold, index, config), HealingListener()) as engine:
        findings += lint_gold(asked, engine)
        with progress("unanswerable questions", len(unanswerable)) as advance:
            for found in find_unexpected_answers(unanswerable, engine):
                findings += [found] if found else []
                advance()
    findings.sort(key=lambda finding: finding.line or float("inf"))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(file, findings)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


def _print(file: Path, findings: "Sequence[LintFinding]") -> None:
    for finding in findings:
        where = f"{file}:{finding.line}" if finding.line else f"{file}"
        named = f"{finding.id}: " if finding.id else ""
        sys.stdout.write(f"{where}: {finding.level}: {named}{finding.text}\n")
    counts = Counter(finding.level for finding in findings)
    levels = [(level, counts[level]) for level in ("error", "warning", "note")]
    say(", ".join(f"{count} {level}{'s' * (count != 1)}" for level, count in levels))
