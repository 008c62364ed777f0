"""The folder of uploads: names that lead nowhere else, and who may read what lies in it."""

import io
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.libraries import written
from indexes.access.rules import AccessRule, readers_of
from indexes.errors import UploadedNameError
from indexes.ingest.folder_scan import printable_path, scan_folders
from indexes.ingest.uploads import UPLOADED, Uploads, readers_at, upload_path, uploads_of

groups = st.sets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("name", "folder", "expected"),
    [
        ("report.pdf", "", "report.pdf"),
        ("../../etc/report.pdf", "", "report.pdf"),
        (r"C:\Users\me\report.pdf", "", "report.pdf"),
        ("report.pdf", "../..//./trips/ sea ", "trips/sea/report.pdf"),
        ("report.pdf", r"\\server\share", "server/share/report.pdf"),
        (".hidden.md", ".git/hooks", "git/hooks/hidden.md"),
        ("CON.md", "aux", "_aux/_CON.md"),
        ("con.tar.md", "", "_con.tar.md"),
        ('a<b>:c|d?*".md', "", "a_b__c_d___.md"),
        ("invoice\u202egpj.md", "", "invoicegpj.md"),
        ("a\x00b\x1f\u200b.md", "", "ab.md"),
        ("  two   words .md", "", "two words .md"),
        ("e\u0301t\u00e9.md", "", "\u00e9t\u00e9.md"),
    ],
)
def test_a_name_is_made_one_that_leads_nowhere_else(name: str, folder: str, expected: str) -> None:
    assert upload_path(name, folder, ["everyone"]) == f"uploads/everyone/{expected}"


@pytest.mark.parametrize("name", ["", ".", "..", "/", "no-suffix", "\u200b.\u200b", "a."])
def test_a_name_of_which_nothing_is_left_is_refused(name: str) -> None:
    with pytest.raises(UploadedNameError):
        upload_path(name, "", ["everyone"])


@given(st.text(max_size=400), st.text(max_size=100), groups)
def test_whatever_a_name_is_its_path_stays_in_the_folder_and_is_shown_as_it_is(
    name: str, folder: str, readers: set[str]
) -> None:
    try:
        path = upload_path(name, folder, readers)
    except UploadedNameError:
        return
    steps = path.split("/")
    assert path == printable_path(path) == str(PurePosixPath(path))
    assert steps[0] == "uploads"
    assert not [step for step in steps if step.startswith(".") or len(step.encode()) > 255]


@given(groups)
def test_readers_are_what_the_folder_says(readers: set[str]) -> None:
    path = upload_path("a.md", "b", readers)
    assert set(readers_at(path)) == ({"everyone"} if "everyone" in readers else readers)
    assert readers_of(path, [UPLOADED, AccessRule("**", ("all",))]) == readers_at(path)


@pytest.mark.parametrize(
    "path", ["uploads/a.md", "uploads/HR/a.md", "uploads/b+a/a.md", "uploads/%61/a.md", "uploads//a.md"]
)
def test_what_lies_in_no_such_folder_is_for_nobody(path: str) -> None:
    assert readers_at(path) == ()


def test_a_group_of_two_cases_has_two_folders_on_every_file_system() -> None:
    assert upload_path("a.md", "", ["HR"]).lower() != upload_path("a.md", "", ["hr"])


def test_an_upload_is_whole_or_not_there(tmp_path: Path) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the client is gone")

    uploads = Uploads(tmp_path)
    path = uploads.add(io.BytesIO(b"first"), "a.md", "", ["everyone"])
    with pytest.raises(Exception, match="cannot be kept"):
        uploads.add(Breaks(), "a.md", "", ["everyone"])
    assert (tmp_path / path).read_bytes() == b"first"
    assert [*uploads.paths()] == [path]
    assert [file.name for file in (tmp_path / "uploads").iterdir()] == ["everyone"]


def test_a_file_and_a_folder_of_one_name_are_told_apart_in_words(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    uploads.add(io.BytesIO(b"zip"), "plans.zip", "", ["everyone"])
    with pytest.raises(UploadedNameError, match="name of its folder"):
        uploads.add(io.BytesIO(b"text"), "a.md", "plans.zip", ["everyone"])
    uploads.add(io.BytesIO(b"text"), "a.md", "more.zip", ["everyone"])
    with pytest.raises(UploadedNameError, match="name of its folder"):
        uploads.add(io.BytesIO(b"zip"), "more.zip", "", ["everyone"])


def test_uploads_are_one_more_folder_and_the_others_are_named_as_before(tmp_path: Path) -> None:
    docs = written(tmp_path / "docs", {"a.md": "a", "uploads/everyone/own.md": "a folder of theirs"})
    Uploads(tmp_path / "index").add(io.BytesIO(b"x"), "own.md", "", ["everyone"])
    files, skipped, _ = scan_folders([docs], uploads_of(tmp_path / "index"))
    assert [*files] == ["a.md", "uploads/everyone/own.md"]
    assert files["uploads/everyone/own.md"].source.startswith(str(tmp_path / "index"))
    assert "rename the folder" in skipped["uploads/everyone/own.md"]


def test_an_index_among_the_documents_keeps_its_uploads_to_itself(tmp_path: Path) -> None:
    docs = written(tmp_path / "docs", {"a.md": "a", "index/writer.lock": "", "index/current": "generations/x"})
    Uploads(docs / "index").add(io.BytesIO(b"x"), "own.md", "", ["hr"])
    assert [*scan_folders([docs], uploads_of(docs / "index"))[0]] == ["a.md", "uploads/hr/own.md"]
