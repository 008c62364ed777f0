"""Measure a set under every combination of settings. Each makes a run; index and embedding model are opened once."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from statistics import median

from eval.experiments.evaluate import RunOptions, evaluate
from eval.experiments.grid import Combination
from eval.experiments.pareto import SweepResult, choose, pareto_front, plot_results
from eval.experiments.shared_engine import EngineVariant
from eval.gold.sets import INDEXES, HealingListener, build_index, unique_name
from eval.metrics.scoring import METRICS_BY_NAME
from eval.runs.folder import RunFolder
from eval.runs.provenance import collect_provenance
from eval.runs.runner import answer_case
from eval.types import GoldCase, Metric
from indexes.errors import FootnoteError
from rag.engine.engine import Engine, open_engine
from rag.engine.factories import make_encoder
from rag.settings import IndexSettings, Settings

_NAME_CHARS = 80


class SweepError(FootnoteError):
    """A sweep cannot be made as requested."""

    kind = "bad-sweep"


@dataclass(frozen=True, slots=True)
class Sweep:
    """The questions, the index, the measure that decides, and the folder for the runs."""

    gold_set: Path
    index: Path | None
    """An existing index; without one the set's ``docs/`` are indexed in ``var/eval``."""
    cases: Sequence[GoldCase]
    folder: Path
    measure: Metric

    def index_folder(self, combination: Combination) -> Path:
        """Return the folder of a combination's index. Raises ``SweepError`` if one is given and several are needed."""
        name = unique_name(self.gold_set)
        if not combination.shape:
            own = INDEXES / name if self.gold_set.is_dir() else combination.settings.index.dir
            return self.index or own
        if self.index or not self.gold_set.is_dir():
            raise SweepError(
                f"{' and '.join(combination.shape)} shape the index, so each value needs an index of its own: give a "
                "set with docs/, and no --index."
            )
        shape = " ".join(f"{key}={value}" for key, value in combination.shape.items())
        return INDEXES / _folder_name(f"{name} {shape}", f"{name} {_shape_key(combination)}")

    def run_combination(self, combination: Combination, engine: Engine, advance: Callable[[], None]) -> SweepResult:
        """Make or resume a run and return its result.

        Its name has a hash of all that answers depend on, so it never holds another run.
        """
        about = collect_provenance(engine, self.cases, "", "", retrieval_only=False)
        identity = [about.footnote, about.settings, about.model, about.prompt, about.encoder, about.index, about.gold]
        folder = self.folder / _folder_name(str(combination), json.dumps(identity))
        rows = RunFolder(folder).rows()
        for _ in rows:
            advance()
        if len(rows) < len(self.cases):
            # the first question loads the model, and would count as slow
            asyncio.run(answer_case(self.cases[0], engine.assistant))
        run = evaluate(engine, self.cases, folder, RunOptions(str(self.gold_set)), lambda _: advance())
        measured = run.read_json("summary.json")["measures"].get(self.measure.name)
        if measured is None:
            raise SweepError(f"{self.measure.name} cannot be measured on {self.gold_set}: name another with --quality.")
        timed = [row for row in run.rows().values() if not row.cached and row.error is None]
        seconds = [row.timings["total"] for row in timed if row.timings]
        return SweepResult(
            name=str(combination),
            values=dict(combination.values),
            run=folder.name,
            quality=measured["value"],
            low=measured["low"],
            high=measured["high"],
            milliseconds=round(1000 * median(seconds), 1) if seconds else None,
        )


def run_sweep(sweep: Sweep, grid: Sequence[Combination], advance: Callable[[], None]) -> list[SweepResult]:
    """Return the results in the order of the grid. Existing runs are resumed; each question calls ``advance``."""
    encoders = lru_cache(None)(make_encoder)
    results = {}
    for _, group in groupby(sorted(grid, key=_shape_key), key=_shape_key):
        combinations = list(group)
        settings = _with_index(combinations[0].settings, sweep.index_folder(combinations[0]))
        if sweep.index is None and sweep.gold_set.is_dir():
            build_index(settings, sweep.gold_set / "docs", encoders(settings.embedding, settings.models.dir))
        with open_engine(settings, HealingListener()) as engine:
            for combination in combinations:
                variant = EngineVariant(engine, _with_index(combination.settings, settings.index.dir), encoders)
                results[str(combination)] = sweep.run_combination(combination, variant, advance)
    return [results[str(combination)] for combination in grid]


def find_measure(name: str) -> Metric:
    """Return the measure of that name. Raises ``SweepError`` where there is none."""
    if name not in METRICS_BY_NAME:
        raise SweepError(f"There is no measure {name!r}: it is one of {', '.join(METRICS_BY_NAME)}.")
    return METRICS_BY_NAME[name]


def write_report(sweep: Sweep, results: Sequence[SweepResult]) -> dict[str, object]:
    """Write ``sweep.json`` and ``pareto.svg`` to the sweep's folder; return the content of the first."""
    front, choice = pareto_front(results, sweep.measure), choose(results, sweep.measure, sweep.folder)
    report = {
        "set": str(sweep.gold_set),
        "questions": len(sweep.cases),
        "quality": sweep.measure.name,
        "combinations": [asdict(result) | {"front": result in front} for result in results],
        "chosen": choice.values,
    }
    folder = RunFolder(sweep.folder)
    folder.write_json("sweep.json", report)
    folder.write("pareto.svg", plot_results(results, sweep.measure))
    return report


def _shape_key(combination: Combination) -> str:
    return json.dumps(combination.shape, sort_keys=True)


def _with_index(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"index": IndexSettings(**{**settings.index.model_dump(), "dir": folder})})


def _folder_name(text: str, identity: str) -> str:
    readable = re.sub(r"[^\w.=-]+", "_", text)[:_NAME_CHARS]
    return f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
