"""A run as one HTML file: what is in it, that nothing of the run becomes markup, and that it is the same each time."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from eval.reports.page import make_report
from eval.runs.folder import RunError, RunFolder
from eval.types import GoldCase, Row
from eval.verification.verifier_scores import ClaimScore, save_scores
from fakes.asked import case, row
from fakes.engines import RunFootnote
from fakes.hostile import HOSTILE, hostile
from fakes.runs import facts, finished

TIMINGS = {"retrieve": 0.03, "generate": 0.5, "total": 0.53}
CASES = (
    case("leave.pdf p1", answers=["27 days"], id="q-1", kind="single"),
    case("leave.pdf p2", answers=["12 weeks"], id="q-2", kind="single", tags=("notice",)),
    case(id="q-3", answerable=False, kind="unanswerable"),
    case("pay.txt", answers=["£210"], id="q-4", kind="multi"),
)
ROWS = (
    row(
        id="q-1",
        gold=["leave.pdf p1 0-20"],
        found=["leave.pdf p1 0-50", "pay.txt 0-30"],
        cited=["leave.pdf p1 0-20"],
        checked=[("supported", (1,))],
        answer="You get 27 days [1].",
        confidence=0.8,
        timings=TIMINGS,
    ),
    row(
        id="q-2",
        gold=["leave.pdf p2 90-99"],
        found=["pay.txt 0-30"],
        answer="6 weeks.",
        confidence=0.4,
        timings=TIMINGS,
    ),
    row(id="q-3", status="declined", answer="The documents do not say.", confidence=0.1, timings=TIMINGS),
    row(id="q-4", status="failed", error="The model is busy."),
)
PLOTS = (
    "Measures by kind of question",
    "Coverage and accuracy",
    "Calibration",
    "Seconds by stage",
    "Confidence of right and wrong answers",
    "Retrieval score of gold and other passages",
    "False sentences found",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    made = finished(tmp_path_factory.mktemp("runs") / "candidate", CASES, ROWS)
    save_scores(
        made,
        [ClaimScore("q-1", "verbatim", "So it is.", 0.9, ""), ClaimScore("q-1", "number", "So it is 5.", 0.0, "5")],
    )
    return made


@pytest.fixture(scope="module")
def page(run: RunFolder) -> str:
    return make_report(run)


def data(page: str) -> Any:
    return json.loads(html.fromstring(page).get_element_by_id("data").text)


def words(page: str, selector: str = "//body") -> str:
    """What a reader sees, before the script ran."""
    body = html.fromstring(page)
    for hidden in body.xpath("//script | //style"):
        hidden.drop_tree()
    return " ".join(" ".join(text for part in body.xpath(selector) for text in part.itertext()).split())


def drawn(page: str) -> list[str]:
    return [title for title in PLOTS if title in words(page, "//figcaption")]


def of(tmp_path: Path, cases: Sequence[GoldCase], rows: Sequence[Row], **other: Any) -> str:
    return make_report(finished(tmp_path / "run", cases, rows, **other))


# What is in it


def test_its_head_tells_which_run_it_is_and_what_came_of_it(page: str) -> None:
    head = words(page, "//header")
    for told in ("a run", "2026-01-01 00:00:00 UTC", "0c0ffee", "tiny", "gold.jsonl (89ab)"):
        assert told in head
    assert "4 questions: 2 right, 1 wrong, 1 failed." in head
    assert "retrieval.limit 8" in head


def test_each_measure_is_told_with_its_interval_and_what_it_is(run: RunFolder, page: str) -> None:
    failed = json.loads((run.path / "summary.json").read_bytes())["measures"]["failed"]
    interval = f"0.25 {failed['low']:.2f} – {failed['high']:.2f} 4"
    about = "failed ◆ guarded Whether there is an error in place of an answer. Lower is better."
    assert f"{about} {interval}" in words(page, "//table[@class='measures']")
    groups = [cell.text_content() for cell in html.fromstring(page).xpath("//tr[@class='group']")]
    assert [group.strip() for group in groups] == [
        "Answering",
        "Finding",
        "Citing",
        "Support",
        "Declining",
        "Failing",
    ]


def test_every_cause_is_counted_and_leads_to_its_questions(page: str) -> None:
    causes = html.fromstring(page).xpath("//ul[@class='causes']//a")
    assert {link.get("href"): " ".join(link.itertext()) for link in causes} == {
        "#why=failed": "1 Failed",
        "#why=not-found": "1 Evidence not found",
    }


def test_every_question_is_there_with_what_went_wrong(page: str) -> None:
    told = {one["id"]: one["now"] for one in data(page)["questions"]}
    assert {id_: (now["outcome"], now["words"], now["why"]) for id_, now in told.items()} == {
        "q-1": ("right", "Right", None),
        "q-2": ("wrong", "Wrong", "not found: no passage of leave.pdf was among the 1"),
        "q-3": ("right", "Right", None),
        "q-4": ("wrong", "Failed", "failed: The model is busy."),
    }
    assert [found["gold"] for found in told["q-1"]["retrieved"]] == [True, False]


def test_a_passage_that_many_questions_met_is_there_once(page: str) -> None:
    assert [passage["path"] for passage in data(page)["passages"]] == ["leave.pdf", "pay.txt"]


def test_all_plots_are_drawn_with_text_as_text(page: str) -> None:
    assert drawn(page) == list(PLOTS)
    assert {"single", "unanswerable", "multi"} <= set(html.fromstring(page).xpath("//figure//*[name()='text']/text()"))


def test_no_id_is_there_twice(page: str) -> None:
    ids = html.fromstring(page).xpath("//@id")
    assert len(ids) == len(set(ids))


def test_a_tie_with_the_baseline_is_neither_better_nor_worse(run: RunFolder, tmp_path: Path) -> None:
    same = finished(tmp_path / "same", CASES, ROWS, name="same")
    page = make_report(run, same)
    assert {one["change"] for one in data(page)["questions"]} == {"same"}
    assert "Both runs have the same settings, model and index." in words(page)
    assert not re.search(r"\b(better|worse)$", words(page, "//table[@class='measures']//td"))


def test_questions_that_flipped_are_told_with_both_answers(run: RunFolder, tmp_path: Path) -> None:
    worse = replace(ROWS[0], answer="You get 30 days [1].")
    better = replace(ROWS[1], answer="12 weeks.")
    baseline = finished(
        tmp_path / "baseline",
        CASES[:3],
        (better, worse, ROWS[2]),
        name="before",
        settings={"retrieval": {"limit": 3}},
    )
    page = make_report(run, baseline)
    told = {one["id"]: one for one in data(page)["questions"]}
    assert {id_: one["change"] for id_, one in told.items()} == {
        "q-1": "better",
        "q-2": "worse",
        "q-3": "same",
        "q-4": "new",
    }
    assert (told["q-1"]["before"]["answer"], told["q-1"]["now"]["answer"]) == (worse.answer, ROWS[0].answer)
    assert told["q-4"]["before"] is None
    assert "retrieval.limit 3 8" in words(page, "//table[@class='changes']")
    assert "Questions only in this run: q-4." in words(page)


def test_a_baseline_of_scores_alone_still_tells_what_flipped(run: RunFolder, tmp_path: Path) -> None:
    baseline = finished(tmp_path / "baseline", CASES, (replace(ROWS[0], answer="30 days"), *ROWS[1:]))
    (baseline.path / "rows.jsonl").unlink()
    first = data(make_report(run, baseline))["questions"][0]
    assert (first["change"], first["before"]) == ("better", None)


# Runs of every kind


def test_a_run_of_retrieval_alone_tells_what_was_found(tmp_path: Path) -> None:
    rows = [replace(one, status="retrieved", confidence=None, answer="", error=None) for one in ROWS]
    page = of(tmp_path, CASES, rows, retrieval_only=True, model="")
    assert "4 questions: 1 found, 2 not found, 1 not judged." in words(page)
    assert "none: only retrieval was run" in words(page)
    assert drawn(page) == [PLOTS[0], PLOTS[3], PLOTS[5]]
    assert "Not drawn: calibration, as no answer has a confidence." in words(page)


def test_a_run_of_failures_alone_says_so(tmp_path: Path) -> None:
    page = of(tmp_path, CASES, [row(id=one.id, status="failed", error="Busy.") for one in CASES])
    assert "4 questions: 4 failed." in words(page)
    assert drawn(page) == [PLOTS[0]]
    for title, reason in [(PLOTS[3], "no reply was timed"), (PLOTS[5], "no passage was retrieved for a question")]:
        assert f"Not drawn: {title.lower()}, as {reason}" in words(page)


def test_a_run_without_confidence_draws_the_rest(tmp_path: Path) -> None:
    page = of(tmp_path, CASES, [replace(one, confidence=None) for one in ROWS])
    assert drawn(page) == [PLOTS[0], PLOTS[3], PLOTS[5]]


def test_a_run_of_one_question_without_kind_has_a_report(tmp_path: Path) -> None:
    page = of(tmp_path, [replace(CASES[0], kind="")], ROWS[:1])
    assert "1 question: 1 right." in words(page)
    assert drawn(page) == list(PLOTS[1:6])
    assert "What went wrong" not in words(page)


def test_measures_of_other_makers_are_told_too(run: RunFolder, tmp_path: Path) -> None:
    judged = finished(tmp_path / "judged", CASES, ROWS)
    summary = json.loads((judged.path / "summary.json").read_bytes())
    summary["measures"]["judge_correct"] = {"value": 0.75, "low": 0.5, "high": 0.9, "n": 3}
    judged.write_json("summary.json", summary)
    assert "Further judge_correct 0.75 0.50 – 0.90 3" in words(make_report(judged), "//table[@class='measures']")


# Safe, and the same each time


class Elements(HTMLParser):
    """The elements of a page with their attributes' names, as HTML has them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found = Counter[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[" ".join([tag, *(name for name, _ in attrs)])] += 1


def test_whatever_a_run_holds_is_text(tmp_path: Path, page: str) -> None:
    spoilt = make_report(hostile(tmp_path / "run", CASES, ROWS))
    assert set(Elements(spoilt).found) <= set(Elements(page).found)
    assert Elements(spoilt).found["script"] == 1
    assert Elements(spoilt).found["img src onerror"] == 0
    assert HOSTILE in data(spoilt)["questions"][0]["question"]
    assert words(spoilt, "//h1") == " ".join(HOSTILE.split())


def test_a_report_of_a_hostile_run_against_another_is_text_too(tmp_path: Path, run: RunFolder, page: str) -> None:
    spoilt = [hostile(tmp_path / name, CASES, ROWS) for name in ("before", "after")]
    told = Elements(make_report(spoilt[1], spoilt[0])).found
    assert (told["script"], told["img src onerror"]) == (1, 0)


def test_the_same_run_gives_the_same_bytes(run: RunFolder, page: str) -> None:
    assert make_report(RunFolder(run.path)) == page


def test_the_page_allows_its_own_style_and_script_and_nothing_else(page: str) -> None:
    document = html.fromstring(page)
    policy = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    style, script = document.xpath("//style")[0].text, document.xpath("//script[not(@type)]")[0].text
    assert policy == (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    assert document.xpath("//*[@style or @src]") == []


# The command


def test_the_command_writes_the_page_beside_the_run(run: RunFolder, page: str, footnote: RunFootnote) -> None:
    ran = footnote("eval", "report", run.path)
    assert (ran.code, ran.out, ran.err) == (0, "", f"The report is in {run.path / 'report.html'}.\n")
    assert (run.path / "report.html").read_text("utf-8") == page


def test_the_command_says_where_a_run_is_not_finished(tmp_path: Path, footnote: RunFootnote) -> None:
    RunFolder(tmp_path / "begun").start(facts(), CASES)
    ran = footnote("eval", "report", tmp_path / "begun")
    assert ran.code != 0
    assert "is no finished run" in ran.err


def test_a_page_that_cannot_be_written_is_told_in_words(run: RunFolder, tmp_path: Path, footnote: RunFootnote) -> None:
    ran = footnote("eval", "report", run.path, "--out", tmp_path / "nowhere" / "page.html")
    assert ran.code != 0
    assert f"cannot be written to {tmp_path / 'nowhere' / 'page.html'}: No such file or directory." in ran.err


def test_a_run_that_lost_its_rows_is_told_in_words(tmp_path: Path) -> None:
    lost = finished(tmp_path / "run", CASES, ROWS)
    (lost.path / "rows.jsonl").unlink()
    with pytest.raises(RunError, match=r"run/rows\.jsonl has no row of q-1, which was scored: `footnote eval … --run"):
        make_report(lost)


def test_a_summary_that_is_torn_is_told_in_words(tmp_path: Path) -> None:
    torn = finished(tmp_path / "run", CASES, ROWS)
    (torn.path / "summary.json").write_text('{"measures": ')
    with pytest.raises(RunError, match=r"run/summary\.json cannot be read: "):
        make_report(torn)


def test_a_folder_that_is_no_run_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no finished run"):
        make_report(RunFolder(tmp_path))
