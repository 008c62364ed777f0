"""What keeps an index in order: dry runs, verify, rebuild, access rules, and following a folder."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakes.chroma_server import free_port
from fakes.engines import SAMPLES, RunFootnote
from indexes.ingest.uploads import Uploads
from indexes.storage.catalog import Catalog

LEAVE = "How long can fathers and other second parents stay off on full pay?"


def test_a_dry_run_names_every_file_and_changes_nothing(footnote: RunFootnote, own_index: Path, tmp_path: Path) -> None:
    docs = Path(shutil.copytree(SAMPLES, tmp_path / "samples"))
    (docs / "handbook" / "leave-policy.pdf").rename(docs / "handbook" / "leave.pdf")
    (docs / "new.txt").write_text("New.")
    ran = footnote("index", docs, "--index", own_index, "--dry-run")
    assert ran.code == 0
    assert "added    new.txt" in ran.out
    assert "renamed  handbook/leave-policy.pdf -> handbook/leave.pdf" in ran.out
    plan = json.loads(footnote("index", docs, "--index", own_index, "--dry-run", "--json").out)
    assert plan["removed"] == ["handbook/leave-policy.pdf"]
    assert footnote("index", SAMPLES, "--index", own_index, "--dry-run").out == "12 unchanged; nothing was done\n"


def test_status_beside_a_writer_that_takes_a_folder_away(
    footnote: RunFootnote, own_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, list_folder = own_index / "chroma" / "going", os.scandir
    going.mkdir()

    def scandir(folder: str | Path) -> object:
        if Path(folder) == going and going.exists():
            going.rmdir()
        return list_folder(folder)

    monkeypatch.setattr("os.scandir", scandir)
    ran = footnote("status", "--index", own_index)
    assert (ran.code, going.exists()) == (0, False)


def test_verify_and_rebuild_find_and_mend_a_lost_chroma(footnote: RunFootnote, own_index: Path) -> None:
    assert footnote("verify", "--index", own_index).out == "Folder, catalog and Chroma agree.\n"
    shutil.rmtree(own_index / "chroma")
    broken = footnote("verify", "--index", own_index, "--json")
    assert broken.code == 1
    assert "footnote rebuild" in json.loads(broken.out)["faults"][0]
    assert footnote("rebuild", "--index", own_index).code == 0
    assert footnote("verify", "--index", own_index).code == 0


def test_an_index_keeps_its_vectors_on_a_server_and_answers_alike_without_it(
    footnote: RunFootnote, own_index: Path, chroma_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer() -> object:
        return json.loads(footnote("ask", LEAVE, "--index", own_index, "--json").out)["retrieval"]

    before = answer()
    monkeypatch.setenv("FOOTNOTE_INDEX__CHROMA_URL", chroma_url)
    assert footnote("index", SAMPLES, "--index", own_index).code == 0
    assert footnote("verify", "--index", own_index).out == "Folder, catalog and Chroma agree.\n"
    assert answer() == before
    monkeypatch.setenv("FOOTNOTE_INDEX__CHROMA_URL", f"http://127.0.0.1:{free_port()}")
    assert footnote("index", SAMPLES, "--index", own_index).code == 0
    assert answer() == before
    rebuilt = footnote("rebuild", "--index", own_index)
    assert (rebuilt.code, "does not answer" in rebuilt.err) == (1, True)


def test_who_is_not_in_the_group_is_answered_as_if_the_document_were_not_there(
    footnote: RunFootnote, own_index: Path
) -> None:
    Path("footnote.toml").write_text('[[access]]\nglob = "handbook/**"\ngroups = ["staff"]\n')
    assert footnote("index", SAMPLES, "--index", own_index).code == 0
    outsider = json.loads(footnote("ask", LEAVE, "--index", own_index, "--json").out)
    assert not any(hit["path"].startswith("handbook/") for hit in outsider["retrieval"]["hits"])
    insider = json.loads(footnote("ask", LEAVE, "--index", own_index, "--json", "--group", "staff").out)
    assert insider["citations"][0]["path"] == "handbook/leave-policy.pdf"


def test_a_folder_that_is_followed_is_taken_in_as_it_changes(tmp_path: Path) -> None:
    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    (docs / "a.txt").write_text("Aardvarks dig.")
    command = [sys.executable, "-m", "api.commands.cli", "index", str(docs), "--index", str(index), "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        try:
            assert following.stderr
            assert any("Following changes" in line for line in following.stderr)
            (docs / "b.txt").write_text("Beavers build.")
            assert becomes(index, {"a.txt", "b.txt"})
            (docs / "a.txt").unlink()
            assert becomes(index, {"b.txt"})
            added = Uploads(index).add(
                io.BytesIO(b"Cats climb."), "c.txt", "", ["everyone"]
            )  # as a server beside it does
            assert becomes(index, {"b.txt", added})
        finally:
            following.send_signal(signal.SIGINT)
        assert following.wait(20) in (0, 130)
        assert "Traceback" not in following.stderr.read()


def becomes(index: Path, paths: set[str]) -> bool:
    """Whether within 30 seconds the index holds just these documents."""
    catalog = Catalog(index / "catalog.sqlite3")
    try:
        for _ in range(300):
            if set(catalog.files()) == paths:
                return True
            time.sleep(0.1)
        return False
    finally:
        catalog.close()
