"""``footnote eval lint``: check gold questions against the index."""

import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.run import AsJson, ConfigFile
from eval.terminal import progress, say
from rag.console import print_json


def lint(
    gold: Annotated[Path, typer.Argument(help="A gold file (.jsonl, .csv), or a set: a folder with questions.jsonl.")],
    index: Annotated[
        Path | None,
        typer.Option("--index", help="The index. The default is the one made for the set, or var/index for a file."),
    ] = None,
    config: ConfigFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check gold questions against the index: paths, pages, quotes, duplicates, and wrong unanswerables."""
    from eval.gold.files import gold_file
    from eval.gold.linter import find_unexpected_answers, lint_gold, read_gold_lines
    from eval.gold.sets import HealingListener, prepare_index
    from rag.engine.engine import open_engine

    file = gold_file(gold)
    lines, findings = read_gold_lines(file)
    unanswerable = [line for line in lines if not line.case.answerable]
    with open_engine(prepare_index(gold, index, config), HealingListener()) as engine:
        findings += lint_gold(lines, engine)
        with progress("unanswerable questions", len(unanswerable)) as advance:
            for finding in find_unexpected_answers(unanswerable, engine):
                findings += [finding] if finding else []
                advance()
    findings.sort(key=lambda finding: finding.line or float("inf"))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            place = f"{file}:{finding.line}" if finding.line else f"{file}"
            question = f"{finding.id}: " if finding.id else ""
            sys.stdout.write(f"{place}: {finding.level}: {question}{finding.text}\n")
        levels = Counter(finding.level for finding in findings)
        counts = [(level, levels[level]) for level in ("error", "warning", "note")]
        say(", ".join(f"{count} {level}{'s' * (count != 1)}" for level, count in counts))
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)
