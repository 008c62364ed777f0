"""A run to commit: what later runs are held against, small and the same on every machine."""

from dataclasses import asdict, replace
from pathlib import Path, PurePath
from typing import Any

from eval.runs.folder import RunError, RunFolder
from eval.runs.provenance import bare

_FILES = {"run.json", "scores.jsonl", "summary.json"}


def write_baseline(run: RunFolder, folder: Path) -> None:
    """``run.json``, ``scores.jsonl`` and ``summary.json``: no date, no path of the machine, no secret, no answers.

    Raises ``RunError`` where the run is not finished, or the folder holds what is no baseline.
    """
    facts, scored, baseline = run.facts, run.scored(), RunFolder(folder)
    if folder.is_dir() and {file.name for file in folder.iterdir()} - _FILES:
        raise RunError(f"{folder} holds other things than a baseline: give the baseline a folder of its own.")
    kept = replace(facts, name="baseline", started="", gold_file="", settings=_anywhere(bare(facts.settings)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        baseline.write_json("run.json", asdict(kept))
        baseline.write_scores(scored.values())
        baseline.write("summary.json", (run.path / "summary.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"The baseline cannot be written to {folder}: {error.strerror}.") from error


def _anywhere(settings: Any) -> Any:
    """With the names of files in place of their paths on this machine."""
    if isinstance(settings, dict):
        return {key: _anywhere(value) for key, value in settings.items()}
    return PurePath(settings).name if isinstance(settings, str) and PurePath(settings).is_absolute() else settings
