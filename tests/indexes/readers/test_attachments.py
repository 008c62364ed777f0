"""Files within files: named safely, read under one allowance, each at its own cost."""

import os
import signal
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.errors import ReadError
from indexes.readers.attachments import EmbeddedFiles
from indexes.readers.extraction.budget import Budget
from indexes.readers.registry import media_type, read_file
from indexes.readers.sandbox import ReadingLimits, Sandbox
from indexes.types import EmbeddedDocument, Extraction, Section


def held(enclosures: EmbeddedFiles) -> Extraction:
    return enclosures.within(Extraction("", "", ()), "left out")


def paths(enclosures: EmbeddedFiles) -> list[str]:
    return [part.path for part in held(enclosures).parts]


def named(*names: str) -> list[str]:
    enclosures = EmbeddedFiles(Budget())
    for name in names:
        enclosures.add(name, [b"text"])
    return paths(enclosures)


def zipped(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b.txt", "a/b.txt"),
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("/etc/a.txt", "etc/a.txt"),
        (r"..\..\a\b.txt", "a/b.txt"),
        (r"C:\Users\a.txt", "C:/Users/a.txt"),
        ("a\nb\r\tc.txt", "a b c.txt"),
        ("a\u202etxt.exe.txt", "atxt.exe.txt"),
        ("a\udcff\0b.txt", "ab.txt"),
        ("./a//./b.txt", "a/b.txt"),
        ("…/....txt", "…/....txt"),
        ("x" * 300 + ".txt", "x" * 150 + "…" + "x" * 146 + ".txt"),
    ],
)
def test_a_name_made_to_harm_becomes_a_plain_path(name: str, path: str) -> None:
    assert named(name) == [path]


@given(st.lists(st.text(st.characters() | st.sampled_from("./\\\n\0"), max_size=400), max_size=5))
def test_any_names_become_paths_of_one_line_that_lead_nowhere_and_differ(names: list[str]) -> None:
    found = named(*(f"{name}a.txt" for name in names))
    assert len(set(found)) == len(names)
    for path in map(PurePosixPath, found):
        assert not path.is_absolute()
        assert len(str(path).encode().splitlines()) == 1
        assert ".." not in path.parts
        assert len(str(path)) <= 310
        assert media_type(str(path)) == "text/plain"


def test_files_of_one_name_are_all_kept() -> None:
    assert named("a.txt", "a.txt", "a (2).txt", "b/a.txt", "/a.txt") == [
        *("a.txt", "a (2).txt", "a (2) (2).txt", "b/a.txt", "a (3).txt"),
    ]


def test_a_file_within_a_file_does_not_take_the_path_of_another(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.txt": b"deep"}).read_bytes()
    outer = zipped(tmp_path / "outer.zip", {"inner.zip": inner, "inner.zip/a.txt": b"shallow"})
    assert [(p.path, p.found.text) for p in read_file(outer).parts if isinstance(p.found, Extraction)] == [
        *(("inner.zip/a.txt", "deep"), ("inner.zip/a (2).txt", "shallow")),
    ]


def test_a_document_without_a_title_is_titled_by_its_name_within_the_file() -> None:
    enclosures = EmbeddedFiles(Budget())
    for name in ("b/a note.txt", "tool.py"):
        enclosures.add(name, [b"x = 1"])
    assert [part.found.title for part in held(enclosures).parts if isinstance(part.found, Extraction)] == [
        *("a note", "tool.py"),
    ]


def failing(error: Exception) -> Callable[[Budget], Extraction]:
    def read(_: Budget) -> Extraction:
        raise error

    return read


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ReadError("is damaged"), "is damaged"),
        (MemoryError(), "needs more memory to read than is allowed"),
        (OSError(5, "Input/output error"), "cannot be opened: Input/output error"),
        (AssertionError("a\nb\udcff"), "cannot be read: AssertionError: a b"),
    ],
)
def test_whatever_goes_wrong_in_a_file_costs_that_file_only(error: Exception, reason: str) -> None:
    enclosures = EmbeddedFiles(Budget())
    enclosures.add_opened("a.eml", failing(error))
    enclosures.add("b.txt", [b"text"])
    assert held(enclosures).parts == (
        EmbeddedDocument("a.eml", reason),
        EmbeddedDocument("b.txt", Extraction("b", "text", (Section(0, 4),))),
    )


def test_files_of_other_formats_are_named_in_one_note_of_bounded_length() -> None:
    enclosures = EmbeddedFiles(Budget())
    for number in range(12):
        enclosures.add(f"{number}.bin", [b""])
    assert held(enclosures).notes == (
        "left out: 0.bin, 1.bin, 2.bin, 3.bin, 4.bin, 5.bin, 6.bin, 7.bin, 8.bin, 9.bin and 2 more",
    )


def test_nothing_of_what_is_left_out_is_unpacked() -> None:
    enclosures = EmbeddedFiles(Budget())
    enclosures.add("a.bin", (pytest.fail("unpacked") for _ in range(1)))
    assert held(enclosures).parts == ()


def test_all_levels_share_one_allowance_of_bytes(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.txt": b"x" * 2**20}).read_bytes()
    outer = zipped(tmp_path / "outer.zip", {f"{number}.zip": inner for number in range(4)})
    parts = read_file(outer, Budget(bytes=5 * 2**19)).parts
    assert [part.path for part in parts] == ["0.zip/a.txt", "1.zip/a.txt", "2.zip", "3.zip"]
    assert parts[2].found == "takes more than is left of the 500 MB allowed for all files within one"


def test_all_levels_share_one_allowance_of_files(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.txt": b"x", "b.txt": b"x"}).read_bytes()
    outer = zipped(tmp_path / "outer.zip", {f"{number}.zip": inner for number in range(4)})
    parts = read_file(outer, Budget(files=7)).parts
    assert [part.path for part in parts] == [
        "0.zip/a.txt",
        "0.zip/b.txt",
        "1.zip/a.txt",
        "1.zip/b.txt",
        "2.zip",
        "3.zip",
    ]
    assert parts[-1].found == "holds more files than are left of the 10000 allowed within one file"


def test_files_within_files_are_opened_to_the_third_level(tmp_path: Path) -> None:
    content = zipped(tmp_path / "0.zip", {"a.txt": b"text"}).read_bytes()
    for level in range(1, 4):
        content = zipped(tmp_path / f"{level}.zip", {f"{level}.txt": b"text", "in.zip": content}).read_bytes()
    parts = read_file(tmp_path / "3.zip").parts
    assert [part.path for part in parts] == ["3.txt", "in.zip/2.txt", "in.zip/in.zip/1.txt", "in.zip/in.zip/in.zip"]
    assert parts[-1].found == "lies in files within files deeper than the 3 levels that are opened"
    assert len(read_file(tmp_path / "2.zip").parts) == 3


def test_nothing_is_left_of_what_was_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert len(read_file(zipped(tmp_path / "a.zip", {"a.txt": b"text"})).parts) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


# -- through the sandbox --------------------------------------------------------------------------------------------


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ReadingLimits(seconds=60, text_mb=1, memory_mb=1024)) as sandbox:
        yield sandbox


def test_the_limit_of_text_holds_for_all_documents_of_a_file_together(tmp_path: Path, sandbox: Sandbox) -> None:
    sizes = {"a.txt": 6, "b.txt": 6, "c.txt": 3}
    read = sandbox.read(zipped(tmp_path / "a.zip", {name: b"x" * (size * 10**5) for name, size in sizes.items()}))
    assert [part.found if isinstance(part.found, str) else len(part.found.text) for part in read.parts] == [
        *(600_000, "holds more text than is left of the 1 MB allowed for its file", 300_000),
    ]


def test_a_worker_that_is_killed_leaves_nothing_unpacked_behind(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sandbox.read(zipped(tmp_path / "a.zip", {"a.txt": b"text"}))
    assert sandbox._worker
    (folder,) = tmp_path.glob("footnote-*")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "unpacked.pdf").write_bytes(b"%PDF")
    os.kill(sandbox._worker.pid, signal.SIGKILL)
    with pytest.raises(ReadError, match="broke its reader"):
        sandbox.read(tmp_path / "a.zip")
    assert not folder.exists()


def test_the_worker_unpacks_where_its_sandbox_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    slow = b"<p>" * 200_000
    with Sandbox(ReadingLimits(seconds=2)) as sandbox, pytest.raises(ReadError, match="took longer"):
        sandbox.read(zipped(tmp_path / "a.zip", {"a.html": slow}))
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]
