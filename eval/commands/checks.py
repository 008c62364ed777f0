"""``footnote eval checks``: test the verifier with true and false sentences."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.run import AsJson, ConfigFile, IndexDir
from eval.terminal import align_columns, say
from rag.console import print_json


def checks(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run whose gold questions have evidence.")],
    index: IndexDir = None,
    config: ConfigFile = None,
    limit: Annotated[int, typer.Option(min=1, help="How many questions give a sentence of their evidence.")] = 40,
    *,
    as_json: AsJson = False,
) -> None:
    """Test the verifier with sentences of the gold evidence: as they stand, and made false.

    The scores are kept in the run's folder. The run's report draws them.
    """
    from eval.gold.sets import INDEXES, HealingListener, settings_for, unique_name
    from eval.runs.folder import RunError, RunFolder
    from eval.runs.provenance import index_hash
    from eval.verification.roc import area, rates_by_kind, threshold_points
    from eval.verification.verifier_scores import make_cited_claims, save_scores, score_claims
    from rag.engine.engine import open_engine

    folder = RunFolder(run)
    gold = Path(folder.provenance.gold_file)
    if index is None and gold.is_dir() and (INDEXES / unique_name(gold)).is_dir():
        index = INDEXES / unique_name(gold)  # where `footnote eval SET` made it
    settings = settings_for(index, config)
    with open_engine(settings, HealingListener()) as engine:
        if index_hash(engine.catalog) != folder.provenance.index:
            raise RunError(f"{run} was made with another index than {settings.index.dir}: name its own with --index.")
        claims = list(make_cited_claims(engine.catalog, folder.cases, limit=limit, seed=folder.provenance.gold))
        if not any(cited.claim.is_true for cited in claims):
            raise RunError(f"{run} gives no claim: its evidence has no whole sentence, or is all of one document.")
        scores = score_claims(claims, engine.encoder)
    save_scores(folder, scores)
    kinds, points = list(rates_by_kind(scores)), threshold_points(scores)
    if as_json:
        by_kind = {kind: {"n": n, "unsupported": low, "or_weak": weak} for kind, n, low, weak in kinds}
        print_json({"run": str(run), "auc": area(scores), "points": list(map(asdict, points)), "kinds": by_kind})
    else:
        rows = [(kind, str(n), f"{low:.3f}", f"{weak:.3f}") for kind, n, low, weak in kinds]
        typer.echo(align_columns([("claims", "n", "unsupported", "or weak"), *rows]))
        for point in points:
            typer.echo(f"{point.name}: {point.found:.3f} of the false claims, {point.wrongly:.3f} of the true ones")
        typer.echo(f"Area under the curve: {area(scores):.3f}")
    say(f"footnote eval report {run} draws these scores.")
