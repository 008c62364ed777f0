"""Scans and pictures become text where the extra ``ocr`` is installed, and are told of where it is not."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image

from indexes.errors import ReadError
from indexes.readers.pages import ocr
from indexes.readers.pages.page_layout import group_rows
from indexes.readers.registry import read_file
from indexes.readers.sandbox import ReadingLimits, Sandbox

FORMATS = Path(__file__).parents[3] / "data" / "formats"
SAMPLE = Path(__file__).parents[4] / "samples" / "handbook" / "leave-policy.pdf"
SCAN, PAGES, PHOTO = FORMATS / "garden-scan.pdf", FORMATS / "tides.tiff", FORMATS / "waste.jpg"

needs_ocr = pytest.mark.skipif(not ocr.installed(), reason="the extra footnote[ocr] is not installed")


@pytest.fixture
def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)


def refusal(file: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read_file(file)
    return str(caught.value)


def pdf_of(tmp_path: Path, *files: Path, blank: int = 0) -> Path:
    """The pages of the files, then blank ones."""
    made = tmp_path / "made.pdf"
    with pdfium.PdfDocument.new() as pdf:
        for file in files:
            with pdfium.PdfDocument(file) as pages:
                pdf.import_pages(pages)
        for _ in range(blank):
            pdf.new_page(300, 300).close()
        pdf.save(made)
    return made


def picture(page: Path) -> Image.Image:
    with pdfium.PdfDocument(page) as pdf:
        return pdf[0].render(scale=200 / 72).to_pil().convert("RGB")


# -- with the extra -------------------------------------------------------------------------------------------------


@needs_ocr
def test_pages_of_a_scan_are_noted_beside_those_with_text_and_those_without_any(tmp_path: Path) -> None:
    read = read_file(pdf_of(tmp_path, SAMPLE, SCAN, blank=1))
    assert read.sections[-1].page == 5
    assert "Give notice by 30 September." in read.text
    assert read.notes == ("text was recognised (OCR) on page 5", "no text was found on page 6")


@needs_ocr
def test_columns_of_a_scan_are_read_one_after_the_other_and_whoever_waits_hears_of_each_page() -> None:
    told = list[None]()
    token = ocr.PAGE_DONE.set(lambda: told.append(None))
    text = read_file(PAGES).text
    ocr.PAGE_DONE.reset(token)
    last_of_the_first, first_of_the_second = "A reading that\ndiffers from the table", "office, and the watch"
    assert 0 < text.index(last_of_the_first) < text.index(first_of_the_second) < text.index("Printed by the harbour")
    assert len(told) == 2


@needs_ocr
@pytest.mark.parametrize("turn", [90, 180])
def test_a_page_that_lies_on_its_side_or_head_is_turned(turn: int) -> None:
    page = picture(SCAN).crop((0, 0, 1654, 600)).rotate(turn, expand=True)
    rows = [" ".join(piece.text for piece in row) for row in group_rows(ocr.recognise(page))]
    assert rows[:2] == ["Garden rules", "The garden opens at seven — even in winter."]


@needs_ocr
def test_a_photo_is_read_as_its_camera_was_held() -> None:
    assert "removal and a fine of 250 euros" in read_file(PHOTO).text


@needs_ocr
def test_models_are_taken_from_the_package_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    ocr._engine.cache_clear()
    assert "Garden rules" in read_file(SCAN).text


@needs_ocr
def test_transparent_paper_is_white(tmp_path: Path) -> None:
    ink = picture(SCAN).convert("L").crop((0, 0, 1654, 500)).point(lambda grey: 255 - grey)
    page = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    page.putalpha(ink)
    page.save(tmp_path / "a.png")
    assert "The garden opens at seven" in read_file(tmp_path / "a.png").text


@needs_ocr
def test_a_page_of_any_size_and_shape_is_drawn_within_bounds(tmp_path: Path) -> None:
    with pdfium.PdfDocument.new() as pdf:
        for size in [(14_400, 14_400), (14_400, 1), (1, 14_400)]:
            pdf.new_page(*size).close()
        pdf.save(tmp_path / "a.pdf")
    with (
        Sandbox(ReadingLimits(seconds=60)) as sandbox,
        pytest.raises(ReadError, match="no text was found on pages 1–3"),
    ):
        sandbox.read(tmp_path / "a.pdf")


@needs_ocr
def test_a_picture_of_more_pixels_than_memory_is_refused_unopened(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    file = tmp_path / "a.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    assert "pixels" in refusal(file)


# -- without it -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_ocr")
def test_a_scan_says_how_to_have_it_read() -> None:
    assert refusal(SCAN) == (
        "holds no text; no text on page 1; to have pictures read (OCR), pip install 'footnote[ocr]'"
    )


@pytest.mark.usefixtures("without_ocr")
def test_scanned_pages_are_named_beside_those_with_text(tmp_path: Path) -> None:
    mixed = pdf_of(tmp_path, SCAN, SAMPLE, SCAN, SCAN)
    (note,) = read_file(mixed).notes
    assert note.startswith("no text on pages 1, 6–7; ")


def test_pictures_are_skipped_not_failed(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['rapidocr'] = None; from pathlib import Path;"
        "from indexes.ingest.folder_scan import scan_folders; print(*map(list, scan_folders([Path(sys.argv[1])])))"
    )
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.png").touch()
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.stdout == "['a.txt'] ['b.png'] []\n"
