"""Zip archives, made by anyone and to do anything."""

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from indexes.errors import ReadError
from indexes.readers.extraction.budget import Budget
from indexes.readers.registry import read_file
from indexes.types import EmbeddedDocument, Extraction

RECORDS = Path(__file__).parents[2] / "data" / "formats" / "records.zip"
DAMAGED = "is damaged in its zip archive"


def refusal(file: Path, allowance: Budget | None = None) -> str:
    with pytest.raises(ReadError) as caught:
        read_file(file, allowance)
    return str(caught.value)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_documents_are_read_in_the_order_of_the_archive(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(zipped({"b.txt": b"1", "a/c.md": b"# 2", "a.txt": b"3"}))
    assert [part.path for part in read_file(file).parts] == ["b.txt", "a/c.md", "a.txt"]


def test_a_zip_without_documents_is_refused_and_says_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(zipped({"a.bin": b"", "__MACOSX/a.txt": b"", ".b.txt": b"", "c/": b""}))
    assert refusal(file) == (
        "holds no file that can be read; not read, being hidden, a link or of another format: "
        "a.bin, __MACOSX/a.txt, .b.txt"
    )


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR], ids=["link", "pipe", "device"])
def test_only_plain_files_are_read(tmp_path: Path, kind: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        special = zipfile.ZipInfo("link.txt")
        special.external_attr = (kind | 0o644) << 16
        made.writestr(special, "/etc/passwd")
        made.writestr("plain.txt", "text")
    read = read_file(tmp_path / "a.zip")
    assert [part.path for part in read.parts] == ["plain.txt"]
    assert read.notes[0].endswith(": link.txt")


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "Büro.txt"), ("cp437", "Büro.txt"), ("cp1252", "Bⁿro.txt")])
def test_names_without_a_mark_are_of_unicode_or_ms_dos(tmp_path: Path, encoding: str, name: str) -> None:
    """A name of Windows cannot be told from one of MS-DOS: it is read wrong, and the file is read."""
    written = "Büro.txt".encode(encoding)
    data = zipped({"x" * len(written): b""}).replace(b"x" * len(written), written)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not archive.infolist()[0].flag_bits & 0x800
    data = zipped({"x" * len(written): b"text"}).replace(b"x" * len(written), written)
    (tmp_path / "a.zip").write_bytes(data)
    assert [part.path for part in read_file(tmp_path / "a.zip").parts] == [name]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_two_documents(tmp_path: Path) -> None:
    """Which of them a program shows depends on the program: neither may hide the other."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("a.txt", "first")
        made.writestr("a.txt", "second")
    parts = read_file(tmp_path / "a.zip").parts
    assert [(part.path, part.found.text) for part in parts if isinstance(part.found, Extraction)] == [
        *(("a.txt", "first"), ("a (2).txt", "second")),
    ]


def test_nothing_is_written_where_a_name_leads(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "docs"
    folder.mkdir(parents=True)
    (folder / "a.zip").write_bytes(zipped({"../up.txt": b"x", f"{tmp_path}/root.txt": b"x", "..\\back.txt": b"x"}))
    assert len(read_file(folder / "a.zip").parts) == 3
    assert [file.name for file in tmp_path.rglob("*.*")] == ["a.zip"]


def test_a_member_that_is_damaged_or_in_another_compression_costs_itself_only(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": bytes(range(256)) * 9, "b.txt": b"text"}))
    data[60] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as made:
        made.writestr("c.txt", "text", zipfile.ZIP_BZIP2)
    first, second, third = read_file(tmp_path / "a.zip").parts
    assert first == EmbeddedDocument("a.txt", DAMAGED)
    assert isinstance(second.found, Extraction)
    assert third.found == "is compressed in a way that is not read here: zip it anew, as deflate"


# -- bombs ----------------------------------------------------------------------------------------------------------


def repeated(member: bytes, times: int) -> bytes:
    """An archive whose members all are the same bytes of it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.txt", member)
        for number in range(1, times):
            again = zipfile.ZipInfo(f"{number}.txt")
            for name in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(again, name, getattr(archive.filelist[0], name))
            archive.filelist.append(again)
    return made.getvalue()


def test_ten_gigabytes_in_two_hundred_kilobytes_are_refused_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "a.zip"
    bomb.write_bytes(repeated(bytes(190 * 2**20), 54))
    assert bomb.stat().st_size < 200_000
    with zipfile.ZipFile(bomb) as archive:
        assert sum(member.file_size for member in archive.infolist()) > 10 * 2**30
    assert refusal(bomb) == "is a zip bomb: files in it overlap"


def test_a_bomb_without_tricks_is_refused_by_what_it_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({f"{number}.txt": bytes(2**20) for number in range(5)}))
    reason = "takes more than is left of the 500 MB allowed for all files within one"
    assert refusal(tmp_path / "a.zip", Budget(bytes=4 * 2**20)) == reason


@pytest.mark.parametrize("claimed", [9, 2**20])
def test_a_member_that_lies_about_its_size_is_not_inflated_past_it(tmp_path: Path, claimed: int) -> None:
    size = 9 * 2**20
    data = zipped({"a.txt": bytes(size), "b.txt": b"text"})
    lying = data.replace(size.to_bytes(4, "little"), claimed.to_bytes(4, "little"))
    assert lying != data
    (tmp_path / "a.zip").write_bytes(lying)
    allowance = Budget(bytes=2 * 2**20)
    assert [part.found for part in read_file(tmp_path / "a.zip", allowance).parts][:1] == [DAMAGED]
    assert allowance.bytes >= 2**20 - 4


def test_what_is_not_read_may_be_large(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"film.mp4": bytes(2**20), "a.txt": b"text"}))
    assert [part.path for part in read_file(tmp_path / "a.zip", Budget(bytes=99)).parts] == ["a.txt"]


def test_bombs_within_zips_within_zips_are_refused_one_by_one(tmp_path: Path) -> None:
    """As 42.zip, which holds 16 zips of 16 zips, and so on, of 4 GB each at the last."""
    content = zipped({"0.txt": bytes(2**20)})
    for _ in range(4):
        content = zipped({f"{number}.zip": content for number in range(16)})
    (tmp_path / "42.zip").write_bytes(content)
    parts = read_file(tmp_path / "42.zip").parts
    assert len(parts) == 16**3
    assert {part.found for part in parts} == {"lies in files within files deeper than the 3 levels that are opened"}


def test_a_zip_in_a_zip_without_end_is_opened_three_times(tmp_path: Path) -> None:
    content = zipped({"r.txt": b"text"})
    for _ in range(50):
        content = zipped({"r/r.zip": content})
    (tmp_path / "r.zip").write_bytes(content)
    (part,) = read_file(tmp_path / "r.zip").parts
    assert part.path == "r/r.zip/r/r.zip/r/r.zip"


def test_an_archive_of_more_files_than_allowed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({f"{number}.txt": b"" for number in range(10_001)}))
    assert refusal(tmp_path / "a.zip") == "holds more files than are left of the 10000 allowed within one file"


def test_an_archive_cut_off_anywhere_is_refused_in_words(tmp_path: Path) -> None:
    whole = RECORDS.read_bytes()
    for length in (*range(1, 100), *range(100, len(whole), 997), *range(len(whole) - 60, len(whole))):
        (tmp_path / "a.zip").write_bytes(whole[:length])
        assert refusal(tmp_path / "a.zip") in (
            *("is not a zip archive, or damaged", "is cut off, or has other data behind it"),
        )


def test_an_archive_behind_a_program_is_read(tmp_path: Path) -> None:
    """As those that unpack themselves."""
    (tmp_path / "a.zip").write_bytes(os.urandom(999) + zipped({"a.txt": b"text"}))
    assert [part.path for part in read_file(tmp_path / "a.zip").parts] == ["a.txt"]


@pytest.mark.parametrize("offset", [b"\xff\xff\xff\x7f", b"\xff\xff\xff\xfe"])
def test_a_member_that_lies_outside_of_the_archive_costs_itself_only(tmp_path: Path, offset: bytes) -> None:
    data = bytearray(zipped({"a.txt": b"text", "b.txt": b"text"}))
    entry = data.rindex(b"PK\1\2")
    data[entry + 42 : entry + 46] = offset
    (tmp_path / "a.zip").write_bytes(data)
    assert read_file(tmp_path / "a.zip").parts[1] == EmbeddedDocument("b.txt", DAMAGED)


def test_a_member_without_a_name_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"xxxxx": b"text", "b.txt": b"text"}).replace(b"xxxxx", b"\0.txt"))
    assert read_file(tmp_path / "a.zip").notes[0].endswith(": unnamed")
