"""Recognises text on pages that are pictures: scans within other formats, and picture files."""

import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from indexes.errors import ReadError
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.readers.pages import ocr
from indexes.readers.pages.page_layout import add_page
from indexes.types import Extraction

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("PNG", "JPEG", "TIFF")


class PictureReader:
    """Adds the text of picture pages to an extraction, and notes on which pages it was found."""

    def __init__(self, builder: ExtractionBuilder) -> None:
        self._builder = builder
        self._recognised: list[int] = []
        self._blank: list[int] = []
        self._unread: list[int] = []

    def add(self, page: int, picture: "Callable[[], Image]") -> None:
        """Recognise a page, unless the file has too many or the recogniser is not installed."""
        if not ocr.installed() or len(self._recognised) + len(self._blank) >= ocr.MAX_PAGES:
            self._unread.append(page)
        elif boxes := ocr.recognise(picture()):
            add_page(boxes, self._builder)
            self._recognised.append(page)
        else:
            self._blank.append(page)

    def finish(self, title: str) -> Extraction:
        """Return the extraction with notes. Raises ``ReadError``, with the same notes, if there is no text."""
        notes = []
        if self._recognised:
            notes.append(f"text was recognised (OCR) on {_page_numbers(self._recognised)}")
        if self._blank:
            notes.append(f"no text was found on {_page_numbers(self._blank)}")
        if self._unread:
            advice = f"at most {ocr.MAX_PAGES} of a file are recognised: split it"
            if not ocr.installed():
                advice = f"to have pictures read (OCR), {ocr.HOW_TO_INSTALL}"
            notes.append(f"no text on {_page_numbers(self._unread)}; {advice}")
        if self._builder.empty:
            raise ReadError("; ".join(["holds no text", *notes]))
        self._builder.notes += notes
        return self._builder.finish(title)


def read_picture(path: Path) -> Extraction:
    """Read each picture of a file as a page. A single picture has no page number."""
    from PIL import Image, ImageSequence

    builder = ExtractionBuilder()
    pictures = PictureReader(builder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about faults that do not keep it from being read
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as file:
                several = getattr(file, "n_frames", 1) > 1
                for number, frame in enumerate(ImageSequence.Iterator(file), start=1):
                    if several:
                        builder.page(number)
                    pictures.add(number, partial(_upright, frame))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ReadError("has more pixels than any page: it is not opened") from error
    except (OSError, SyntaxError, ValueError, TypeError, EOFError) as error:
        raise ReadError("is not a picture (PNG, JPEG, TIFF), or damaged") from error
    return pictures.finish(path.stem)


def _upright(picture: "Image") -> "Image":
    """Turn a picture as its camera was held, on white, no larger than recognition needs."""
    from PIL import Image, ImageOps

    picture.thumbnail((ocr.MAX_SIDE, ocr.MAX_SIDE))
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def _page_numbers(pages: Iterable[int]) -> str:
    """Return ``page 4`` or ``pages 1–3, 7``."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1][1:] = [page]
        else:
            runs.append([page])
    shown = ", ".join("–".join(map(str, run)) for run in runs)
    return f"page {shown}" if shown.isdigit() else f"pages {shown}"
