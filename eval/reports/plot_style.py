"""How the plots of a report look."""

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
"""Those that ``svg.COLOURS`` knows."""

_WIDTH = 5.0
"""Inches; at 72 points an inch about as wide as a telephone's page, so that 9 points stay readable there."""
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
    """``svg`` is empty where the run has nothing to draw, for the reason that ``missing`` gives."""

    title: str
    about: str
    missing: str = "no answer has a confidence"
    svg: str = ""


def drawn(plot: Plot, draw: Draw, height: float = 2.9) -> Plot:
    """``height`` in inches. Equal drawings are equal to the byte."""
    salted = {**_STYLE, "svg.hashsalt": plot.title}  # ids are the same in each run, and others in each plot
    with mpl.rc_context(salted), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # only its width is guessed: the page has its own fonts
        figure, made = Figure(figsize=(_WIDTH, height), layout="constrained"), io.BytesIO()
        draw(figure.subplots())
        figure.savefig(made, format="svg", metadata={"Date": None})
    return replace(plot, svg=inline(made.getvalue(), f"{plot.title}. {plot.about}"))


def note(axes: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], **look: Any) -> None:
    """``offset`` in points."""
    axes.annotate(text, at, offset, textcoords="offset points", **look)
