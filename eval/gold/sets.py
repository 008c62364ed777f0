"""What a set is asked of: an index that is there, or one that is made of its documents."""

import hashlib
from pathlib import Path

from eval.terminal import progress, say
from indexes.ingest.folder_scan import scan_folders
from indexes.ingest.sync import SyncListener
from indexes.protocols import Encoder
from rag.engine.engine import open_writer
from rag.settings import Settings, load_settings

INDEXES = Path("var/eval")
"""Where the indexes of sets are made."""


class HealingListener(SyncListener):
    def healed(self, sentence: str) -> None:
        say(sentence)


def unique_name(gold_set: Path) -> str:
    """Its name and a hash of where it is: a set elsewhere may have the same name."""
    place = gold_set.resolve()
    name = place.name if gold_set.is_dir() else place.stem
    return f"{name}-{hashlib.sha256(bytes(place)).hexdigest()[:6]}"


def settings_for(index: Path | None, config: Path | None) -> Settings:
    """The settings of this run, with another index where one is given."""
    return load_settings(config, **({"index": {"dir": index}} if index else {}))


def prepare_index(gold_set: Path, index: Path | None, config: Path | None) -> Settings:
    """The settings of the set's index, which is made equal to its ``docs/`` where none is named."""
    if index is not None or not gold_set.is_dir():
        return settings_for(index, config)
    settings = settings_for(INDEXES / unique_name(gold_set), config)
    build_index(settings, gold_set / "docs")
    return settings


def build_index(settings: Settings, docs: Path, encoder: Encoder | None = None) -> None:
    """Makes the index equal to the folder, however much that removes, and says what could not be read."""
    with open_writer(settings, encoder) as writer, progress("Indexing", len(scan_folders([docs])[0])) as advance:

        class Advancing(HealingListener):
            def done(self, path: str, passages: int) -> None:  # noqa: ARG002
                advance()

        report = writer.run([docs], Advancing(), allow_delete=True)
    say(f"{report.passages} passages indexed in {report.seconds:.1f} s")
    if report.healed:
        say(report.healed)
    for path, reason in report.failed.items():
        say(f"failed {path}: {reason}")
