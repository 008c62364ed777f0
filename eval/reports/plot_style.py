"""The style of a report's plots."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from eval.optional import eval_extra
from eval.reports.svg import inline

with eval_extra():
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, LINE, ACCENT, RIGHT, WRONG = "#1d2126 #5a626b #dedbd2 #1f5c85 #22683a #9d2a1f".split()
"""The colours that ``svg.COLOURS`` maps."""

_WIDTH = 5.0
"""Inches. At 72 points an inch it fits a telephone's page, so that 9 points stay readable there."""
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a kind of question may hold dollars
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}

Draw = Callable[[Axes], None]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot of a report. ``svg`` is empty where there is nothing to draw, and ``missing`` says why."""

    title: str
    about: str
    missing: str = "no answer has a confidence"
    svg: str = ""


def render(plot: Plot, draw: Draw, height: float = 2.9) -> Plot:
    """Return the plot with what ``draw`` draws; ``height`` in inches. Equal drawings give equal bytes."""
    style = {**_STYLE, "svg.hashsalt": plot.title}  # the same ids in each run, and other ids in each plot
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # this affects its width only: the page has its own fonts
        figure, image = Figure(figsize=(_WIDTH, height), layout="constrained"), io.BytesIO()
        draw(figure.subplots())
        figure.savefig(image, format="svg", metadata={"Date": None})
    return replace(plot, svg=inline(image.getvalue(), f"{plot.title}. {plot.about}"))


def annotate(axes: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], **style: Any) -> None:
    """Write a text beside a point; ``offset`` in points."""
    axes.annotate(text, at, offset, textcoords="offset points", **style)
