"""A run on disk: a row a question, whole or not at all, however often it is stopped."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.gold.files import write_gold
from eval.regression.baselines import write_baseline
from eval.runs.folder import RunError, RunFolder
from eval.runs.runner import run_cases
from eval.types import CaseScores, GoldCase, Row
from fakes.engines import ROOT
from fakes.runs import case, facts, finished, made, row

CASES = [case(f"q-{n}", "27 days", question=f"How much leave in year {n}?") for n in range(8)]


async def answering(one: GoldCase) -> Row:
    await asyncio.sleep(0)
    return row(one.id, quote="27 days")


async def failing(one: GoldCase) -> Row:
    return row(one.id, status="failed", error="It is busy.")


def nothing(_: Row) -> None: ...


def lines(folder: RunFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder.path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]


# The folder


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    folder = made(tmp_path / "deep" / "run", CASES, [row("q-1", "“27”\u2028 days", quote="27 days")])
    again = RunFolder(folder.path)
    assert (again.provenance, again.cases) == (facts(), CASES)
    assert again.rows() == {"q-1": row("q-1", "“27”\u2028 days", quote="27 days")}


def test_the_last_row_of_a_question_counts_once(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", CASES, [row("q-1", "1"), row("q-2", "2"), row("q-1", "3")])
    assert [(known, told.answer) for known, told in folder.rows().items()] == [("q-1", "3."), ("q-2", "2.")]


@pytest.mark.parametrize("torn", [b"{", b'{"id": "q-2", "status": "answered"', '{"id": "ä'.encode()[:-1]])
def test_a_line_that_a_kill_cut_short_is_passed_over_and_the_next_one_is_whole(tmp_path: Path, torn: bytes) -> None:
    folder = made(tmp_path / "run", CASES, [row("q-1")])
    with (folder.path / "rows.jsonl").open("ab") as file:
        file.write(torn)
    assert set(folder.rows()) == {"q-1"}
    folder.start(facts(), CASES)
    folder.append(row("q-2"))
    assert set(folder.rows()) == {"q-1", "q-2"}
    assert len(lines(folder)) == 2


def test_a_line_that_is_no_row_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", CASES, [row("q-1")])
    with (folder.path / "rows.jsonl").open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(RunError, match=r"rows\.jsonl: line 2 is no row of a run\."):
        folder.rows()


def test_a_row_is_synced_to_disk_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (sync(file), synced.append(os.fstat(file).st_size)))
    folder = made(tmp_path / "run", CASES, [row("q-1")])
    assert synced == [size(folder.path)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("footnote", "0.2.0"),
        ("settings", {"llm": {"model": "other"}}),
        ("model", "other"),
        ("prompt", "2/0123"),
        ("encoder", "other"),
        ("index", "other"),
        ("gold", "other"),
        ("retrieval_only", True),
    ],
)
def test_a_run_of_another_make_is_refused_by_the_name_of_what_differs(tmp_path: Path, name: str, value: Any) -> None:
    folder = made(tmp_path / "run", CASES, [row("q-1")])
    with pytest.raises(RunError, match=rf"/run holds a run with other {name}: give this one another --run folder\."):
        RunFolder(folder.path).start(facts(**{name: value}), CASES)
    assert set(folder.rows()) == {"q-1"}


def test_all_that_differs_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", CASES, [])
    with pytest.raises(RunError, match="other model and gold:"):
        folder.start(facts(model="other", gold="other"), CASES)


def test_another_day_and_machine_go_on_with_a_run(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", CASES, [row("q-1")])
    folder.start(facts(started="2027-01-01T00:00:00+00:00", python="3.12", commit="abc"), CASES)
    assert RunFolder(folder.path).provenance == facts()


def test_what_is_no_run_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is no run of `footnote eval`: it has no run\.json\."):
        _ = RunFolder(tmp_path).provenance
    (tmp_path / "run.json").write_text('{"name": "x"}')
    with pytest.raises(RunError, match=r"run\.json cannot be read: "):
        _ = RunFolder(tmp_path).provenance
    with pytest.raises(RunError, match=r"is no finished run: it has no scores\.jsonl\."):
        RunFolder(tmp_path).scores()


@pytest.mark.parametrize("name", ["gold.jsonl", "rows.jsonl", "scores.jsonl", "summary.json", "judgements.jsonl"])
def test_a_folder_that_is_no_run_but_has_such_a_file_is_not_written_to(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(RunError, match=f"has {name}, but no run.json, so it cannot be resumed: give another"):
        asyncio.run(run_cases(RunFolder(tmp_path), facts(), CASES, answering, nothing))
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(name, "mine")]


def test_a_run_that_was_killed_before_its_facts_were_written_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text(write_gold(CASES))
    assert made(tmp_path, CASES, []).provenance == facts()


def test_a_baseline_is_no_run_to_go_on_with(tmp_path: Path) -> None:
    write_baseline(finished(tmp_path / "run", CASES, [row(one.id) for one in CASES]), tmp_path / "baseline")
    before = {file.name: file.read_bytes() for file in (tmp_path / "baseline").iterdir()}
    kept = RunFolder(tmp_path / "baseline").provenance
    with pytest.raises(RunError, match=r"has no gold\.jsonl, as a baseline has none: give this run another --run"):
        asyncio.run(run_cases(RunFolder(tmp_path / "baseline"), kept, CASES, answering, nothing))
    assert {file.name: file.read_bytes() for file in (tmp_path / "baseline").iterdir()} == before


@pytest.mark.parametrize("settings", ["null", "[]"])
def test_facts_of_another_shape_are_said_in_a_sentence(tmp_path: Path, settings: str) -> None:
    folder = made(tmp_path / "run", CASES, [])
    told = json.loads((folder.path / "run.json").read_bytes()) | {"settings": json.loads(settings)}
    (folder.path / "run.json").write_text(json.dumps(told))
    with pytest.raises(RunError, match=r"run\.json cannot be read: settings: Input should be an object\."):
        _ = RunFolder(folder.path).provenance


def test_a_run_that_is_not_finished_is_told_with_the_way_out(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", CASES, [])
    for reading in (folder.scores, lambda: folder.read_json("summary.json")):
        with pytest.raises(RunError, match=r"json\w?\. `footnote eval … --run .*/run` resumes it\."):
            reading()


def test_a_file_that_is_torn_or_a_folder_is_said_in_a_sentence(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", CASES, [])
    (folder.path / "summary.json").write_text('{"questions": 1')
    (folder.path / "rows.jsonl").mkdir()
    (folder.path / "scores.jsonl").mkdir()
    for failing in (lambda: folder.read_json("summary.json"), folder.rows, folder.scores):
        with pytest.raises(RunError, match="cannot be read: "):
            failing()
    with pytest.raises(RunError, match=r"rows\.jsonl cannot be read: Is a directory\."):
        folder.start(facts(), CASES)
    with pytest.raises(RunError, match=r"scores\.jsonl cannot be written: Is a directory\."):
        folder.write_scores([])


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"The run cannot be written to .*/file/run: Not a directory\."):
        made(tmp_path / "file" / "run", CASES, [])


def test_scores_keep_the_order_in_which_they_are_given(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", CASES, [])
    scored = [CaseScores(name, "single", "a.txt", "answered", {"correct": 1.0}) for name in ("q-2", "q-1")]
    folder.write_scores(scored)
    folder.write_json("summary.json", {"questions": 2})
    assert list(folder.scores().items()) == [("q-2", scored[0]), ("q-1", scored[1])]


@pytest.mark.parametrize(
    "kept", [slice(0, 1), slice(0, -1), slice(0, None, 2)], ids=["one line", "torn", "every other"]
)
def test_scores_that_lack_a_part_are_none(tmp_path: Path, kept: slice) -> None:
    folder = made(tmp_path / "run", CASES, [])
    folder.write_json("summary.json", {"questions": 4})
    folder.write_scores(CaseScores(f"q-{n}", "single", "a.txt", "answered", {"correct": 1.0}) for n in range(4))
    text = (folder.path / "scores.jsonl").read_bytes()
    lines = text.splitlines(keepends=True)
    (folder.path / "scores.jsonl").write_bytes(text[:-1] if kept == slice(0, -1) else b"".join(lines[kept]))
    with pytest.raises(RunError, match="has 4"):
        folder.scores()


def test_equal_values_are_equal_bytes(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_json("one.json", {"b": 1, "a": "ä"})
    folder.write_json("two.json", {"a": "ä", "b": 1})
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert folder.read_json("one.json") == {"a": "ä", "b": 1}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.json", "two.json"]


# Running


async def test_each_question_is_asked_once_and_its_row_is_on_disk_before_it_is_told(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    heard: list[str] = []

    def listener(told: Row) -> None:
        heard.append(told.id)
        assert told.id in folder.rows()

    await run_cases(folder, facts(), CASES, answering, listener, concurrency=3)
    assert sorted(heard) == sorted(folder.rows()) == [one.id for one in CASES]
    assert (folder.path / "gold.jsonl").read_text(encoding="utf-8") == write_gold(CASES)


@pytest.mark.parametrize("concurrency", [1, 3, 20])
async def test_no_more_questions_are_asked_at_once_than_allowed(tmp_path: Path, concurrency: int) -> None:
    now, most = 0, 0

    async def counting(one: GoldCase) -> Row:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return row(one.id)

    await run_cases(RunFolder(tmp_path / "run"), facts(), CASES, counting, nothing, concurrency=concurrency)
    assert most == min(concurrency, len(CASES))


async def test_the_rows_do_not_depend_on_the_order_in_which_answers_come(tmp_path: Path) -> None:
    async def backwards(one: GoldCase) -> Row:
        await asyncio.sleep((len(CASES) - CASES.index(one)) / 200)
        return await answering(one)

    one, other = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "other")
    await run_cases(one, facts(), CASES, answering, nothing)
    await run_cases(other, facts(), CASES, backwards, nothing, concurrency=8)
    assert list(one.rows()) == [c.id for c in CASES]
    assert list(other.rows()) != list(one.rows())
    assert other.rows() == one.rows()


async def test_what_failed_is_asked_again_and_what_did_not_is_not(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    await run_cases(folder, facts(), CASES[:3], answering, nothing)
    await run_cases(folder, facts(), CASES[:5], failing, nothing)
    asked: list[str] = []
    await run_cases(folder, facts(), CASES[:5], answering, lambda told: asked.append(told.id))
    assert asked == ["q-3", "q-4"]
    assert [told.error for told in folder.rows().values()] == [None] * 5


async def test_a_write_that_fails_once_stops_the_run_with_one_sentence(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    rows = folder.path / "rows.jsonl"
    begun: list[str] = []

    async def spoiling(one: GoldCase) -> Row:
        begun.append(one.id)
        await asyncio.sleep(0.02 * len(begun))
        if rows.is_dir():
            rows.rmdir()
        if one is CASES[2]:
            rows.unlink()
            rows.mkdir()
        return row(one.id)

    with pytest.raises(RunError, match=r"^The run cannot be written to .*/run: Is a directory\.$"):
        await run_cases(folder, facts(), CASES, spoiling, nothing, concurrency=3)
    stopped = list(begun)
    await asyncio.sleep(0.3)
    assert begun == stopped
    assert len(begun) < len(CASES)
    assert rows.is_dir()


async def test_a_fault_of_ours_stops_the_run_and_is_raised_as_it_is(tmp_path: Path) -> None:
    async def faulty(one: GoldCase) -> Row:
        raise ZeroDivisionError(one.id)

    with pytest.raises(ZeroDivisionError, match="q-0"):
        await run_cases(RunFolder(tmp_path / "run"), facts(), CASES, faulty, nothing, concurrency=4)


async def test_a_run_that_another_process_is_at_is_left_to_it(tmp_path: Path) -> None:
    asked: list[str] = []

    async def asking(one: GoldCase) -> Row:
        if not asked:
            asked.append(one.id)
            with pytest.raises(RunError, match=r"^Another process works on this run, .*/run: wait until it ends\.$"):
                await run_cases(RunFolder(tmp_path / "run"), facts(), CASES, asking, nothing)
        return row(one.id)

    await run_cases(RunFolder(tmp_path / "run"), facts(), CASES, asking, nothing)
    assert len(lines(RunFolder(tmp_path / "run"))) == len(CASES)
    await run_cases(RunFolder(tmp_path / "run"), facts(), CASES, failing, nothing)  # and not asked again


def test_a_second_process_at_a_run_asks_nothing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.open_exclusively(facts(), CASES), slow_run(folder.path) as second:
        _, err = second.communicate(timeout=60)
    assert b"Another process works on this run" in err
    assert (second.returncode, folder.rows()) == (1, {})


def test_whole_lines_are_never_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "run", CASES, [row("q-1")])
    monkeypatch.delattr(os, "truncate")
    folder.start(facts(), CASES)
    assert set(folder.rows()) == {"q-1"}


# Killed

QUESTIONS = 40


def environment() -> dict[str, str]:
    return {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"}


def slow_run(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "fakes.slow_run", str(folder), str(QUESTIONS)], env=environment(), stderr=subprocess.PIPE
    )


def size(folder: Path) -> int:
    file = folder / "rows.jsonl"
    return file.stat().st_size if file.exists() else 0


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.002)


def run_to_its_end(folder: Path) -> None:
    with slow_run(folder) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()


def untimed(folder: Path) -> dict[str, Row]:
    return {known: replace(told, timings=None) for known, told in RunFolder(folder).rows().items()}


@pytest.mark.timeout(180)
def test_a_run_that_is_killed_again_and_again_comes_to_the_same_rows(tmp_path: Path) -> None:
    chance = random.Random(4)
    for _ in range(4):
        before = size(tmp_path / "killed")
        with slow_run(tmp_path / "killed") as process:
            until(lambda: size(tmp_path / "killed") > before)  # noqa: B023 - it is called at once
            time.sleep(chance.uniform(0, 0.1))
            process.kill()
    stood = len(RunFolder(tmp_path / "killed").rows())
    assert 4 <= stood < QUESTIONS
    run_to_its_end(tmp_path / "killed")
    run_to_its_end(tmp_path / "whole")
    told = [line["id"] for line in lines(RunFolder(tmp_path / "killed"))]
    assert len(told) == len(set(told)) == QUESTIONS
    assert untimed(tmp_path / "killed") == untimed(tmp_path / "whole")
