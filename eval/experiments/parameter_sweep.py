"""Measures a set under every combination of settings: a run each, the index and the embedding model opened once."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from statistics import median

from eval.experiments.evaluate import Options, evaluate
from eval.experiments.grid import Combination
from eval.experiments.pareto import Outcome, choose, front, plot
from eval.experiments.shared_engine import Encoders, Tuned
from eval.gold.sets import INDEXES, Telling, make_index, own_name
from eval.metrics.registry import BY_NAME
from eval.runs.folder import RunFolder
from eval.runs.provenance import facts
from eval.runs.runner import ask
from eval.types import GoldCase, Measure, Row
from indexes.errors import FootnoteError
from rag.engine.engine import Engine, open_engine
from rag.engine.factories import make_encoder
from rag.settings import IndexSettings, Settings

_NAME_CHARS = 80


class SweepError(FootnoteError):
    """A sweep cannot be made of this."""

    kind = "bad-sweep"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is asked, of which index, and where its runs go."""

    gold_set: Path
    index: Path | None
    """One that is there; else the set's ``docs/`` are indexed in ``var/eval``."""
    cases: Sequence[GoldCase]
    folder: Path
    measure: Measure


def sweep(of: Sweep, grid: Sequence[Combination], advance: Callable[[], None]) -> list[Outcome]:
    """In the order of the grid; runs that are there are gone on with. ``advance`` is called for each question."""
    encoders = lru_cache(None)(make_encoder)
    outcomes = {}
    for _, group in groupby(sorted(grid, key=_shape), key=_shape):
        combined = list(group)
        with _opened(of, combined[0], encoders) as engine:
            for one in combined:
                tuned = Tuned(engine, _with_index(one.settings, engine.settings.index.dir), encoders)
                outcomes[str(one)] = _measured(of, one, tuned, advance)
    return [outcomes[str(one)] for one in grid]


def measure(name: str) -> Measure:
    """Raises ``SweepError`` where there is none of that name."""
    if name not in BY_NAME:
        raise SweepError(f"There is no measure {name!r}: it is one of {', '.join(BY_NAME)}.")
    return BY_NAME[name]


def report(of: Sweep, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Writes ``sweep.json`` and ``pareto.svg``; what the first holds."""
    best, chosen = front(outcomes, of.measure), choose(outcomes, of.measure, of.folder)
    told = {
        "set": str(of.gold_set),
        "questions": len(of.cases),
        "quality": of.measure.name,
        "combinations": [asdict(one) | {"front": one in best} for one in outcomes],
        "chosen": chosen.values,
    }
    folder = RunFolder(of.folder)
    folder.write_json("sweep.json", told)
    folder.write("pareto.svg", plot(outcomes, of.measure))
    return told


def _shape(one: Combination) -> str:
    return json.dumps(one.shape, sort_keys=True)


@contextmanager
def _opened(of: Sweep, one: Combination, encoders: Encoders) -> Iterator[Engine]:
    settings = _with_index(one.settings, _index_of(of, one))
    if of.index is None and of.gold_set.is_dir():
        make_index(settings, of.gold_set / "docs", encoders(settings.embedding, settings.models.dir))
    with open_engine(settings, Telling()) as engine:
        yield engine


def _index_of(of: Sweep, one: Combination) -> Path:
    """Raises ``SweepError`` where an index is to be shaped and only one is given."""
    name = own_name(of.gold_set)
    if not one.shape:
        return of.index or (INDEXES / name if of.gold_set.is_dir() else one.settings.index.dir)
    if of.index or not of.gold_set.is_dir():
        raise SweepError(
            f"{' and '.join(one.shape)} shape the index, so each value needs one of its own: give a set with docs/, "
            f"and no --index."
        )
    shape = " ".join(f"{key}={value}" for key, value in one.shape.items())
    return INDEXES / _folder_name(f"{name} {shape}", f"{name} {_shape(one)}")


def _with_index(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"index": IndexSettings(**{**settings.index.model_dump(), "dir": folder})})


def _measured(of: Sweep, one: Combination, engine: Engine, advance: Callable[[], None]) -> Outcome:
    run = of.folder / _run_name(of, one, engine)
    known = RunFolder(run).rows()
    for _ in known:
        advance()
    if len(known) < len(of.cases):
        asyncio.run(ask(of.cases[0], engine.assistant))  # the first question loads the model, and would count as slow
    made = evaluate(engine, of.cases, run, Options(str(of.gold_set)), lambda _: advance())
    measured = json.loads((run / "summary.json").read_bytes())["measures"].get(of.measure.name)
    if measured is None:
        raise SweepError(f"{of.measure.name} cannot be measured on {of.gold_set}: name another with --quality.")
    return Outcome(
        name=str(one),
        values=dict(one.values),
        run=run.name,
        quality=measured["value"],
        low=measured["low"],
        high=measured["high"],
        milliseconds=_milliseconds(list(made.rows().values())),
    )


def _run_name(of: Sweep, one: Combination, engine: Engine) -> str:
    """Another where any fact differs that answers depend on, so that a run is gone on with or made, never refused."""
    about = facts(engine, of.cases, "", "", retrieval_only=False)
    depends = json.dumps(
        [about.footnote, about.settings, about.model, about.prompt, about.encoder, about.index, about.gold]
    )
    return _folder_name(str(one), depends)


def _folder_name(text: str, depends: str) -> str:
    readable = re.sub(r"[^\w.=-]+", "_", text)[:_NAME_CHARS]
    return f"{readable}-{hashlib.sha256(depends.encode()).hexdigest()[:8]}"


def _milliseconds(rows: Sequence[Row]) -> float | None:
    seconds = [row.timings["total"] for row in rows if row.timings and not row.cached and row.error is None]
    return round(1000 * median(seconds), 1) if seconds else None
