"""Gold questions as tests of pytest's own, in runs of pytest of their own."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes.engines import ROOT

GOLD = ROOT / "eval" / "gold" / "samples.jsonl"


@dataclass(frozen=True)
class Ran:
    """What a run of pytest told: how many of what, and all of its output."""

    counts: dict[str, int]
    out: str


@pytest.fixture
def suite(tmp_path: Path, samples_index: Path) -> Path:
    """A folder for tests, with gold questions and an index beside them."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")
    (tmp_path / "gold.jsonl").write_text("".join(GOLD.read_text("utf-8").splitlines(keepends=True)[:2]), "utf-8")
    (tmp_path / "index").symlink_to(samples_index)
    return tmp_path


def pytest_of(folder: Path, tests: str, *arguments: str) -> Ran:
    (folder / "test_gold.py").write_text("import pytest\n" + tests)
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "eval.integrations.pytest_plugin", *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=160, check=False)
    counts = {what: int(number) for number, what in re.findall(r"(\d+) (\w+)", ran.stdout.splitlines()[-1])}
    return Ran(counts, ran.stdout + ran.stderr)


def test_each_gold_question_is_a_test_with_its_id_and_is_asked_once_of_one_engine(suite: Path) -> None:
    ran = pytest_of(
        suite,
        """
rows = {}

@pytest.mark.gold("gold.jsonl", index="index")
def test_it_cites_the_right_file(gold_row):
    assert gold_row.case.id == gold_row.row.id
    assert gold_row.row.status == "answered"
    assert gold_row.row.gold[0].start is not None
    assert gold_row.scores["citation_file_recall"] == 1.0
    rows[gold_row.case.id] = gold_row

@pytest.mark.gold("gold.jsonl", index="index", limit=1)
async def test_it_is_not_asked_again(gold_row):
    assert rows[gold_row.case.id] is gold_row

@pytest.mark.gold("gold.jsonl", index="index", limit=1)
class TestsOfAClass:
    def test_too(self, gold_row): assert gold_row.case.id == "s-01"
    def test_another_without_it(self): pass
""",
        "-p",
        "pytest_asyncio.plugin",
        "--asyncio-mode=auto",
        "-v",
    )
    assert ran.counts["passed"] == 2 + 1 + 2, ran.out
    assert "test_it_cites_the_right_file[s-02] PASSED" in ran.out


def test_what_is_wrong_with_a_mark_is_said_in_a_sentence(suite: Path) -> None:
    (suite / "bad.jsonl").write_text(json.dumps({"id": "q-1"}) + "\n")
    for mark, words in (
        ('"nowhere.jsonl"', "There is no gold file"),
        ('"bad.jsonl"', "bad.jsonl:1: no 'question'"),
        ('"gold.jsonl", first=3', "unexpected keyword argument 'first'"),
    ):
        ran = pytest_of(suite, f"@pytest.mark.gold({mark})\ndef test_it(gold_row): pass\n")
        assert "@pytest.mark.gold: " in ran.out
        assert words in ran.out
        assert "Traceback" not in ran.out
        assert ran.counts["error"] == 1, ran.out


def test_an_index_or_a_mark_that_is_not_there_fails_the_test_with_a_sentence(suite: Path) -> None:
    ran = pytest_of(
        suite,
        """
@pytest.mark.gold("gold.jsonl", index="nowhere", limit=1)
def test_it(gold_row): pass

def test_unmarked(gold_row): pass
""",
    )
    assert ran.counts["errors"] == 2, ran.out
    assert "There is no index" in ran.out
    assert 'gold_row needs @pytest.mark.gold("gold.jsonl").' in ran.out
    assert "Traceback" not in ran.out


def test_the_mark_is_among_those_that_pytest_tells_of(suite: Path) -> None:
    assert "@pytest.mark.gold(file, index=None, config=None, limit=None): " in pytest_of(suite, "", "--markers").out


def test_loading_it_imports_nothing_that_takes_time() -> None:
    told = (
        "import sys, pytest; before = set(sys.modules); import eval.integrations.pytest_plugin;"
        "print(*set(sys.modules) - before)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert {name.partition(".")[0] for name in ran.stdout.split()} == {"eval"}
