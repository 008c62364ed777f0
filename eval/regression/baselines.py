"""Baselines: small runs to commit, the same on every machine, with which later runs are compared."""

from dataclasses import asdict, replace
from pathlib import Path, PurePath
from typing import Any

from eval.runs.folder import RunError, RunFolder
from eval.runs.provenance import without_secrets

_FILES = {"run.json", "scores.jsonl", "summary.json"}


def write_baseline(run: RunFolder, folder: Path) -> None:
    """Write ``run.json``, ``scores.jsonl`` and ``summary.json``, without dates, local paths, secrets or answers.

    Raises ``RunError`` where the run is not finished, or the folder holds other files.
    """
    facts, scored, baseline = run.provenance, run.scores(), RunFolder(folder)
    if folder.is_dir() and {file.name for file in folder.iterdir()} - _FILES:
        raise RunError(f"{folder} holds other files than a baseline: give the baseline a folder of its own.")
    portable = replace(
        facts, name="baseline", started="", gold_file="", settings=_without_folders(without_secrets(facts.settings))
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        baseline.write_json("run.json", asdict(portable))
        baseline.write_scores(scored.values())
        baseline.write("summary.json", (run.path / "summary.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"The baseline cannot be written to {folder}: {error.strerror}.") from error


def _without_folders(settings: Any) -> Any:
    """Replaces absolute paths by the names of their files."""
    if isinstance(settings, dict):
        return {key: _without_folders(value) for key, value in settings.items()}
    return PurePath(settings).name if isinstance(settings, str) and PurePath(settings).is_absolute() else settings
