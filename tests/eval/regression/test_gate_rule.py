"""The gate's rule: what fails, what passes, and how often it is wrong of a system that answers anew each time."""

import gc
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from eval.regression.ci_reports import junit, markdown
from eval.regression.gate_rule import GateError, Guard, Ruling, make_ruling, parse_guard
from eval.runs.folder import Provenance, RunFolder
from eval.types import CaseScores, GoldCase, GoldEvidence, Row
from fakes.chance import ASKS_A_MODEL, OFFLINE, drawn, run_folder
from fakes.engines import RunFootnote

CORRECT = [Guard("correct")]
HOSTILE = "Who | wrote `this` </details><script>alert(1)</script> *and* [that](http://x.example)?"
LIVE = re.compile(r"@\w|#\d|://|www\.", re.IGNORECASE)
"""What GitHub makes live in a text, escaped or not."""


@pytest.fixture(scope="module", autouse=True)
def _nothing_to_collect() -> Iterator[None]:
    """statsmodels' Holm collects garbage at each call: with a model in memory that takes longer than all the rest."""
    gc.freeze()
    yield
    gc.unfreeze()


def scored(number: int, **scores: float) -> CaseScores:
    return CaseScores(f"q{number}", "", f"d{number}", "answered", scores)


def of(
    folder: Path, right: list[CaseScores], now: list[CaseScores], facts: Provenance = OFFLINE, **more: Any
) -> Ruling:
    return make_ruling(run_folder(folder / "a", right, facts), run_folder(folder / "b", now, facts), **more)


def lost(folder: Path, wrong: int, *, of_: int = 69, won: int = 0, facts: Provenance = OFFLINE, **more: Any) -> Ruling:
    """So many questions lost, and won, of those of a run that had all but those right."""
    before = [scored(i, correct=float(i >= won)) for i in range(of_)]
    after = [scored(i, correct=float(i < of_ - wrong)) for i in range(of_)]
    return of(folder, before, after, facts, **more)


@pytest.mark.parametrize("questions", [69, 300, 3000])
def test_offline_five_questions_lost_fail_on_a_set_of_any_size(tmp_path: Path, questions: int) -> None:
    assert lost(tmp_path, 5, of_=questions, guards=CORRECT).failures


@pytest.mark.parametrize("questions", [14, 69, 300])
def test_offline_one_question_lost_passes(tmp_path: Path, questions: int) -> None:
    assert not lost(tmp_path, 1, of_=questions).failures


def test_offline_two_of_69_fail_in_words_with_the_figures(tmp_path: Path) -> None:
    assert lost(tmp_path, 2).failures == ["correct fell from 1.000 to 0.971, by 0.029, where 0.020 may pass (n = 69)."]


def test_what_is_won_makes_up_for_what_is_lost(tmp_path: Path) -> None:
    assert not lost(tmp_path, 5, won=4).failures


def test_a_margin_that_is_given_holds_as_it_is(tmp_path: Path) -> None:
    assert not lost(tmp_path, 10, of_=100, guards=[Guard("correct", 0.1)]).failures
    assert lost(tmp_path, 11, of_=100, guards=[Guard("correct", 0.1)]).failures
    assert lost(tmp_path, 1, of_=100, guards=[Guard("correct", 0.0)]).failures


def test_with_a_model_a_loss_within_chance_passes_and_one_beyond_it_fails(tmp_path: Path) -> None:
    """Of 6 that differ all are lost with a chance of 1 in 64; of 9 two are won with one of 46 in 512."""
    assert lost(tmp_path, 6, facts=ASKS_A_MODEL).failures
    assert not lost(tmp_path, 7, won=2, facts=ASKS_A_MODEL).failures
    assert lost(tmp_path, 7, won=2).failures


def test_with_a_model_a_sure_loss_within_the_margin_passes(tmp_path: Path) -> None:
    assert not lost(tmp_path, 10, of_=600, facts=ASKS_A_MODEL).failures


@pytest.mark.parametrize("settings", [{"llm": {"class_": "a.B"}}, {"embedding": {"base_url": "http://h/v1"}}])
def test_a_llamaindex_model_and_a_server_that_embeds_leave_something_to_chance(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    assert not lost(tmp_path, 4, facts=replace(OFFLINE, settings=settings)).failures


def test_runs_that_only_search_leave_nothing_to_chance_whatever_model_is_configured(tmp_path: Path) -> None:
    assert lost(tmp_path, 4, facts=replace(ASKS_A_MODEL, retrieval_only=True)).failures


def test_half_of_what_may_alarm_is_for_correct_and_half_for_the_others(tmp_path: Path) -> None:
    names = ("correct", "answer_contains", "declined_answerable")
    worse = {"correct": (1.0, 0.0), "answer_contains": (1.0, 0.0), "declined_answerable": (0.0, 1.0)}
    before = [scored(i, failed=0.0, **{n: worse[n][0] for n in names}) for i in range(20)]
    after = [scored(i, failed=0.0, **{n: worse[n][i < 6] for n in names}) for i in range(20)]
    chance = {one.name: one.p for one in of(tmp_path, before, after, ASKS_A_MODEL).guarded}
    assert chance == {
        "correct": 2 / 2**6,
        "answer_contains": 2 * 2 / 2**6,
        "declined_answerable": 2 * 2 / 2**6,
        "failed": 1.0,  # of which too few differ to take a share
    }


def test_where_lower_is_better_a_rise_fails(tmp_path: Path) -> None:
    before = [scored(i, declined_answerable=0.0) for i in range(20)]
    after = [scored(i, declined_answerable=float(i < 3)) for i in range(20)]
    (failure,) = of(tmp_path, before, after).failures
    assert failure.startswith("declined_answerable rose from 0.000 to 0.150, by 0.150")
    assert not of(tmp_path, after, before).failures


def test_questions_that_were_not_asked_fail_by_name(tmp_path: Path) -> None:
    everything = [scored(i, correct=1.0) for i in range(4)]
    ruling = of(tmp_path, everything, everything[:2])
    assert ruling.failures == ["Of the baseline's questions 2 were not asked: q2, q3."]


def test_a_measure_that_is_no_longer_there_fails_and_a_new_one_is_told(tmp_path: Path) -> None:
    before = [scored(i, correct=1.0, sentences_supported=1.0) for i in range(4)]
    ruling = of(tmp_path, before, [scored(i, correct=1.0, context_file_recall=0.0) for i in range(4)])
    assert ruling.failures == ["sentences_supported was measured in the baseline, and is not any more."]
    assert "Measured only in this run: context_file_recall." in ruling.comparison.notes
    assert [one.name for one in ruling.guarded] == ["correct", "sentences_supported"]


def test_only_what_is_named_is_guarded(tmp_path: Path) -> None:
    before, after = ([scored(i, correct=v, brier=1 - v) for i in range(9)] for v in (1.0, 0.0))
    assert [one.name for one in of(tmp_path, before, after, guards=[Guard("brier")]).guarded] == ["brier"]


@pytest.mark.parametrize("name", ["corect", "context_file_recall"])
def test_a_guard_that_is_asked_for_and_was_not_measured_is_an_error_that_says_so(tmp_path: Path, name: str) -> None:
    same = [scored(0, correct=1.0)]
    with pytest.raises(GateError, match=f"Neither run measured '{name}'"):
        of(tmp_path, same, same, guards=[Guard("correct"), Guard(name)])


def test_where_nothing_is_left_to_guard_nothing_passes(tmp_path: Path) -> None:
    same = [scored(0, brier=0.5)]
    with pytest.raises(GateError, match="nothing to guard"):
        of(tmp_path, same, same)


@pytest.mark.parametrize(("told", "read"), [("a@5", Guard("a@5")), ("a@5:0.02", Guard("a@5", 0.02))])
def test_a_guard_is_a_name_and_perhaps_a_margin(told: str, read: Guard) -> None:
    assert parse_guard(told) == read


@pytest.mark.parametrize("margin", ["", "2%", "nan", "-0.1"])
def test_a_margin_that_is_none_is_refused(margin: str) -> None:
    with pytest.raises(GateError, match="margin"):
        parse_guard(f"correct:{margin}")


def test_a_hundred_runs_of_an_unchanged_system_raise_at_most_five_alarms(tmp_path: Path) -> None:
    """It answers anew each time, 18 % of its questions otherwise: all guarded measures, three sizes of gold."""
    sizes = [20, 69, 300, *[20, 69] * 49][:100]
    alarms = [
        bool(of(tmp_path, *(drawn(size, gold=gold, draw=draw) for draw in (0, 1)), ASKS_A_MODEL).failures)
        for gold, size in enumerate(sizes)
    ]
    assert sum(alarms) <= 5


def test_ten_points_lost_offline_fail_each_time(tmp_path: Path) -> None:
    gold = [drawn(69, gold=number, draw=0) for number in range(10)]
    for before in gold:
        right = [one.id for one in before if one.scores["correct"]][:7]
        after = [
            replace(one, scores={**one.scores, "correct": one.scores["correct"] - (one.id in right)}) for one in before
        ]
        assert of(tmp_path, before, after).failures


def test_twenty_points_lost_fail_most_times_though_the_system_answers_anew(tmp_path: Path) -> None:
    failed = [
        bool(of(tmp_path, drawn(69, gold=n, draw=0), drawn(69, gold=n, draw=1, lost=0.2), ASKS_A_MODEL).failures)
        for n in range(20)
    ]
    assert sum(failed) > 10


def hostile(folder: Path, said: str = HOSTILE) -> Ruling:
    """A lost question whose id, text and answers are markup."""
    cases = [GoldCase(f"q{i}<b>|\x01", said, ("a",), (GoldEvidence("d"),), answerable=True) for i in range(3)]
    runs = []
    for name, value in (("a", 1.0), ("b", 0.0)):
        run = RunFolder(folder / name)
        run.start(OFFLINE, cases)
        for case in cases:
            run.append(Row(case.id, "answered", answer=f"{name} <img src=x onerror=alert(1)>\n\n# {said}"))
        runs.append(
            run_folder(run.path, [CaseScores(case.id, "", "d", "answered", {"correct": value}) for case in cases])
        )
    return make_ruling(*runs)


def test_junit_has_a_case_a_measure_and_names_the_flips(tmp_path: Path) -> None:
    before = [scored(i, correct=1.0, failed=0.0) for i in range(10)]
    ruling = of(tmp_path, before, [scored(i, correct=float(i > 2), failed=0.0) for i in range(9)])
    (suite,) = JUnitXml.fromstring(junit(ruling).encode())
    told = {case.name: case.result for case in suite}
    assert list(told) == ["questions", "correct", "failed"]
    assert told["questions"][0].message == "Of the baseline's questions 1 were not asked: q9."
    assert told["correct"][0].message.startswith("correct fell from 1.000 to 0.667")
    assert told["correct"][0].text == "worse: q0, q1, q2\nbetter: none"
    assert told["failed"] == []


def test_junit_takes_any_id(tmp_path: Path) -> None:
    (suite,) = JUnitXml.fromstring(junit(hostile(tmp_path)).encode())
    assert [case.result[0].text for case in suite if case.result] == ["worse: q0<b>|�, q1<b>|�, q2<b>|�\nbetter: none"]


def test_markdown_is_a_table_and_the_flips_folded_away(tmp_path: Path) -> None:
    made = markdown(lost(tmp_path, 3))
    assert "| correct | 1.000 | 0.957 | -0.043 [" in made
    assert "| **worse** |" in made
    assert "<details><summary>correct: 3 worse, 0 better</summary>" in made
    assert "not worse" in markdown(lost(tmp_path, 1))


@pytest.mark.parametrize(
    ("wrong", "won", "verdict"),
    [(3, 0, "within chance"), (1, 0, "within its margin"), (1, 1, "same"), (0, 1, "better"), (9, 0, "**worse**")],
)
def test_markdown_tells_chance_from_what_is_allowed(tmp_path: Path, wrong: int, won: int, verdict: str) -> None:
    assert f"] | {verdict} |" in markdown(lost(tmp_path, wrong, won=won, facts=ASKS_A_MODEL))


def test_markdown_shows_what_is_asked_and_answered_as_text_alone(tmp_path: Path) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown(hostile(tmp_path)))
    inline = [part for token in tokens for part in token.children or []]
    assert {part.type for part in inline} <= {"text", "text_special", "strong_open", "strong_close"}
    html = "".join(token.content for token in tokens if token.type == "html_block")
    assert set(html.split()) == {"<details><summary>correct:", "3", "worse,", "0", "better</summary>", "</details>"}
    shown = [
        "".join(part.content for part in token.children or []).replace("\u200c", "")
        for token in tokens
        if token.type == "inline"
    ]
    assert f"worse: q0<b>|\x01 {HOSTILE}" in shown
    assert f"now: b <img src=x onerror=alert(1)> # {HOSTILE}" in shown


def test_markdown_mentions_nobody_and_leads_nowhere(tmp_path: Path) -> None:
    told = "Ask @org/team or me@evil.example, see #12, https://evil.example/?q, HTTP://x.y and WWW.evil.example."
    made = markdown(hostile(tmp_path, told))
    assert told in unescape(made.replace("\u200c", "").replace("\\", ""))
    assert not LIVE.search(made.replace("\\", ""))


def test_the_command_ends_with_1_where_the_run_is_worse(footnote: RunFootnote, tmp_path: Path) -> None:
    lost(tmp_path, 3)
    ran = footnote("eval", "gate", tmp_path / "b", "--baseline", tmp_path / "a")
    assert ran.code == 1
    assert "FAILED: correct fell from 1.000 to 0.957" in ran.out
    assert "correct, worse: q66, q67, q68" in ran.out


def test_the_command_ends_with_0_and_writes_what_ci_reads(footnote: RunFootnote, tmp_path: Path) -> None:
    lost(tmp_path, 1)
    files = ("--junit", tmp_path / "gate.xml", "--markdown", tmp_path / "gate.md")
    ran = footnote("eval", "gate", tmp_path / "b", "--baseline", tmp_path / "a", *files)
    assert (ran.code, "Passed" in ran.out) == (0, True)
    assert JUnitXml.fromfile(str(tmp_path / "gate.xml")).failures == 0
    assert "not worse" in (tmp_path / "gate.md").read_text(encoding="utf-8")


def test_the_command_shows_the_p_that_it_goes_by(footnote: RunFootnote, tmp_path: Path) -> None:
    lost(tmp_path, 7, facts=ASKS_A_MODEL)
    ran = footnote("eval", "gate", tmp_path / "b", "--baseline", tmp_path / "a")
    assert (ran.code, f"{0.5**7:.3f}*" in ran.out) == (1, True)  # one-sided, and of one measure


def test_the_command_prints_json(footnote: RunFootnote, tmp_path: Path) -> None:
    lost(tmp_path, 3)
    ran = footnote("eval", "gate", tmp_path / "b", "--baseline", tmp_path / "a", "--json", "--measure", "correct:0.03")
    told = json.loads(ran.out)
    assert (ran.code, told["passed"], len(told["failures"])) == (1, False, 1)
    assert told["guarded"][0]["allowed"] == 0.03


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("empty", "is no run of `footnote eval`"),
        ("unfinished", "is no finished run"),
        ("other", "have no question in common"),
    ],
)
def test_a_folder_that_cannot_be_held_against_another_is_said(
    footnote: RunFootnote, tmp_path: Path, folder: str, reason: str
) -> None:
    before, after = run_folder(tmp_path / "a", [scored(1, correct=1.0)]).path, tmp_path / folder
    (tmp_path / "empty").mkdir()
    (run_folder(tmp_path / "unfinished", []).path / "scores.jsonl").unlink()
    run_folder(tmp_path / "other", [scored(999, correct=1.0)])
    for command in (["gate", after, "--baseline", before], ["compare", before, after]):
        ran = footnote("eval", *command)
        assert (ran.code, reason in ran.err) == (1, True)


def test_what_is_no_finished_run_is_no_baseline_either(footnote: RunFootnote, tmp_path: Path) -> None:
    ran = footnote("eval", "baseline", tmp_path, tmp_path / "kept")
    assert (ran.code, "is no run of `footnote eval`" in ran.err) == (1, True)
    assert not (tmp_path / "kept").exists()


def test_a_file_that_cannot_be_written_is_said(footnote: RunFootnote, tmp_path: Path) -> None:
    lost(tmp_path, 1)
    ran = footnote("eval", "gate", tmp_path / "b", "--baseline", tmp_path / "a", "--junit", tmp_path / "no" / "x.xml")
    assert (ran.code, "cannot be written" in ran.err) == (1, True)


def test_edited_questions_want_a_new_baseline(tmp_path: Path) -> None:
    same = [scored(i, correct=1.0) for i in range(3)]
    a = run_folder(tmp_path / "a", same)
    b = run_folder(tmp_path / "b", [*same[:2], replace(same[2], gold="other")], replace(OFFLINE, gold="other"))
    (failure,) = make_ruling(a, b).failures
    assert failure.startswith(f"The gold of 1 questions was edited since the baseline: {same[2].id}. Make a new one")


def test_a_question_that_a_measure_applies_to_no_longer_fails(tmp_path: Path) -> None:
    before = [scored(i, correct=1.0, citation_span_recall=1.0, citation_file_precision=1.0) for i in range(3)]
    after = [scored(i, correct=1.0, **({"citation_span_recall": 1.0} if i else {})) for i in range(3)]
    failures = make_ruling(run_folder(tmp_path / "a", before), run_folder(tmp_path / "b", after)).failures
    assert f"citation_span_recall was measured of 1 questions more before: {before[0].id}." in failures


def test_errors_fail_whatever_their_chance(tmp_path: Path) -> None:
    a = run_folder(tmp_path / "a", [scored(i, correct=1.0, failed=0.0) for i in range(20)], ASKS_A_MODEL)
    b = run_folder(tmp_path / "b", [scored(i, correct=1.0, failed=float(i < 3)) for i in range(20)], ASKS_A_MODEL)
    (failure,) = make_ruling(a, b).failures
    assert failure.startswith("failed rose from 0.000 to 0.150")
