"""Draws pages of PDF and marks quotes on them. ``python -m indexes.readers.page_renderer`` is a sandbox's worker."""

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
    from indexes.readers.sandbox import ReadingLimits

_MAX_PIXELS = 8_000_000
"""A page of A4 has four million at the largest width."""
_MAX_CHARACTERS = 200_000
"""Characters of a page on which text is marked. Print has a few thousand."""
MARKER = (255, 232, 92)
"""The marker's colour."""
_MAX_GAP = 3
"""Heights of a line. Text further apart on one line gets boxes of its own."""
_COMPRESSION = 3
"""PNG as small as with the usual 6, in two thirds of the time."""


class Box(NamedTuple):
    """A rectangle, in pixels from the left upper corner."""

    left: int
    top: int
    right: int
    bottom: int


def answer(message: bytes, _: "ReadingLimits") -> bytes:
    """Answer a request with the picture, or with the reason why there is none."""
    data = json.loads(message)
    path = Path(data.pop("path"))
    try:
        picture = draw(path, PageRequest(**data))
    except ReadError as error:
        return json.dumps({"error": str(error), "missing": isinstance(error, NoPageError)}).encode()
    payload = {"png": base64.b64encode(picture.png).decode(), "marks": picture.marks, "top": picture.top}
    return json.dumps(payload).encode()


def draw(path: Path, request: PageRequest) -> PagePicture:
    """Draw a page. Raises ``ReadError``. For files from outside, a sandbox is safer."""
    from PIL import Image, ImageChops

    with open_pdf(path) as pdf:
        if not 1 <= request.page <= len(pdf):
            raise NoPageError(f"has {len(pdf)} pages, and no page {request.page}")
        with open_page(pdf, request.page) as page:
            across, down = page.get_size()
            if min(across, down) <= 0:
                raise ReadError("has a page without a size")
            scale = min(request.width / across, (_MAX_PIXELS / (across * down)) ** 0.5)
            if min(across, down) * scale < 1:
                raise ReadError("has a page that is too long and narrow to be shown")
            picture: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
            boxes = _boxes(page, request, picture.size) if request.start < request.end else []
    for box in boxes:  # as a marker does on paper: print stays as dark as it is
        part = picture.crop(box)
        picture.paste(ImageChops.multiply(part, Image.new("RGB", part.size, MARKER)), box)
    png = io.BytesIO()
    picture.save(png, "PNG", compress_level=_COMPRESSION)
    return PagePicture(png.getvalue(), len(boxes), boxes[0].top / picture.height if boxes else None)


def _boxes(page: pdfium.PdfPage, request: PageRequest, size: tuple[int, int]) -> list[Box]:
    """Return boxes around the marked characters, one for each line; none if they are not found."""
    text_page = page.get_textpage()
    count = min(text_page.count_chars(), _MAX_CHARACTERS)
    printed = to_letters(chr(pdfium_c.FPDFText_GetUnicode(text_page, number)) for number in range(count))
    indexed = to_letters(request.text[:_MAX_CHARACTERS])
    span = start, end = indexed.span_of(request.start, request.end)
    place = (
        span if printed.letters == indexed.letters else find_letters(indexed.letters[start:end], printed, near=start)
    )
    boxes: list[Box] = []
    for number in dict.fromkeys(printed.origins[slice(*place)] if place else ()):
        box = _character_box(page, text_page, number, size)
        if not box:
            continue
        last = boxes[-1] if boxes else box
        height = min(last.bottom - last.top, box.bottom - box.top)
        shared = min(last.bottom, box.bottom) - max(last.top, box.top)
        gap = max(last.left, box.left) - min(last.right, box.right)
        if boxes and shared >= height / 2 and gap <= _MAX_GAP * height:  # on one line
            left, top = min(last.left, box.left), min(last.top, box.top)
            boxes[-1] = Box(left, top, max(last.right, box.right), max(last.bottom, box.bottom))
        else:
            boxes.append(box)
    return boxes


def _character_box(
    page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, number: int, size: tuple[int, int]
) -> Box | None:
    """Return a character's box, as high as its line; None if it takes no room."""
    points = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDFText_GetLooseCharBox(text_page, number, points):
        return None
    xs, ys = [], []
    for x, y in ((points.left, points.top), (points.right, points.bottom)):
        right, down = ctypes.c_int(), ctypes.c_int()  # also where the page is turned, or cut out of a larger one
        pdfium_c.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, right, down)
        xs.append(right.value)
        ys.append(down.value)
    box = Box(max(0, min(xs)), max(0, min(ys)), min(size[0], max(xs)), min(size[1], max(ys)))
    return box if box.left < box.right and box.top < box.bottom else None


if __name__ == "__main__":
    from indexes.readers.worker import serve

    serve(answer)
