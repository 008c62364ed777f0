"""Pages that are pictures: scans within other formats, and pictures that are files."""

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


class Pictures:
    """Adds to a draft what is recognised on pages, and says afterwards what became of them."""

    def __init__(self, draft: ExtractionBuilder) -> None:
        self._draft = draft
        self._recognised: list[int] = []
        self._blank: list[int] = []
        self._unread: list[int] = []

    def add(self, page: int, picture: "Callable[[], Image]") -> None:
        if not ocr.installed() or len(self._recognised) + len(self._blank) >= ocr.MAX_PAGES:
            self._unread.append(page)
        elif pieces := ocr.recognise(picture()):
            add_page(pieces, self._draft)
            self._recognised.append(page)
        else:
            self._blank.append(page)

    def finish(self, title: str) -> Extraction:
        """Raises ``ReadError`` where there is no text, and says how there may be."""
        notes = self._notes()
        if self._draft.empty:
            raise ReadError("; ".join(["holds no text", *notes]))
        self._draft.notes += notes
        return self._draft.finish(title)

    def _notes(self) -> list[str]:
        way = f"at most {ocr.MAX_PAGES} of a file are recognised: split it"
        if not ocr.installed():
            way = f"to have pictures read (OCR), {ocr.HOW_TO_INSTALL}"
        said = {
            "text was recognised (OCR) on": self._recognised,
            "no text was found on": self._blank,
        }
        notes = [f"{words} {_numbered(pages)}" for words, pages in said.items() if pages]
        return [*notes, f"no text on {_numbered(self._unread)}; {way}"] if self._unread else notes


def read_picture(path: Path) -> Extraction:
    """A page for each picture in the file; the only one has no number."""
    from PIL import Image, ImageSequence

    draft = ExtractionBuilder()
    pictures = Pictures(draft)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with a file and yet can be read
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as file:
                several = getattr(file, "n_frames", 1) > 1
                for number, frame in enumerate(ImageSequence.Iterator(file), start=1):
                    if several:
                        draft.page(number)
                    pictures.add(number, partial(_upright, frame))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ReadError("has more pixels than any page: it is not opened") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ReadError("is not a picture (PNG, JPEG, TIFF), or damaged") from error
    return pictures.finish(path.stem)


def _upright(picture: "Image") -> "Image":
    """On white, as its camera was held, and no larger than recognition needs."""
    from PIL import Image, ImageOps

    picture.thumbnail((ocr.MAX_SIDE, ocr.MAX_SIDE))
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def _numbered(pages: Iterable[int]) -> str:
    """``page 4``; ``pages 1–3, 7``."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1][1:] = [page]
        else:
            runs.append([page])
    shown = ", ".join("–".join(map(str, run)) for run in runs)
    return f"page {shown}" if shown.isdigit() else f"pages {shown}"
