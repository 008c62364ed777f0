"""Chroma's folder deleted or corrupted: the next command mends it, says so, and answers as before."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fakes.chroma_server import free_port
from fakes.engines import SAMPLES, RunFootnote
from indexes.storage.lock import writer_lock

QUESTIONS = [
    "How long can fathers and other second parents stay off on full pay?",
    "How many days of leave can be carried over?",
    "What colour is the moon's cheese?",
]
HEALED = "Chroma's copy was made anew from the catalog"


def files_of(chroma: Path) -> list[Path]:
    return [file for file in chroma.rglob("*") if file.is_file()]


def folder_deleted(chroma: Path) -> None:
    shutil.rmtree(chroma)


def folder_made_a_file(chroma: Path) -> None:
    shutil.rmtree(chroma)
    chroma.write_text("Not a folder.")


def graph_files_truncated(chroma: Path) -> None:
    for file in chroma.glob("*/*/*.bin"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def bytes_flipped_everywhere(chroma: Path) -> None:
    for file in files_of(chroma):
        content = file.read_bytes()
        file.write_bytes(bytes(byte ^ 0xFF if n % 16 == 7 else byte for n, byte in enumerate(content)))


def graph_deleted(chroma: Path) -> None:
    for file in chroma.glob("*/*/index_metadata.pickle"):
        shutil.rmtree(file.parent)


def database_emptied(chroma: Path) -> None:
    for file in chroma.glob("*/chroma.sqlite3"):
        file.write_bytes(b"")


def tables_dropped_that_only_chroma_knows(chroma: Path) -> None:
    for file in chroma.glob("*/chroma.sqlite3"):
        with closing(sqlite3.connect(file)) as db:
            db.executescript("DROP TABLE tenants; DROP TABLE databases; DROP TABLE migrations;")


def vectors_deleted_and_the_rest_left_whole(chroma: Path) -> None:
    for file in chroma.glob("*/chroma.sqlite3"):
        with closing(sqlite3.connect(file)) as db, db:
            db.execute("DELETE FROM embeddings WHERE id % 2")


DAMAGES = [
    folder_deleted,
    folder_made_a_file,
    graph_files_truncated,
    bytes_flipped_everywhere,
    graph_deleted,
    database_emptied,
    tables_dropped_that_only_chroma_knows,
    vectors_deleted_and_the_rest_left_whole,
]


def asked(footnote: RunFootnote, question: str, index: Path) -> tuple[dict[str, object], str]:
    """The answer without how long it took, and what was said beside it."""
    ran = footnote("ask", question, "--index", index, "--json", "--quiet")
    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    del answer["timings"]
    return answer, ran.err


@pytest.fixture
def undamaged(footnote: RunFootnote, own_index: Path) -> list[dict[str, object]]:
    answers = [asked(footnote, question, own_index) for question in QUESTIONS]
    assert [said for _, said in answers] == [""] * len(QUESTIONS)
    return [answer for answer, _ in answers]


def test_whatever_happens_to_chromas_folder_the_next_question_mends_it_and_every_answer_is_the_same(
    footnote: RunFootnote, own_index: Path, undamaged: list[dict[str, object]], caplog: pytest.LogCaptureFixture
) -> None:
    for damage in DAMAGES:
        damage(own_index / "chroma")
        assert footnote("verify", "--index", own_index).code == 1, damage
        caplog.clear()
        (first, said), *others = [asked(footnote, question, own_index) for question in QUESTIONS]
        assert said.startswith(HEALED), damage
        assert len(said.splitlines()) == 1
        assert caplog.messages == []
        assert [first, *(answer for answer, _ in others)] == undamaged
        assert "".join(said for _, said in others) == ""
        assert footnote("verify", "--index", own_index).out == "Folder, catalog and Chroma agree.\n"


def test_what_only_looks_changes_nothing(footnote: RunFootnote, own_index: Path) -> None:
    shutil.rmtree(own_index / "chroma")
    for command in ("verify", "status", "doctor"):
        footnote(command, "--index", own_index)
    assert not (own_index / "chroma").exists()


def test_an_evaluation_mends_it_too(footnote: RunFootnote, own_index: Path) -> None:
    evidence = [{"path": "handbook/leave-policy.pdf", "quote": "8 weeks"}]
    case = {"id": "1", "question": QUESTIONS[0], "answers": ["8 weeks"], "answerable": True, "evidence": evidence}
    Path("gold.jsonl").write_text(json.dumps(case))
    shutil.rmtree(own_index / "chroma")
    ran = footnote("eval", "gold.jsonl", "--index", own_index, "--json", "--retrieval-only")
    assert (ran.code, ran.err.startswith(HEALED)) == (0, True), ran.out
    assert json.loads(ran.out)["questions"] == 1


def test_an_index_run_mends_it_and_its_report_says_so(footnote: RunFootnote, own_index: Path) -> None:
    shutil.rmtree(own_index / "chroma")
    report = json.loads(footnote("index", SAMPLES, "--index", own_index, "--json").out)
    assert report["healed"].startswith(HEALED)
    folder_made_a_file(own_index / "chroma")
    assert HEALED in footnote("index", SAMPLES, "--index", own_index).out
    again = json.loads(footnote("index", SAMPLES, "--index", own_index, "--json").out)
    assert again["healed"] == ""


def test_while_another_process_writes_the_catalog_answers_alone_and_that_is_said(
    footnote: RunFootnote, own_index: Path, undamaged: list[dict[str, object]], caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(own_index / "chroma")
    with writer_lock(own_index):
        answer, said = asked(footnote, QUESTIONS[0], own_index)
    assert answer == undamaged[0]
    assert said.startswith("The catalog answers alone, as the files in ")
    assert "Another process is writing the index" in said
    assert caplog.messages == []
    assert asked(footnote, QUESTIONS[0], own_index)[1].startswith(HEALED)


def test_while_the_server_to_take_it_is_away_the_catalog_answers_alone_and_that_is_said(
    footnote: RunFootnote, own_index: Path, undamaged: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_INDEX__CHROMA_URL", f"http://127.0.0.1:{free_port()}")
    answer, said = asked(footnote, QUESTIONS[0], own_index)
    assert answer == undamaged[0]
    assert said.startswith("The catalog answers alone, as the vectors are in Chroma at embedded")
    assert "does not answer" in said
