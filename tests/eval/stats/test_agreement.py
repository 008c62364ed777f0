"""How far a judge agrees with people."""

import random
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from eval.stats.agreement import LabelsError, agreement, read_labels


def test_kappa_is_scikit_learns() -> None:
    chance = random.Random(1)
    person = [chance.random() < 0.6 for _ in range(80)]
    judge = [said if chance.random() < 0.8 else not said for said in person]
    told = agreement(judge, person, [str(number) for number in range(80)])
    assert told["kappa"]["value"] == pytest.approx(cohen_kappa_score(judge, person))
    assert told["kappa"]["low"] < told["kappa"]["value"] < told["kappa"]["high"]
    assert told["raw"]["value"] == sum(j == p for j, p in zip(judge, person, strict=True)) / 80
    assert told["raw"]["low"] < told["raw"]["value"] < told["raw"]["high"]


def test_the_counts_tell_who_found_it_correct() -> None:
    told = agreement([True, True, True, False, False], [True, True, False, True, False], [*"abcde"])
    assert told["counts"] == {"both": 2, "judge_only": 1, "person_only": 1, "neither": 1}


@pytest.mark.parametrize(
    ("judge", "person", "kappa"),
    [
        ([True, True], [True, True], None),
        ([False], [False], None),
        ([True, False], [True, False], 1.0),
        ([True, False], [False, True], -1.0),
        ([True, True, True], [True, False, True], 0.0),
        ([True, True], [False, False], 0.0),
    ],
)
def test_where_kappa_has_no_error_no_interval_is_claimed(
    judge: list[bool], person: list[bool], kappa: float | None
) -> None:
    told = agreement(judge, person, [*"abc"][: len(judge)])["kappa"]
    if kappa is None:
        assert told is None
    else:
        assert told == {"value": pytest.approx(kappa), "low": None, "high": None}


def test_labels_are_read_from_a_table_or_from_json_lines(tmp_path: Path) -> None:
    table, lines = tmp_path / "labels.csv", tmp_path / "labels.jsonl"
    table.write_text("\ufeffid,correct,note\nq-1,1,fine\nq-2,0,\n", encoding="utf-8")
    lines.write_text('{"id": "q-1", "correct": true}\n\n{"id": "q-2", "correct": 0}\n', encoding="utf-8")
    assert read_labels(table) == read_labels(lines) == {"q-1": True, "q-2": False}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("labels.csv", "id,correct\nq-1,maybe\n", r"labels\.csv:2: needs an id, and correct as 0 or 1"),
        ("labels.csv", "question,correct\nq-1,1\n", r"labels\.csv:2: needs an id"),
        ("labels.csv", "id,correct\n", "holds no labels"),
        ("labels.csv", f"id,correct\nq-1,{'1' * 140_000}\n", r"labels\.csv:2: field larger than field limit"),
        ("labels.csv", "id,correct\nq-1,1\nq-1,0\n", r"labels\.csv:3: 'q-1' is labelled both correct and wrong"),
        ("labels.jsonl", "{\n", r"labels\.jsonl:1: "),
        ("labels.jsonl", "[1]\n", r"labels\.jsonl:1: needs an id"),
        ("labels.jsonl", '{"id": "q-1"}\n', r"labels\.jsonl:1: needs an id"),
    ],
)
def test_a_label_that_is_none_is_named(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LabelsError, match=words):
        read_labels(tmp_path / name)


def test_a_line_of_labels_ends_only_where_json_lines_do(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"id": "q\u2028\x85", "correct": 1}\r\n', encoding="utf-8", newline="")
    assert read_labels(file) == {"q\u2028\x85": True}


def test_a_label_may_be_given_twice_if_it_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("id,correct\nq-1,1\nq-1,true\n")
    assert read_labels(file) == {"q-1": True}


def test_a_file_of_labels_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="not a file of labels"):
        read_labels(tmp_path / "none.csv")


def test_answers_from_one_document_tell_less_than_from_as_many_documents() -> None:
    judge = [True] * 20 + [False] * 20
    person = [True] * 40
    one, other = (
        agreement(judge, person, clusters)["raw"] for clusters in (["a"] * 20 + ["b"] * 20, [*map(str, range(40))])
    )
    assert one["low"] < other["low"] < other["high"] < one["high"]
