"""What a killed process leaves in the temporary folder goes with the next run, and nothing else does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from indexes.readers.extraction.scratch import ScratchFolder
from indexes.readers.sandbox import ReadingLimits, Sandbox

HOLD = (
    "from indexes.readers.extraction.scratch import ScratchFolder;"
    "f = ScratchFolder(); print(f.name, flush=True); input()"
)


def aged(folder: Path) -> Path:
    os.utime(folder, (0, 0))
    return folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def test_copies_of_a_process_that_was_killed_go_when_the_next_one_reads() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().decode().strip())
        (folder / "secret.txt").write_text("About aardvarks.")
        aged(folder)
        with Sandbox(ReadingLimits()):
            assert (folder / "secret.txt").exists()  # its process is there
        process.send_signal(signal.SIGKILL)
    assert folder.exists()
    with Sandbox(ReadingLimits()):
        assert not folder.exists()


def test_what_is_new_or_ours_or_not_a_scratch_folder_stays(temporary: Path) -> None:
    others = [temporary / name for name in ("footnote-index", "footnote-reading-of-mine", "elsewhere")]
    for folder in (*others, new := temporary / "footnote-reading-abcdefgh"):
        folder.mkdir()
    for folder in others:
        aged(folder)
    link = temporary / "footnote-reading-12345678"
    link.symlink_to(others[-1])
    with ScratchFolder() as ours:
        aged(Path(ours))
        with Sandbox(ReadingLimits()):
            assert all(path.exists() for path in (*others, new, link, Path(ours)))
