"""Two runs side by side: what is compared, what is named instead, and what the runs were made of."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.regression.baselines import write_baseline
from eval.regression.comparison import Change, FlippedQuestion, compare
from eval.runs.folder import Provenance, RunError, RunFolder
from eval.runs.provenance import without_secrets
from eval.types import CaseScores, GoldCase, GoldEvidence, Row
from fakes.chance import OFFLINE, run_folder
from fakes.engines import RunFootnote

CASES = [
    GoldCase("q1", "How much leave?", ("27 days",), (GoldEvidence("leave.pdf"),), answerable=True),
    GoldCase("q2", "Who repairs bicycles?", ("Maja",), (GoldEvidence("yard.md"),), answerable=True),
    GoldCase("q3", "Who won?", (), (), answerable=False),
]


def scored(id_: str, **scores: float) -> CaseScores:
    return CaseScores(id_, "", id_, "answered", scores)


def finished(
    path: Path, scores: list[CaseScores], facts: Provenance = OFFLINE, cases: list[GoldCase] = CASES, **said: str
) -> RunFolder:
    """A run with its gold and its rows: ``said`` is the answer to each question."""
    folder = RunFolder(path)
    folder.start(facts, cases)
    for id_, answer in said.items():
        folder.append(Row(id_, "answered", answer=answer))
    return run_folder(path, scores, facts)


def test_a_measure_is_compared_over_the_questions_that_it_applies_to_in_both(tmp_path: Path) -> None:
    a = run_folder(tmp_path / "a", [scored("q1", brier=0.5), scored("q2", brier=0.25), scored("q3")])
    b = run_folder(tmp_path / "b", [scored("q1", brier=0.25), scored("q2"), scored("q3", brier=1.0)])
    (told,) = compare(a, b).compared
    assert (told.n, told.before, told.after, told.difference.value) == (1, 0.5, 0.25, -0.25)
    assert (told.better, told.worse, told.gain) == (("q1",), (), 0.25)  # lower is better


def test_a_tie_is_neither_better_nor_worse(tmp_path: Path) -> None:
    a = run_folder(tmp_path / "a", [scored("q1", correct=1.0), scored("q2", correct=1.0), scored("q3", correct=0.0)])
    b = run_folder(tmp_path / "b", [scored("q1", correct=1.0), scored("q2", correct=0.0), scored("q3", correct=1.0)])
    (told,) = compare(a, b).compared
    assert (told.better, told.worse) == (("q3",), ("q2",))


def test_p_is_adjusted_over_the_measures_that_are_compared(tmp_path: Path) -> None:
    ids = [f"q{i}" for i in range(8)]
    a = run_folder(tmp_path / "a", [scored(i, correct=1.0, answer_contains=1.0) for i in ids])
    b = run_folder(tmp_path / "b", [scored(i, correct=0.0, answer_contains=0.0) for i in ids])
    assert [one.p for one in compare(a, b).compared] == [2 * 2 / 2**8] * 2
    assert [one.p for one in compare(a, b, {"correct"}).compared] == [2 / 2**8]


def test_questions_and_measures_of_one_run_only_are_named_and_not_compared(tmp_path: Path) -> None:
    a = run_folder(tmp_path / "a", [scored("q1", correct=1.0, brier=0.1), scored("old", correct=0.0)])
    b = run_folder(tmp_path / "b", [scored("q1", correct=1.0, judged=1.0), scored("new", correct=1.0)])
    told = compare(a, b)
    assert (told.missing, told.added, told.gone, told.new) == (("old",), ("new",), ("brier",), ("judged",))
    assert [(one.measure.name, one.n) for one in told.compared] == [("correct", 1)]
    assert told.notes == [
        "Questions only in the baseline: 1 (old).",
        "Questions only in this run: 1 (new).",
        "Measured only in the baseline: brier.",
        "Measured only in this run: judged.",
    ]


def test_a_measure_of_another_maker_is_compared_as_a_mean_where_higher_is_better(tmp_path: Path) -> None:
    a, b = (run_folder(tmp_path / name, [scored("q1", judged=v)]) for name, v in (("a", 0.5), ("b", 0.75)))
    (told,) = compare(a, b).compared
    assert (told.measure.kind, told.gain) == ("mean", 0.25)


def test_flips_are_told_with_the_question_and_both_answers(tmp_path: Path) -> None:
    a = finished(tmp_path / "a", [scored("q1", correct=1.0), scored("q2", correct=1.0)], q1="27 days", q2="Maja")
    b = finished(tmp_path / "b", [scored("q1", correct=0.0), scored("q2", correct=1.0)], q1="5 days", q2="Maja")
    assert compare(a, b).told == {"q1": FlippedQuestion("How much leave?", "27 days", "5 days")}


def test_a_baseline_without_rows_still_names_the_flips(tmp_path: Path) -> None:
    a = finished(tmp_path / "a", [scored("q1", correct=1.0)], q1="27 days")
    write_baseline(a, tmp_path / "kept")
    b = finished(tmp_path / "b", [scored("q1", correct=0.0)], q1="5 days")
    assert compare(RunFolder(tmp_path / "kept"), b).told == {"q1": FlippedQuestion("How much leave?", "", "5 days")}
    b_kept = run_folder(tmp_path / "bare", [scored("q1", correct=0.0)])
    assert compare(RunFolder(tmp_path / "kept"), b_kept).told == {"q1": FlippedQuestion("", "", "")}


def test_what_the_runs_were_made_of_is_told_by_setting(tmp_path: Path) -> None:
    later = replace(OFFLINE, commit=None, started="2027", settings={**OFFLINE.settings, "retrieval": {"limit": 5}})
    told = compare(
        run_folder(tmp_path / "a", [scored("q1", correct=1.0)]),
        run_folder(tmp_path / "b", [scored("q1", correct=1.0)], later),
    )
    assert told.changes == (Change("commit", "c0ffee", "null"), Change("retrieval.limit", "8", "5"))


def test_edited_questions_are_named(tmp_path: Path) -> None:
    a = run_folder(tmp_path / "a", [scored("q1", correct=1.0), scored("q2", correct=1.0)])
    edited = [replace(a.scores()["q1"], gold="other"), a.scores()["q2"]]
    b = run_folder(tmp_path / "b", edited, replace(OFFLINE, gold="other"))
    told = compare(a, b)
    assert told.edited == ("q1",)
    assert told.notes == [
        "The gold differs: a changed question cannot be told from a changed answer.",
        "Questions changed in the gold: 1 (q1).",
    ]


def test_runs_of_other_questions_cannot_be_compared(tmp_path: Path) -> None:
    a, b = (run_folder(tmp_path / name, [scored(name, correct=1.0)]) for name in "ab")
    with pytest.raises(RunError, match="have no question in common: they are runs of other gold"):
        compare(a, b)


def test_a_baseline_is_small_and_knows_neither_date_nor_path(tmp_path: Path) -> None:
    here = replace(
        OFFLINE, gold_file="/home/me/gold.jsonl", settings={**OFFLINE.settings, "embedding": {"model": "/opt/mini"}}
    )
    run = finished(tmp_path / "a", [scored("q1", correct=1.0)], here, q1="27 days")
    write_baseline(run, tmp_path / "deep" / "kept")
    kept = RunFolder(tmp_path / "deep" / "kept")
    assert sorted(file.name for file in kept.path.iterdir()) == ["run.json", "scores.jsonl", "summary.json"]
    assert "/" not in json.dumps(kept.provenance.settings) + kept.provenance.gold_file
    assert (kept.provenance.started, kept.provenance.settings["embedding"]["model"]) == ("", "mini")
    assert kept.scores() == run.scores()


def test_a_baseline_of_a_run_that_told_secrets_tells_none_and_else_the_same(tmp_path: Path) -> None:
    told = replace(OFFLINE, settings={"llm": {"base_url": "https://me:pa55@host/v1?api-key=K3Y"}})
    for name, facts in (("a", told), ("b", replace(told, settings=without_secrets(told.settings)))):
        write_baseline(finished(tmp_path / name, [scored("q1", correct=1.0)], facts), tmp_path / f"{name}-kept")
    kept, same = ((tmp_path / f"{name}-kept" / "run.json").read_text() for name in "ab")
    assert "https://host/v1 (" in kept
    assert "pa55" not in kept
    assert kept == same


def test_a_run_is_not_overwritten_by_a_baseline(tmp_path: Path) -> None:
    run = finished(tmp_path / "a", [scored("q1", correct=1.0)], q1="27 days")
    with pytest.raises(RunError, match="give the baseline a folder of its own"):
        write_baseline(run, run.path)


def test_a_folder_of_documents_is_no_place_for_a_baseline(tmp_path: Path) -> None:
    run = finished(tmp_path / "a", [scored("q1", correct=1.0)], q1="27 days")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.txt").write_text("27 days")
    with pytest.raises(RunError, match="holds other files than a baseline"):
        write_baseline(run, tmp_path / "docs")
    assert [file.name for file in (tmp_path / "docs").iterdir()] == ["leave.txt"]


def test_compare_prints_a_line_a_measure_and_the_flips_by_name(footnote: RunFootnote, tmp_path: Path) -> None:
    ids = ["q1", "q2", *(f"r{i}" for i in range(8))]
    a = finished(tmp_path / "a", [scored(i, correct=1.0, brier=0.0) for i in ids], q1="27 days [1]", q2="Maja")
    b = finished(tmp_path / "b", [scored(i, correct=0.0, brier=0.0) for i in ids], q1="5\ndays [1]", q2="Maja")
    ran = footnote("eval", "compare", a.path, b.path)
    assert ran.code == 0
    lines = ran.out.splitlines()
    (line,) = [line for line in lines if line.startswith("correct ")]
    assert line.split() == ["correct", "1.000", "0.000", "▼", "-1.000", *line.split()[5:7], "0.002*", "10"]
    assert lines[lines.index("correct, worse: 10") + 1 :][:3] == [
        "  q1  How much leave?",
        "    A: 27 days [1]",
        "    B: 5 days [1]",
    ]
    assert "brier" not in ran.out
    assert "brier" in footnote("eval", "compare", a.path, b.path, "--all").out


def test_compare_prints_json(footnote: RunFootnote, tmp_path: Path) -> None:
    a, b = (finished(tmp_path / name, [scored("q1", correct=v)]) for name, v in (("a", 1.0), ("b", 0.0)))
    told = json.loads(footnote("eval", "compare", a.path, b.path, "--json").out)
    assert told["compared"][0]["measure"]["name"] == "correct"
    assert (told["compared"][0]["difference"]["value"], told["compared"][0]["worse"]) == (-1.0, ["q1"])
    assert told["told"]["q1"]["question"] == "How much leave?"
