"""A server's application with all its parts, over two documents, one of which is for a group."""

from pathlib import Path
from typing import Any

import pytest

from fakes.engines import OpenEngine, RememberingEncoder
from fakes.front import Front, OpenFront
from indexes.sync import Listener
from rag.bootstrap import open_writer
from rag.settings import load_settings

RULES = ({"glob": "hr/**", "groups": ("hr",)},)


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
            assert not writer.run([docs], Listener()).failed
        own = {"dir": tmp_path / f"{name}-server", "keys": "always", "requests_per_minute": 10_000} | server
        return Front(opened(tmp_path / name, access=RULES, server=own))

    return open_front
