"""A sweep over settings, and what is written of it: on a small set, with the real model."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from eval.experiments.shared_engine import EngineVariant
from eval.gold.sets import unique_name
from eval.runs.folder import RunFolder
from fakes.engines import ROOT, OpenEngine, RunFootnote
from fakes.gold_sets import small_set
from indexes.types import Query
from rag.settings import EmbeddingSettings

GRID = ("--set", "retrieval.limit=1,4", "--set", "retrieval.min_cosine=0.1,0.9")
_PATIENCE_S = 90


@pytest.fixture
def gold_set(tmp_path: Path) -> Path:
    return small_set(tmp_path / "small")


def swept(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "sweep.json").read_bytes())
    return told


def test_an_engine_under_other_settings_searches_the_same_open_index(samples_index: Path, opened: OpenEngine) -> None:
    engine = opened(samples_index)
    retrieval = engine.settings.retrieval.model_copy(update={"min_cosine": 0.99})
    settings = engine.settings.model_copy(update={"retrieval": retrieval})
    asked: list[tuple[EmbeddingSettings, Path]] = []

    def loaded(chosen: EmbeddingSettings, models: Path) -> Any:
        asked.append((chosen, models))
        return engine.encoder

    tuned = EngineVariant(engine, settings, loaded)
    assert (tuned.catalog, tuned.vectors) == (engine.catalog, engine.vectors)
    found, strict = [e.retrieve(Query("the spare on-call phone"), limit=8) for e in (engine, tuned)]
    assert strict != found  # by words alone
    tuned.close()
    assert engine.retrieve(Query("the spare on-call phone"), limit=8) == found
    assert asked == [(settings.embedding, settings.models.dir)]


def test_a_sweep_measures_every_combination_draws_it_and_writes_the_choice(
    gold_set: Path, footnote: RunFootnote
) -> None:
    Path("footnote.toml").write_text("[retrieval]\nlimit = 8  # as ever\n")
    ran = footnote("eval", "sweep", gold_set, *GRID, "--write")
    assert ran.code == 0, ran.err
    folder = next(Path("var/runs").glob("small-*-sweep"))
    told = swept(folder)
    assert (told["questions"], told["quality"], len(told["combinations"])) == (3, "correct", 4)
    assert {one["name"] for one in told["combinations"]} >= {"retrieval.limit=1 retrieval.min_cosine=0.9"}
    assert any(one["front"] for one in told["combinations"])
    assert all(one["milliseconds"] > 0 for one in told["combinations"])
    assert "</svg>" in (folder / "pareto.svg").read_text()
    assert "Chosen: retrieval.limit=" in ran.out
    written = Path("footnote.toml").read_text()
    assert f"limit = {told['chosen']['retrieval.limit']}  # as ever\n" in written
    assert f"min_cosine = {told['chosen']['retrieval.min_cosine']}\n" in written
    assert "footnote.toml: retrieval.limit = " in ran.err
    assert [path.name for path in Path("var/eval").iterdir()] == [unique_name(gold_set)]


def test_what_shapes_the_index_has_an_index_for_each_value(gold_set: Path, footnote: RunFootnote) -> None:
    (gold_set / "docs" / "long.txt").write_text("The canteen opens at noon on each day of the week. " * 30)
    ran = footnote("eval", "sweep", gold_set, "--set", "index.passage_tokens=64,200", "--quality", "correct", "--json")
    assert ran.code == 0, ran.err
    runs = [
        RunFolder(Path("var/runs") / f"{unique_name(gold_set)}-sweep" / one["run"])
        for one in json.loads(ran.out)["combinations"]
    ]
    assert len({run.provenance.index for run in runs}) == 2
    assert len(list(Path("var/eval").glob("small-*_index.passage_tokens=*"))) == 2


def test_an_index_that_is_given_is_not_shaped_anew(samples_index: Path, gold_set: Path, footnote: RunFootnote) -> None:
    ran = footnote("eval", "sweep", gold_set, "--index", samples_index, "--set", "index.passage_tokens=64")
    assert ran.code == 1
    assert "index.passage_tokens shape the index" in ran.err.replace("\n", " ")


def test_a_wrong_setting_or_measure_is_named_before_any_work(gold_set: Path, footnote: RunFootnote) -> None:
    for arguments, words in (
        (("--set", "retrieval.depth=4"), "retrieval.depth: there is no such setting"),
        (("--set", "retrieval.limit=4", "--quality", "beauty"), "There is no measure 'beauty'"),
    ):
        ran = footnote("eval", "sweep", gold_set, *arguments)
        assert ran.code == 1
        assert words in ran.err
        assert not Path("var").exists()


def test_a_sweep_that_was_killed_asks_only_what_it_had_not(gold_set: Path, footnote: RunFootnote) -> None:
    command = [sys.executable, "-m", "api.commands.cli", "eval", "sweep", str(gold_set), *GRID]
    killed = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
    try:
        asked = asked_when_there_are(2)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert footnote("eval", "sweep", gold_set, *GRID).code == 0
    rows = lines()
    assert len(rows) == 4 * 3
    assert asked <= rows


def asked_when_there_are(count: int) -> set[bytes]:
    ends = time.monotonic() + _PATIENCE_S
    while len(found := lines()) < count:
        assert time.monotonic() < ends
        time.sleep(0.05)
    return found


def lines() -> set[bytes]:
    """Every row on disk, whole ones only; rows differ, were it by their timings."""
    files = Path("var/runs").glob("small-*-sweep/*/rows.jsonl")
    return {line for file in files for line in file.read_bytes().split(b"\n")[:-1]}


def test_the_threshold_is_not_sought_by_a_handful_of_questions(gold_set: Path, footnote: RunFootnote) -> None:
    ran = footnote("eval", "calibrate", gold_set, "--write")
    assert ran.code == 1
    assert "2 answerable questions are too few" in ran.err
    assert not Path("footnote.toml").exists()


def test_a_threshold_is_found_and_written(tmp_path: Path, footnote: RunFootnote) -> None:
    gold = many_questions(tmp_path / "many")
    Path("footnote.toml").write_text("[answer]\nmin_confidence = 0.99  # much too strict\n")
    ran = footnote("eval", "calibrate", gold, "--write", "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["chosen"]["declined_answerable"] < 0.3
    assert told["chosen"]["answered_unanswerable"] < 0.3
    assert told["low"] <= told["chosen"]["threshold"] <= told["high"] < 0.99
    assert Path("footnote.toml").read_text() == (
        f"[answer]\nmin_confidence = {told['chosen']['threshold']}  # much too strict\n"
    )


def many_questions(folder: Path) -> Path:
    """A dozen that a document of their own answers each, and a dozen that none does."""
    things = "kettle ladder printer bicycle projector toolbox scanner trolley heater camera microscope piano".split()
    (folder / "docs").mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    for number, thing in enumerate(things):
        (folder / "docs" / f"{thing}.txt").write_text(f"The {thing} of the office is kept in room {number + 20}.\n")
        place = [{"path": f"{thing}.txt", "quote": f"room {number + 20}"}]
        common: dict[str, Any] = {"answers": [], "evidence": [], "answerable": False}
        rows.append({"id": thing, "question": f"In which room is the {thing} of the office kept?"} | common)
        rows[-1] |= {"answers": [f"room {number + 20}"], "evidence": place, "answerable": True}
        rows.append({"id": f"no {thing}", "question": f"Who composed symphony number {number + 1} in Vienna?"} | common)
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder
