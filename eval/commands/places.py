"""Which index a command of the gold looks into."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.settings import Settings


def made_of(gold: Path) -> Path | None:
    """Where ``footnote eval SET`` keeps the index of a set's documents; None for a gold file."""
    return Path("var/eval") / gold.resolve().name if gold.is_dir() else None


def settings_for(index: Path | None, config: Path | None) -> "Settings":
    """The settings of this run, with another index where one is given."""
    from rag.settings import load_settings

    return load_settings(config, **({"index": {"dir": index}} if index else {}))
