"""What a folder holds, and what of it is left out and why."""

import os
from pathlib import Path

import pytest

from indexes.errors import FolderError
from indexes.ingest.folder_scan import scan_folders


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with one document."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("About aardvarks.")
    return tmp_path / "docs"


def test_what_is_left_out_is_told_with_the_reason(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("A secret.")
    (docs / "sub").mkdir()
    (docs / "sub" / "b.xyz").write_text("unknown")
    (docs / "outside.txt").symlink_to(tmp_path / "secret.txt")
    (docs / "up").symlink_to(tmp_path)
    (docs / "broken.txt").symlink_to(tmp_path / "nowhere")
    (docs / "loop.txt").symlink_to(docs / "loop.txt")
    os.mkfifo(docs / "pipe.txt")
    files, skipped, _ = scan_folders([docs])
    assert [*files] == ["a.txt"]
    assert skipped == {
        "broken.txt": "a link that leads nowhere",
        "loop.txt": "a link that leads nowhere",
        "outside.txt": "a link that leads out of the folder",
        "pipe.txt": "neither a file nor a folder",
        "sub/b.xyz": "a format that is not read",
        "up": "a link to a folder",
    }


def test_hidden_files_and_folders_are_not_even_told(docs: Path) -> None:
    (docs / ".git").mkdir()
    (docs / ".git" / "b.txt").write_text("Hidden.")
    (docs / ".b.txt").write_text("Hidden.")
    files, skipped, _ = scan_folders([docs])
    assert ([*files], skipped) == (["a.txt"], {})


def test_a_file_is_found_with_what_tells_whether_it_changed(docs: Path) -> None:
    os.utime(docs / "a.txt", ns=(1, 2))
    found = scan_folders([docs])[0]["a.txt"]
    assert (found.source, found.size, found.changed_ns) == (
        str(docs / "a.txt"),
        16,
        (docs / "a.txt").stat().st_ctime_ns,
    )


def test_a_link_is_found_as_the_file_it_leads_to(docs: Path) -> None:
    (docs / "b.txt").symlink_to("a.txt")
    assert scan_folders([docs])[0]["b.txt"].size == 16


def test_a_file_given_by_itself_may_be_a_link_and_must_be_a_document(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(docs / "a.txt")
    assert [*scan_folders([tmp_path / "link.txt"])[0]] == ["link.txt"]
    (tmp_path / "b.xyz").write_text("unknown")
    with pytest.raises(FolderError, match="no file is a document"):
        scan_folders([tmp_path / "b.xyz"])


def test_two_names_that_look_alike_are_two(docs: Path) -> None:
    for name in (b"caf\xe9.txt", rb"caf\xe9.txt"):
        Path(os.fsdecode(os.fsencode(docs) + b"/" + name)).write_text("About coffee.")
    assert {r"caf\xe9.txt", r"caf\\xe9.txt"} <= scan_folders([docs])[0].keys()


def test_a_name_too_long_for_any_folder_is_one_that_is_not_there() -> None:
    with pytest.raises(FolderError, match="There is no folder"):
        scan_folders([Path("x" * 300)])
