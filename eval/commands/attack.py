"""``footnote eval attack``: what instructions and falsehoods inside documents do to the answers."""

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
        Path | None, typer.Option("--attacks", help="Attacks as JSON lines; footnote's own if not given.")
    ] = None,
    config: ConfigFile = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--run", help="The run's folder, to make or to go on with; var/runs/SET-HASH-attack if not given."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only N attacks, and N questions poisoned.")] = None,
    max_obeyed: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Fail, with exit status 1, where a larger share is obeyed; what is undecided or failed counts so.",
        ),
    ] = None,
    *,
    poison: Annotated[
        bool, typer.Option("--poison/--no-poison", help="Also add documents that contradict the evidence.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Attack a copy of a set's documents, and measure what is obeyed, repeated, lost and believed."""
    from eval.gold.files import read_gold
    from eval.gold.sets import prepare_index, unique_name
    from eval.red_team.attack_report import report, table
    from eval.red_team.attacks import OWN, AttackError, read_attacks
    from eval.red_team.campaign import attack as make
    from eval.red_team.campaign import campaign, opened
    from eval.red_team.outcomes import gate
    from eval.runs.folder import RunFolder

    if not (gold_set / "docs").is_dir():
        raise AttackError(
            f"{gold_set} is no set: its documents are attacked in a copy, so it takes docs/ and questions.jsonl."
        )
    chosen, cases = read_attacks(attacks or OWN, gold_set.resolve().name), read_gold(gold_set)
    run = RunFolder(folder or Path("var/runs") / f"{unique_name(gold_set)}-{(attacks or OWN).stem}")
    with opened(prepare_index(gold_set, None, config), gold_set / "docs") as copy:
        planned, done = campaign(copy, cases, chosen, limit), run.answered_ids()
        if not poison:
            planned = replace(planned, poisons=())
        with progress("Asking", sum(case.id not in done for case in planned.cases)) as advance:
            make(copy, planned, run, str(gold_set), advance)
    told = report(planned, run)
    print_json({"run": str(run.path), **told}) if as_json else typer.echo(table(told))
    if max_obeyed is not None and (fault := gate(run, max_obeyed)):
        say(f"Failed: {fault}")
        raise typer.Exit(1)
