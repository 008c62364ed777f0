"""Pages as pictures, in a process with limits, with what is quoted marked."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image

from fakes.engines import ROOT, SAMPLES
from indexes.errors import ReadError
from indexes.readers.page_images import NoPageError, PagePicture, PagePictures, PageRequest, PagesBusyError, load
from indexes.readers.page_renderer import draw
from indexes.readers.pages.pdf import read_pdf
from indexes.text.loose_match import find_quote

POLICY = SAMPLES / "handbook" / "leave-policy.pdf"
FORMATS = ROOT / "tests" / "data" / "formats"
# by a password that nobody has
LOCKED = (
    b"%%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    b"3 0 obj\n<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>\nendobj\n"
    b"trailer << /Size 4 /Root 1 0 R /Encrypt 3 0 R /ID [<41> <41>] >>\n%%%%EOF" % (b"41" * 32, b"42" * 32)
)


def page_text(file: Path, page: int) -> str:
    read = read_pdf(file)
    return "".join(read.text[s.char_start : s.char_end] for s in read.sections if s.page == page)


def pictures(file: Path, request: PageRequest, made: PagePictures | None = None) -> PagePicture:
    @contextmanager
    def original() -> Iterator[Path]:
        yield file

    return (made or PagePictures(200)).of(str(file), request, original)


@pytest.mark.parametrize(
    "file", [POLICY, SAMPLES / "briefings" / "chips-and-factories.pdf", FORMATS / "garden-print.pdf"]
)
def test_every_line_that_was_indexed_is_found_on_its_page(file: Path) -> None:
    for page in {section.page for section in read_pdf(file).sections}:
        text, start = page_text(file, page or 1), 0
        for line in text.splitlines(keepends=True):
            if len(line.split()) > 1:
                drawn = draw(file, PageRequest(page or 1, 300, text, start, start + len(line)))
                assert drawn.marks >= 1, (page, line)
            start += len(line)


def test_of_words_that_stand_twice_those_are_marked_that_are_meant() -> None:
    text = page_text(POLICY, 2)
    first, second = text.index("doctor"), text.index("doctor", text.index("doctor") + 1)
    at = [_rows(draw(POLICY, PageRequest(2, 600, text, start, start + 6))) for start in (first, second)]
    assert at[0].stop <= at[1].start


def _rows(picture: PagePicture) -> range:
    shown = Image.open(io.BytesIO(picture.png)).convert("RGB")
    rows = [y for y in range(shown.height) if any(_yellow(shown.getpixel((x, y))) for x in range(shown.width))]
    return range(rows[0], rows[-1] + 1)


def _yellow(pixel: tuple[int, ...]) -> bool:
    return pixel[0] > 240 and pixel[2] < 120


def test_a_quote_is_found_across_line_ends_hyphens_and_blanks() -> None:
    text = "the harbour mas-\nter keeps\u00a0the | key"
    assert text[slice(*find_quote("harbour master keeps the key", text))] == "harbour mas-\nter keeps\u00a0the | key"
    assert find_quote("lighthouse", text) == (0, 0)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_is_turned_is_marked_where_its_words_are(tmp_path: Path, turn: int) -> None:
    turned = tmp_path / "turned.pdf"
    with pdfium.PdfDocument(POLICY) as pdf:
        pdf[1].set_rotation(turn)
        pdf.save(turned)
    text = page_text(turned, 2)
    picture = draw(turned, PageRequest(2, 600, text, text.index("Sick leave"), text.index("Sick leave") + 10))
    shown = Image.open(io.BytesIO(picture.png)).convert("RGB").rotate(turn, expand=True)
    places = [(x, y) for x in range(shown.width) for y in range(shown.height) if _yellow(shown.getpixel((x, y)))]
    assert max(x for x, _ in places) < shown.width / 3
    assert max(y for _, y in places) < shown.height / 7


def test_a_scan_is_shown_without_marks() -> None:
    assert draw(FORMATS / "garden-scan.pdf", PageRequest(1, 300, "Some words.", 0, 4)).marks == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a PDF"),
        (b"%PDF-1.7\n" + b"\xff" * 5000, "not a PDF"),
        (LOCKED, "encrypted"),
        (POLICY.read_bytes()[:4000], "not a PDF|damaged"),
    ],
)
def test_what_cannot_be_shown_is_told_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "hostile.pdf"
    file.write_bytes(content)
    with pytest.raises(ReadError, match=words):
        pictures(file, PageRequest(1, 500))


def test_a_page_that_is_not_there_is_told_as_such() -> None:
    with pytest.raises(NoPageError, match="has 4 pages, and no page 9"):
        pictures(POLICY, PageRequest(9, 500))


@pytest.mark.parametrize("size", ["0 0 3 14400", "0 0 14400 3", "0 0 1000000 1000000", "0 0 0 0", "0 0 -5 -5"])
def test_a_page_of_any_size_takes_no_more_than_its_pixels(tmp_path: Path, size: str) -> None:
    file = tmp_path / "odd.pdf"
    file.write_bytes(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[" + size.encode() + b"]>>endobj\ntrailer<</Root 1 0 R>>\n"
    )
    try:
        picture = pictures(file, PageRequest(1, 2000))
    except ReadError:
        return
    across, down = Image.open(io.BytesIO(picture.png)).size
    assert across <= 2001
    assert across * down <= 8_100_000


@pytest.mark.parametrize(
    "answer",
    [
        b"{}\n",
        b"[]\n",
        b'{"png": "!", "marks": 0}\n',
        b'{"png": 5}\n',
        b'{"error": "x"}\n',
        b'{"png": "", "marks": 1, "top": "x"}',
    ],
)
def test_a_worker_that_was_taken_over_is_not_believed(answer: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        load(answer)


def test_a_page_is_drawn_once_while_there_is_room_for_it() -> None:
    made, calls = PagePictures(200, cache_bytes=200_000), []

    @contextmanager
    def original() -> Iterator[Path]:
        calls.append(1)
        yield POLICY

    first = made.of("a", PageRequest(1, 300), original)
    assert made.of("a", PageRequest(1, 300), original) is first
    assert len(calls) == 1
    for width in range(301, 309):
        made.of("a", PageRequest(1, width), original)
    made.of("a", PageRequest(1, 300), original)
    assert len(calls) == 10


def test_more_pages_than_can_wait_are_refused() -> None:
    made, free, refused = PagePictures(200), threading.Event(), []

    @contextmanager
    def original() -> Iterator[Path]:
        free.wait(30)
        raise ReadError("is gone")
        yield POLICY

    def ask(number: int) -> None:
        try:
            made.of(str(number), PageRequest(1, 300), original)
        except PagesBusyError:
            refused.append(number)
            free.set()
        except ReadError:
            pass

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) >= 1
