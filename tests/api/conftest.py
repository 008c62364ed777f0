"""The HTTP API over an index of few documents, of which some are for a group."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import SAMPLES, OpenEngine, RememberingEncoder
from fakes.front import Front, OpenFront
from fakes.libraries import Premises, premises, written
from indexes.ingest.sync import SyncListener
from rag.engine.engine import open_writer
from rag.settings import load_settings

RULES = ({"glob": "hr/**", "groups": ("hr",)},)
LIGHTHOUSE = "# Gull Point\n\nIda Marsh looks after the lighthouse on Gull Point.\n"
CANARY = "# Zanzibar plan\n\nThe salary of the harbour master is secret.\n"


@pytest.fixture
def front(opened: OpenEngine, encoder: RememberingEncoder, tmp_path: Path) -> OpenFront:
    """Indexes documents, by path and text, of which those in hr/ are for the group hr; and opens the application."""

    def open_front(documents: dict[str, str], name: str = "index", **server: Any) -> Front:
        docs = tmp_path / f"{name}-docs"
        for path, text in documents.items():
            (docs / path).parent.mkdir(parents=True, exist_ok=True)
            (docs / path).write_text(text)
        settings = load_settings(index={"dir": tmp_path / name}, access=RULES)
        with open_writer(settings, encoder) as writer:
            assert not writer.run([docs], SyncListener(), allow_unmatched_rules=True).failed
        own = {"dir": tmp_path / f"{name}-server", "keys": "always", "requests_per_minute": 10_000} | server
        return Front(opened(tmp_path / name, access=RULES, server=own))

    return open_front


@pytest.fixture
def open_premises(tmp_path: Path, encoder: RememberingEncoder, opened: OpenEngine) -> Iterator[Callable[..., Premises]]:
    """Over a folder of a lighthouse for everyone, a leave policy, and a canary for the group ``hr``."""
    made: list[Premises] = []

    def make(files: dict[str, str | bytes] | None = None, **parts: object) -> Premises:
        policy = (SAMPLES / "handbook" / "leave-policy.pdf").read_bytes()
        chosen = {"gull/lighthouse.md": LIGHTHOUSE, "leave-policy.pdf": policy, "hr/canary.md": CANARY}
        docs = written(tmp_path / "docs", files or chosen)
        made.append(premises(docs, tmp_path / "index", encoder, opened, **parts))
        return made[-1]

    yield make
    for one in made:
        one.indexing.stop()
