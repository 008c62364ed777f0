"""Test claims made from gold evidence, their scores, and what a run keeps of them."""

import json
from pathlib import Path
from random import Random

import pytest

from eval.runs.folder import RunError
from eval.verification.claims import make_claims, swap_figures
from eval.verification.roc import area, rates_by_kind, threshold_points
from eval.verification.verifier_scores import ClaimScore, read_scores, save_scores
from fakes.engines import RunFootnote
from fakes.runs import case, finished, row

LEAVE = "Staff of the Halifax depot have 27 days of leave in each year, and 12 of them are taken in the summer."
FERRY = "The Lisbon ferry takes 40 people to the island of Armona on every day of May, for 9 euros a person."


@pytest.fixture
def gold_set(tmp_path: Path) -> Path:
    (tmp_path / "set/docs").mkdir(parents=True)
    rows = []
    for name, sentence in (("leave", LEAVE), ("ferry", FERRY)):
        (tmp_path / f"set/docs/{name}.txt").write_text(f"{sentence}\n")
        evidence = [{"path": f"{name}.txt", "quote": sentence}]
        rows.append({"id": name, "question": f"What of the {name}?", "answerable": True, "evidence": evidence})
    (tmp_path / "set/questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return tmp_path / "set"


def test_each_kind_of_claim_is_made_and_is_another_sentence() -> None:
    texts = {claim.kind: claim.text for claim in make_claims(LEAVE, f"{LEAVE} Oslo had 31.", [FERRY], Random(1))}
    assert texts["verbatim"] == LEAVE
    assert texts["negated"] == LEAVE.replace("have 27", "have not 27")
    assert texts["swapped"] == LEAVE.replace("27", "*").replace("12", "27").replace("*", "12")
    assert "31" in texts["number near"]
    assert texts["half true"].endswith("9 euros a person.")
    assert len(set(texts.values())) == len(texts)


@pytest.mark.parametrize("sentence", ["It takes 5 days.", "It takes 5 days or 5 weeks.", "It takes 5 or 6."])
def test_figures_that_say_the_same_in_either_order_are_not_swapped(sentence: str) -> None:
    assert swap_figures(sentence) == ""


def test_a_run_is_checked_and_its_report_draws_it(gold_set: Path, tmp_path: Path, footnote: RunFootnote) -> None:
    run = tmp_path / "run"
    assert footnote("eval", gold_set, "--run", run).code == 0
    ran = footnote("eval", "checks", run, "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["kinds"]["verbatim"] == {"n": 2, "unsupported": 0, "or_weak": 0}
    assert told["kinds"]["number"]["unsupported"] == 1
    assert told["auc"] > 0.9
    assert footnote("eval", "report", run).code == 0
    assert f"Area under the curve: {told['auc']:.3f}" in (run / "report.html").read_text()


def test_a_run_of_another_index_is_not_checked(gold_set: Path, tmp_path: Path, footnote: RunFootnote) -> None:
    assert footnote("eval", gold_set, "--run", tmp_path / "run").code == 0
    (gold_set / "docs/ferry.txt").write_text(f"{FERRY} It is blue.\n")
    assert footnote("index", gold_set / "docs", "--index", tmp_path / "other").code == 0
    ran = footnote("eval", "checks", tmp_path / "run", "--index", tmp_path / "other")
    assert ran.code == 1
    assert "was made with another index" in ran.err


def test_each_threshold_has_its_share_of_false_and_of_true_claims() -> None:
    kinds = [("verbatim", 0.9), ("verbatim", 0.5), ("number", 0.0), ("number", 0.6), ("name", 0.7), ("name", 0.1)]
    scores = [ClaimScore("q", kind, "So.", support, "") for kind, support in kinds]
    assert [(point.name, point.found, point.wrongly) for point in threshold_points(scores)] == [
        ("unsupported", 0.5, 0.0),
        ("unsupported or weak", 0.75, 0.5),
    ]
    assert area(scores) == 0.75
    assert list(rates_by_kind(scores)) == [("verbatim", 2, 0, 0.5), ("number", 2, 0.5, 1), ("name", 2, 0.5, 0.5)]


def test_scores_are_read_as_they_were_saved_and_others_are_refused(tmp_path: Path) -> None:
    run = finished(tmp_path / "run", [case("q")], [row("q", status="declined")])
    assert read_scores(run) == []
    scores = [ClaimScore("q", "name", "Ann\u2028left.", 0.5, "ann")]
    save_scores(run, scores)
    assert read_scores(run) == scores
    (run.path / "checks.jsonl").write_text("{}\n")
    with pytest.raises(RunError, match="cannot be read: run `footnote eval checks"):
        read_scores(run)
