"""Files from anyone, made to break their reader: refused in words."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexes.errors import ReadError
from indexes.readers.extraction import archive
from indexes.readers.registry import SUFFIXES, read_file

FOLDER = Path(__file__).parents[2] / "data" / "formats"
ZIPPED = sorted(file for file in FOLDER.iterdir() if zipfile.is_zipfile(file) and file.suffix != ".zip")
zipped = pytest.mark.parametrize("file", ZIPPED, ids=lambda file: file.suffix)


def refusal(file: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read_file(file)
    return str(caught.value)


def rewritten(file: Path, folder: Path, *, replaced: dict[str, bytes] | None = None, added: int = 0) -> Path:
    """The archive with parts replaced, and ``added`` bytes of zeros in one more."""
    made = folder / file.name
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            target.writestr(part, (replaced or {}).get(part.filename, source.read(part)))
        if added:
            target.writestr("media/zeros.bin", bytes(added))
    return made


@zipped
def test_a_bomb_is_refused_by_what_it_says_of_itself(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_MAX_INFLATED", 4 * 2**20)
    bomb = rewritten(file, tmp_path, added=9 * 2**20)
    assert refusal(bomb).endswith("MB, more than the 4 MB allowed")


@zipped
def test_a_bomb_that_lies_about_its_size_is_refused(file: Path, tmp_path: Path) -> None:
    bomb = rewritten(file, tmp_path, added=9 * 2**20)
    bomb.write_bytes(bomb.read_bytes().replace((9 * 2**20).to_bytes(4, "little"), (9).to_bytes(4, "little")))
    assert refusal(bomb).endswith(", or damaged")


@zipped
def test_xml_entities_are_refused(file: Path, tmp_path: Path) -> None:
    entity = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    with zipfile.ZipFile(file) as source:
        name = next(name for name in source.namelist() if name.endswith(".xml"))
    assert "XML entities" in refusal(rewritten(file, tmp_path, replaced={name: entity}))


@zipped
@pytest.mark.parametrize("content", [b"", b"<a", b"<a/>", b"\xff\xfe\x00"], ids=["empty", "cut", "other", "bytes"])
def test_parts_that_are_not_what_they_should_be_are_read_or_refused(file: Path, tmp_path: Path, content: bytes) -> None:
    with zipfile.ZipFile(file) as source:
        names = [name for name in source.namelist() if name.endswith((".xml", ".rels", ".opf", ".xhtml", ".ncx"))]
    for name in names[:40]:
        with suppress(ReadError):
            read_file(rewritten(file, tmp_path, replaced={name: content}))


@zipped
def test_an_encrypted_or_old_file_is_told_by_its_first_bytes(file: Path, tmp_path: Path) -> None:
    old = tmp_path / file.name
    old.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(999))
    assert "encrypted or of an older format" in refusal(old)


@zipped
def test_an_archive_of_another_kind_is_refused(file: Path, tmp_path: Path) -> None:
    other = tmp_path / file.name
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("hello.txt", "hello")
    assert refusal(other).startswith("is not ")


@pytest.mark.parametrize(
    "file", sorted(file for file in FOLDER.iterdir() if file.suffix in SUFFIXES), ids=lambda file: file.name
)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, file: Path, data: st.DataObject
) -> None:
    content = bytearray(file.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=20)):
        content[place] ^= data.draw(st.integers(1, 255))
    damaged = tmp_path_factory.getbasetemp() / file.name
    damaged.write_bytes(io.BytesIO(content).read(data.draw(st.integers(0, len(content)))))
    with suppress(ReadError):
        read = read_file(damaged)
        assert read.text or read.parts
