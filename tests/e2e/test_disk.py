"""A disk that is full, and one that may not be written: said in one sentence, and the index is as it was."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fakes.engines import SAMPLES, Ran, RunFootnote

PARENTS = "How long can fathers and other second parents stay off on full pay?"
MB = 2**20


@pytest.fixture
def disk(samples_index: Path, tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, with the index of the samples on it and little room beside."""
    place = tmp_path / "disk"
    place.mkdir()
    size = sum(file.stat().st_size for file in samples_index.rglob("*") if file.is_file()) + MB
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        shutil.copytree(samples_index, place / "index")
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """The samples, and far more beside them than fits a small disk."""
    folder = Path(shutil.copytree(SAMPLES, tmp_path / "docs"))
    for number in range(6):
        text = "Kettle. " + "x" * 400_000  # few words to embed, much to keep
        (folder / f"kettles-{number}.txt").write_text(text)
    return folder


def complaint(ran: Ran) -> str:
    assert ran.code == 1
    assert "Traceback" not in ran.err
    return next(line for line in ran.err.splitlines() if line.startswith("Error: "))


def fill(disk: Path, *, spare: int = 0) -> None:
    """Takes all the room there is, but for the spare bytes."""
    with (disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(bytes(65536))
    os.truncate(disk / "ballast", max(0, (disk / "ballast").stat().st_size - spare))


def assert_made_whole(footnote: RunFootnote, disk: Path, docs: Path) -> None:
    """Once there is room the same command succeeds, and all agrees."""
    subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
    assert footnote("index", docs, "--index", disk / "index").code == 0
    assert footnote("verify", "--index", disk / "index").out == "Folder, catalog and Chroma agree.\n"


def test_a_full_disk_is_said_and_costs_nothing_that_was_there(
    footnote: RunFootnote, disk: Path, docs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = disk / "index"
    fill(disk)
    assert complaint(footnote("index", docs, "--index", index)) == (
        f"Error: No index can be written in {index}: No space left on device."
    )
    assert "8 weeks" in footnote("ask", PARENTS, "--index", index, "--quiet").out
    (warning,) = caplog.messages
    assert warning.startswith("Searching without Chroma, by the catalog alone: Chroma has no room")
    assert_made_whole(footnote, disk, docs)


def test_a_disk_that_fills_while_it_is_written_too(footnote: RunFootnote, disk: Path, docs: Path) -> None:
    index = disk / "index"
    assert complaint(footnote("index", docs, "--index", index)) == (
        f"Error: The disk of the index in {index} is full: make room, and run it again to go on."
    )
    assert "8 weeks" in footnote("ask", PARENTS, "--index", index, "--quiet").out
    assert_made_whole(footnote, disk, docs)


def test_where_only_chroma_lacks_the_room_what_was_indexed_answers_and_the_run_has_done_its_work(
    footnote: RunFootnote, disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every promise holds without Chroma, so that this is a warning, and no failure."""
    index, docs = disk / "index", disk.parent / "docs"
    shutil.rmtree(index / "chroma")
    fill(disk, spare=MB // 2)
    shutil.copytree(SAMPLES, docs)
    (docs / "kettle.txt").write_text("A kettle of the firm boils at noon on Fridays.")
    assert footnote("index", docs, "--index", index, "--allow-delete").code == 0
    (warning,) = caplog.messages
    assert warning.startswith("Searching without Chroma, by the catalog alone: ")
    assert list((index / "chroma").iterdir()) == []
    asked = footnote("ask", "When does the kettle of the firm boil?", "--index", index, "--quiet")
    assert (asked.code, "at noon" in asked.out) == (0, True)
    assert asked.err.startswith("The catalog answers alone, as the files in ")
    assert_made_whole(footnote, disk, docs)


def test_a_read_only_index_answers_and_is_not_written(footnote: RunFootnote, disk: Path) -> None:
    index = disk / "index"
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    told = complaint(footnote("index", SAMPLES, "--index", index))
    assert told == f"Error: No index can be written in {index}: Read-only file system."
    assert "8 weeks" in footnote("ask", PARENTS, "--index", index, "--quiet").out
    assert footnote("status", "--index", index).code == 0
    verified = footnote("verify", "--index", index)
    assert verified.code == 1
    (fault,) = verified.out.splitlines()
    assert fault.startswith("Chroma cannot be compared with the catalog, which answers alone: Chroma opens only")
