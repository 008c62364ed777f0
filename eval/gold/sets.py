"""The index that a set's questions are asked of: an existing one, or one built from the set's documents."""

import hashlib
from pathlib import Path

from eval.terminal import progress, say
from indexes.ingest.folder_scan import scan_folders
from indexes.ingest.sync import SyncListener
from indexes.ingest.writer import FULL_LEAVE
from indexes.protocols import Encoder
from rag.engine.engine import open_writer
from rag.settings import Settings, load_settings

INDEXES = Path("var/eval")
"""Where the indexes of sets are built."""


class HealingListener(SyncListener):
    """Reports repairs of the index on the terminal."""

    def healed(self, sentence: str) -> None:
        """Print the sentence."""
        say(sentence)


def unique_name(gold_set: Path) -> str:
    """Return the set's name and a hash of its path: another set may have the same name."""
    path = gold_set.resolve()
    name = path.name if gold_set.is_dir() else path.stem
    return f"{name}-{hashlib.sha256(bytes(path)).hexdigest()[:6]}"


def settings_for(index: Path | None, config: Path | None) -> Settings:
    """Return the settings of the configuration file, with the given index if there is one."""
    return load_settings(config, **({"index": {"dir": index}} if index else {}))


def prepare_index(gold_set: Path, index: Path | None, config: Path | None) -> Settings:
    """Return the settings of the set's index; where none is named, build it from the set's ``docs/`` first."""
    if index is not None or not gold_set.is_dir():
        return settings_for(index, config)
    settings = settings_for(INDEXES / unique_name(gold_set), config)
    build_index(settings, gold_set / "docs")
    return settings


def build_index(settings: Settings, docs: Path, encoder: Encoder | None = None) -> None:
    """Make the index equal to the folder, whatever that removes or opens, and print what could not be read."""
    with open_writer(settings, encoder) as writer, progress("Indexing", len(scan_folders([docs])[0])) as advance:

        class Progress(HealingListener):
            def done(self, path: str, passages: int) -> None:  # noqa: ARG002
                advance()

        report = writer.run([docs], Progress(), **FULL_LEAVE)
    say(f"{report.passages} passages indexed in {report.seconds:.1f} s")
    if report.healed:
        say(report.healed)
    for path, reason in report.failed.items():
        say(f"failed {path}: {reason}")
