"""The page on evaluation tells every measure as it is."""

from eval.metrics.scoring import METRICS
from fakes.engines import ROOT


def test_the_page_has_every_measure_as_it_is_defined() -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    told = [line for line in page.splitlines() if line.startswith("| `") and "footnote eval" not in line]
    margins = [f"{m.margin:g}" if m.guarded else "" for m in METRICS]
    rows = [f"| `{m.name}` | {m.about} | {m.better} | {margin} |" for m, margin in zip(METRICS, margins, strict=True)]
    assert [line for line in told if ".json" not in line] == rows
