"""A disk that is full, and one that may not be written: said in one sentence, and the index is as it was."""

import shutil
import subprocess
from collections.abc import Iterator
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
    for number in range(20):
        text = "Kettle. " + "x" * 400_000  # few words to embed, much to keep
        (folder / f"kettles-{number}.txt").write_text(text)
    return folder


def complaint(ran: Ran) -> str:
    assert ran.code == 1
    assert "Traceback" not in ran.err
    return next(line for line in ran.err.splitlines() if line.startswith("Error: "))


def test_a_disk_that_fills_while_it_is_written_too(footnote: RunFootnote, disk: Path, docs: Path) -> None:
    index = disk / "index"
    told = complaint(footnote("index", docs, "--index", index))
    assert "full" in told or "No space left" in told
    assert "8 weeks" in footnote("ask", PARENTS, "--index", index, "--quiet").out
    faults = footnote("verify", "--index", index).out.splitlines()
    assert all("not indexed yet" in fault or "footnote rebuild" in fault or "gone" in fault for fault in faults), faults
    subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
    assert footnote("index", docs, "--index", index).code == 0
    assert footnote("verify", "--index", index).out == "Folder, catalog and Chroma agree.\n"


def test_a_read_only_index_answers_and_is_not_written(footnote: RunFootnote, disk: Path) -> None:
    index = disk / "index"
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    told = complaint(footnote("index", SAMPLES, "--index", index))
    assert told == f"Error: No index can be written in {index}: Read-only file system."
    assert "8 weeks" in footnote("ask", PARENTS, "--index", index, "--quiet").out
    assert footnote("status", "--index", index).code == 0
    verified = footnote("verify", "--index", index)
    compared = "Chroma's snapshot cannot be compared where it may not be written; searches do without it\n"
    assert (verified.code, verified.out) == (1, compared)
