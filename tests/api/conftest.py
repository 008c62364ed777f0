"""The API over an index of documents that a test may change."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.engines import SAMPLES, OpenEngine, RememberingEncoder
from fakes.libraries import Premises, premises, written

LIGHTHOUSE = "# Gull Point\n\nIda Marsh looks after the lighthouse on Gull Point.\n"
CANARY = "# Zanzibar plan\n\nThe salary of the harbour master is secret.\n"


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
