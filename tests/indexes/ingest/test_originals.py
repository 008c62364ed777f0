"""Files found again where they were indexed, whatever they are called and wherever they lie."""

import os
from pathlib import Path

import pytest

from fakes.libraries import written
from indexes.errors import OriginalChangedError, OriginalGoneError
from indexes.ingest.files import file_state
from indexes.ingest.folder_scan import scan_folders
from indexes.ingest.originals import Originals
from indexes.readers.sandbox import ReadingLimits


def given(originals: Originals, path: str, sha256: str) -> bytes:
    with originals.copied(path, sha256, ReadingLimits()) as copy:
        return copy.read_bytes()


def test_every_file_that_an_index_run_finds_is_found_again(tmp_path: Path) -> None:
    one = written(tmp_path / "one", {"a.md": "first", "b/c/d.md": "deep", "tab\there.md": "odd", "back\\slash.md": "b"})
    (one / os.fsdecode(b"caf\xe9.md")).write_bytes(b"bytes that are no text")
    (one / "link.md").symlink_to(one / "a.md")
    two = written(tmp_path / "two", {"a.md": "second"})
    single = written(tmp_path, {"alone.txt": "alone"}) / "alone.txt"
    uploads = written(tmp_path / "index" / "uploads", {"hr/own.md": "uploaded"})
    for roots in ([one], [one, two], [one, single], [single]):
        originals = Originals(tuple(root.resolve() for root in roots), uploads)
        files = scan_folders(roots, uploads)[0]
        assert len(files) >= 2
        for path, found in files.items():
            sha256 = file_state(path, Path(found.source)).sha256
            assert given(originals, path, sha256) == Path(found.source).read_bytes()


def test_of_two_folders_of_one_name_the_file_is_given_that_was_indexed(tmp_path: Path) -> None:
    one = written(tmp_path / "x" / "docs", {"a.md": "first"})
    two = written(tmp_path / "y" / "docs", {"a.md": "second"})
    assert given(Originals((one, two)), "docs/a.md", file_state("a.md", two / "a.md").sha256) == b"second"
    with pytest.raises(OriginalChangedError):
        given(Originals((one, two)), "docs/a.md", "0" * 64)


@pytest.mark.parametrize("path", ["../secret.md", "b/../../secret.md", "out.md", "up/secret.md", "none.md", "b", ""])
def test_nothing_outside_of_the_folder_is_given_nor_what_is_no_file(tmp_path: Path, path: str) -> None:
    secret = written(tmp_path, {"secret.md": "secret"}) / "secret.md"
    docs = written(tmp_path / "docs", {"b/a.md": "a"})
    (docs / "out.md").symlink_to(secret)
    (docs / "up").symlink_to(tmp_path)
    with pytest.raises(OriginalGoneError):
        given(Originals((docs,)), path, file_state("secret.md", secret).sha256)


def test_where_no_folder_was_noted_down_the_file_is_gone() -> None:
    with pytest.raises(OriginalGoneError, match=r"a\.md is not where it was indexed"):
        given(Originals(()), "a.md", "0" * 64)
