"""Recognises text in pictures (OCR), offline: the package of the extra ``ocr`` carries its models."""

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
"""Called after each page, as a page takes seconds and a scan may have hundreds."""
MAX_SIDE = 3400
"""Pixels, as of A3 at 200 dots an inch. Larger pictures are made smaller."""
MAX_PAGES = 500
"""Pages recognised in one file, which take about an hour."""

_MIN_SIDE = 30
"""Pixels. No line of print fits on less, and the recogniser would enlarge it to gigabytes."""
_MODELS = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
}
_THREADS = 4
"""Threads at most. Each takes address space, which the sandbox limits; more gain nothing on one line of print."""
_DETECTION_SIDE = 1280
"""Pixels at which lines are detected. More take longer and find no more; lines are read at full size."""
_UPRIGHT_SCORE = 0.8
"""Upright print is read with 0.99 on average, print upside down with 0.67."""


def installed() -> bool:
    """Whether the recogniser can be imported."""
    return bool(find_spec("rapidocr"))


@dataclass(frozen=True, slots=True)
class _Recognition:
    """Lines of print, and how sure their texts are on average, from 0 to 1."""

    boxes: list[list[tuple[float, float]]]
    """Four corners for each line, from the left upper one clockwise."""
    texts: list[str]
    score: float

    @property
    def sideways(self) -> bool:
        """Whether most lines are higher than wide."""
        return sum(box[3][1] - box[0][1] for box in self.boxes) > sum(box[1][0] - box[0][0] for box in self.boxes)

    @property
    def slope(self) -> float:
        """The slope of the lines in radians, in which long lines count more."""
        return atan2(sum(box[1][1] - box[0][1] for box in self.boxes), sum(box[1][0] - box[0][0] for box in self.boxes))


def recognise(page: "Image") -> list[TextBox]:
    """Return the lines of print on a page, with their places once the page is upright and level."""
    if min(page.size) < _MIN_SIDE:
        return []
    lines = _recognise_as_is(page)
    if lines.sideways:
        page = page.rotate(90, expand=True)
        lines = _recognise_as_is(page)
    if lines.texts and lines.score < _UPRIGHT_SCORE:
        lines = max(lines, _recognise_as_is(page.rotate(180)), key=lambda lines: lines.score)
    PAGE_DONE.get()()
    along, down = cos(lines.slope), sin(lines.slope)
    boxes = []
    for corners, text in zip(lines.boxes, lines.texts, strict=True):
        xs = [x * along + y * down for x, y in corners]
        ys = [y * along - x * down for x, y in corners]
        boxes.append(TextBox(text, min(xs), min(ys), max(xs), max(ys)))
    return boxes


def _recognise_as_is(page: "Image") -> _Recognition:
    from rapidocr.inference_engine.onnxruntime.main import ONNXRuntimeError

    try:
        result: Any = _engine()(page)  # its class depends on what it holds
    except ONNXRuntimeError as error:
        raise MemoryError from error  # memory is all that models known to run can lack
    texts = getattr(result, "txts", None)
    if not texts:
        return _Recognition([], [], 0.0)
    return _Recognition(result.boxes.tolist(), list(texts), fmean(result.scores))


@cache
def _engine() -> "RapidOCR":
    import cv2
    import rapidocr

    cv2.setNumThreads(1)
    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            # by path: a model that is missing would be downloaded by its name
            **{option: str(models / name) for option, name in _MODELS.items()},
            "Global.log_level": "error",
            "Global.max_side_len": MAX_SIDE,
            "Global.use_cls": False,  # it turns upright lines upside down; `recognise` turns whole pages
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTION_SIDE,
            "Rec.rec_batch_num": 1,  # more lines at once take half as much memory again, and no less time
            "EngineConfig.onnxruntime.intra_op_num_threads": min(_THREADS, os.cpu_count() or 1),
        }
    )
