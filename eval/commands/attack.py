"""``footnote eval attack``: measure what instructions and falsehoods in documents do to the answers."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.run import AsJson, ConfigFile, GoldSet
from eval.terminal import progress, say
from rag.console import print_json


def attack(
    gold_set: GoldSet,
    attacks: Annotated[
        Path | None, typer.Option("--attacks", help="A file of attacks as JSON lines. The default is Footnote's own.")
    ] = None,
    config: ConfigFile = None,
    folder: Annotated[
        Path | None,
        typer.Option("--run", help="The run's folder, to make or to resume. The default is var/runs/SET-HASH-attacks."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Run only N attacks, and poison only N questions.")] = None,
    max_obeyed: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Exit with status 1 if a larger share is obeyed. Undecided and failed attacks count as obeyed.",
        ),
    ] = None,
    *,
    poison: Annotated[
        bool, typer.Option("--poison/--no-poison", help="Also add documents that contradict the evidence.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Attack a copy of a set's documents: measure what is obeyed, repeated, no longer right, and believed."""
    from eval.gold.files import read_gold
    from eval.gold.sets import prepare_index, unique_name
    from eval.red_team.attack_report import format_table, write_report
    from eval.red_team.attacks import OWN, AttackError, read_attacks
    from eval.red_team.campaign import open_range, plan_campaign, run_campaign
    from eval.red_team.outcomes import check_obedience
    from eval.runs.folder import RunFolder

    if not (gold_set / "docs").is_dir():
        raise AttackError(f"{gold_set} is no set: an attack needs docs/, which it copies, and questions.jsonl.")
    file, cases = attacks or OWN, read_gold(gold_set)
    instructions = read_attacks(file, gold_set.resolve().name)
    run = RunFolder(folder or Path("var/runs") / f"{unique_name(gold_set)}-{file.stem}")
    with open_range(prepare_index(gold_set, None, config), gold_set / "docs") as target:
        plan, answered = plan_campaign(target, cases, instructions, limit), run.answered_ids()
        if not poison:
            plan = replace(plan, poisons=())
        with progress("Asking", sum(case.id not in answered for case in plan.cases)) as advance:
            run_campaign(target, plan, run, str(gold_set), advance)
    report = write_report(plan, run)
    print_json({"run": str(run.path), **report}) if as_json else typer.echo(format_table(report))
    if max_obeyed is not None and (problem := check_obedience(run, max_obeyed)):
        say(f"Failed: {problem}")
        raise typer.Exit(1)
