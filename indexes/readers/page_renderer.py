"""Pages of PDF as pictures; quotes are marked: ``python -m indexes.readers.page_renderer`` is a sandbox's worker."""

import base64
import ctypes
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from indexes.errors import ReadError
from indexes.readers.page_images import NoPageError, PagePicture, PageRequest
from indexes.readers.pages.pdf import open_page, open_pdf
from indexes.text.loose_match import find_letters, to_letters

if TYPE_CHECKING:
    from PIL.Image import Image

    from indexes.readers.sandbox import ReadingLimits

_MAX_PIXELS = 8_000_000
"""A page of A4 has four million at the greatest width."""
_MAX_CHARACTERS = 200_000
"""Of a page that is marked: print has a few thousand."""
_MARKER = (255, 232, 92)
_APART = 3
"""Heights of a line: what stands further apart on it is marked apart."""
_COMPRESSION = 3
"""As small as the usual 6, in two thirds of the time."""


class Box(NamedTuple):
    """In pixels, from the left upper corner."""

    left: int
    top: int
    right: int
    bottom: int


def answer(message: bytes, _: "ReadingLimits") -> bytes:
    data = json.loads(message)
    path = Path(data.pop("path"))
    try:
        picture = draw(path, PageRequest(**data))
    except ReadError as error:
        return json.dumps({"error": str(error), "missing": isinstance(error, NoPageError)}).encode()
    told = {"png": base64.b64encode(picture.png).decode(), "marks": picture.marks, "top": picture.top}
    return json.dumps(told).encode()


def draw(path: Path, request: PageRequest) -> PagePicture:
    """Raises ``ReadError``; for files from outside, a sandbox does it more safely."""
    with open_pdf(path) as pdf:
        if not 1 <= request.page <= len(pdf):
            raise NoPageError(f"has {len(pdf)} pages, and no page {request.page}")
        with open_page(pdf, request.page) as page:
            picture = _rendered(page, request.width)
            boxes = _boxes(page, request, picture.size) if request.start < request.end else []
    for box in boxes:
        _mark(picture, box)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=_COMPRESSION)
    return PagePicture(out.getvalue(), len(boxes), boxes[0].top / picture.height if boxes else None)


def _rendered(page: pdfium.PdfPage, width: int) -> "Image":
    across, down = page.get_size()
    if min(across, down) <= 0:
        raise ReadError("has a page without a size")
    scale = min(width / across, (_MAX_PIXELS / (across * down)) ** 0.5)
    if min(across, down) * scale < 1:
        raise ReadError("has a page that is too long and narrow to be shown")
    picture: Image = page.render(scale=scale).to_pil()
    return picture.convert("RGB")


def _boxes(page: pdfium.PdfPage, request: PageRequest, size: tuple[int, int]) -> list[Box]:
    """Around the characters that are marked, one for each line of them; none where they are not found."""
    text_page = page.get_textpage()
    count = min(text_page.count_chars(), _MAX_CHARACTERS)
    printed = to_letters(chr(pdfium_c.FPDFText_GetUnicode(text_page, number)) for number in range(count))
    indexed = to_letters(request.text[:_MAX_CHARACTERS])
    span = start, end = indexed.span_of(request.start, request.end)
    found = (
        span if printed.letters == indexed.letters else find_letters(indexed.letters[start:end], printed, near=start)
    )
    boxes: list[Box] = []
    for number in dict.fromkeys(printed.origins[slice(*found)] if found else ()):
        if box := _box(page, text_page, number, size):
            joined = _joined(boxes[-1], box) if boxes else None
            boxes[-1:] = [joined] if joined else [*boxes[-1:], box]
    return boxes


def _box(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, number: int, size: tuple[int, int]) -> Box | None:
    """Of a character, as high as its line; None where it takes no room."""
    found = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDFText_GetLooseCharBox(text_page, number, found):
        return None
    (x1, y1), (x2, y2) = (
        _pixel(page, size, *corner) for corner in ((found.left, found.top), (found.right, found.bottom))
    )
    box = Box(max(0, min(x1, x2)), max(0, min(y1, y2)), min(size[0], max(x1, x2)), min(size[1], max(y1, y2)))
    return box if box.left < box.right and box.top < box.bottom else None


def _pixel(page: pdfium.PdfPage, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    """Also of a page that is turned, or cut out of a larger one."""
    right, down = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, right, down)
    return right.value, down.value


def _joined(last: Box, box: Box) -> Box | None:
    """One box for both, where they stand on one line."""
    height = min(last.bottom - last.top, box.bottom - box.top)
    shared = min(last.bottom, box.bottom) - max(last.top, box.top)
    apart = max(last.left, box.left) - min(last.right, box.right)
    if shared < height / 2 or apart > _APART * height:
        return None
    return Box(
        min(last.left, box.left), min(last.top, box.top), max(last.right, box.right), max(last.bottom, box.bottom)
    )


def _mark(picture: "Image", box: Box) -> None:
    """As a marker does on paper: what is printed stays as dark as it is."""
    from PIL import Image, ImageChops

    marked = picture.crop(box)
    picture.paste(ImageChops.multiply(marked, Image.new("RGB", marked.size, _MARKER)), box)


if __name__ == "__main__":
    from indexes.readers.worker import serve

    serve(answer)
