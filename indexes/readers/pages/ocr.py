"""Text in pictures (OCR), offline: the models lie in the package that the extra ``ocr`` installs."""

import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from math import atan2, cos, sin
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from indexes.readers.pages.page_layout import TextBox

if TYPE_CHECKING:
    from PIL.Image import Image
    from rapidocr import RapidOCR

HOW_TO_INSTALL = "pip install 'footnote[ocr]'"
PAGE_DONE: ContextVar[Callable[[], None]] = ContextVar("PAGE_DONE", default=lambda: None)
"""Called after each page, for whoever waits: a page takes seconds, and a scan may have hundreds."""
MAX_SIDE = 3400
"""Pixels. A3 at 200 dots an inch; what is larger is made smaller."""
MAX_PAGES = 500
"""Of one file: they take about an hour."""

_MIN_SIDE = 30
"""Pixels. No line of print fits on less, and the recogniser would blow it up to gigabytes."""
_MODELS = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
}
_THREADS = 4
"""At most: each takes address space, which the sandbox limits, and more gain nothing on one line of print."""
_DETECTION_SIDE = 1280
"""Pixels at which lines are looked for: more takes longer and finds no more; they are read at full size."""
_SURE = 0.8
"""Print that stands upright is read with 0.99 on average, print upside down with 0.67."""


def installed() -> bool:
    return bool(find_spec("rapidocr"))


@dataclass(frozen=True, slots=True)
class _Found:
    boxes: list[list[tuple[float, float]]]
    """Of four corners each, from the left upper one clockwise."""
    texts: list[str]
    sure: float

    @property
    def sideways(self) -> bool:
        return sum(box[3][1] - box[0][1] for box in self.boxes) > sum(box[1][0] - box[0][0] for box in self.boxes)

    @property
    def slope(self) -> float:
        """Of the lines, in radians; long ones tell it best."""
        return atan2(sum(box[1][1] - box[0][1] for box in self.boxes), sum(box[1][0] - box[0][0] for box in self.boxes))


def recognise(page: "Image") -> list[TextBox]:
    """Pieces of print where they stand once the page is upright; none where it is blank."""
    if min(page.size) < _MIN_SIDE:
        return []
    found = _found(page)
    if found.sideways:
        page = page.rotate(90, expand=True)
        found = _found(page)
    if found.texts and found.sure < _SURE:
        found = max(found, _found(page.rotate(180)), key=lambda found: found.sure)
    PAGE_DONE.get()()
    return _level(found)


def _found(page: "Image") -> _Found:
    from rapidocr.inference_engine.onnxruntime.main import ONNXRuntimeError

    try:
        result: Any = _engine()(page)  # its class depends on what was found
    except ONNXRuntimeError as error:
        raise MemoryError from error  # the one thing that models that are known to run can lack
    texts = getattr(result, "txts", None)
    return _Found(result.boxes.tolist(), list(texts), fmean(result.scores)) if texts else _Found([], [], 0.0)


def _level(found: _Found) -> list[TextBox]:
    """A page that lies askew on the scanner is turned by the slope of its lines."""
    along, down = cos(found.slope), sin(found.slope)
    pieces = []
    for box, text in zip(found.boxes, found.texts, strict=True):
        xs = [x * along + y * down for x, y in box]
        ys = [y * along - x * down for x, y in box]
        pieces.append(TextBox(text, min(xs), min(ys), max(xs), max(ys)))
    return pieces


@cache
def _engine() -> "RapidOCR":
    import cv2
    import rapidocr

    cv2.setNumThreads(1)
    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            # named by path: a model that is looked up by name would be downloaded where it is missing
            **{option: str(models / name) for option, name in _MODELS.items()},
            "Global.log_level": "error",
            "Global.max_side_len": MAX_SIDE,
            "Global.use_cls": False,  # it turns single lines upside down that are not; `recognise` turns whole pages
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTION_SIDE,
            "Rec.rec_batch_num": 1,  # more lines at once take half as much memory again, and no less time
            "EngineConfig.onnxruntime.intra_op_num_threads": min(_THREADS, os.cpu_count() or 1),
        }
    )
