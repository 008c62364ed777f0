"""``footnote eval checks``: whether the check tells true sentences from false ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eval.commands.run import AsJson, ConfigFile, IndexDir
from eval.terminal import columns, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.runs.folder import RunFolder
    from eval.verification.verifier_scores import Outcome


def checks(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a run, whose gold questions have evidence.")
    ],
    index: IndexDir = None,
    config: ConfigFile = None,
    limit: Annotated[int, typer.Option(min=1, help="Questions of whose evidence a sentence is taken.")] = 40,
    *,
    as_json: AsJson = False,
) -> None:
    """Put the check to the test with sentences of the gold evidence, as they stand and made false.

    What came of it is kept in the run's folder, and drawn in its report.
    """
    from eval.gold.sets import Telling, settings_for
    from eval.runs.folder import RunError, RunFolder
    from eval.runs.provenance import index_hash
    from eval.verification.verifier_scores import outcomes, pairs, save
    from rag.engine.engine import open_engine

    folder = RunFolder(run)
    settings = settings_for(index or _index_of(folder), config)
    with open_engine(settings, Telling()) as engine:
        if index_hash(engine.catalog) != folder.facts.index:
            raise RunError(f"{settings.index.dir} is not the index that {run} was made with: name that with --index.")
        made = list(pairs(engine.catalog, folder.cases, limit=limit, seed=folder.facts.gold))
        if not any(pair.claim.is_true for pair in made):
            raise RunError(f"No claim can be made of {run}: its evidence has no whole sentence, or is of one document.")
        told = outcomes(made, engine.encoder)
    save(folder, told)
    print_json(_summary(run, told)) if as_json else _print(told)
    say(f"footnote eval report {run} draws it.")


def _index_of(folder: "RunFolder") -> Path | None:
    """Where `footnote eval SET` made one, if the run is of a set that has its own."""
    from eval.gold.sets import INDEXES, own_name

    gold = Path(folder.facts.gold_file)
    return made if gold.is_dir() and (made := INDEXES / own_name(gold)).is_dir() else None


def _summary(run: Path, told: "Sequence[Outcome]") -> dict[str, Any]:
    from dataclasses import asdict

    from eval.verification.roc import area, by_kind, points

    kinds = {kind: {"n": n, "unsupported": low, "or_weak": weak} for kind, n, low, weak in by_kind(told)}
    return {"run": str(run), "auc": area(told), "points": [asdict(one) for one in points(told)], "kinds": kinds}


def _print(told: "Sequence[Outcome]") -> None:
    from eval.verification.roc import area, by_kind, points

    rows = [(kind, str(n), f"{low:.3f}", f"{weak:.3f}") for kind, n, low, weak in by_kind(told)]
    typer.echo(columns([("claims", "n", "unsupported", "or weak"), *rows]))
    for one in points(told):
        typer.echo(f"{one.name}: {one.found:.3f} of the false claims, {one.wrongly:.3f} of the true ones")
    typer.echo(f"Area under the curve: {area(told):.3f}")
