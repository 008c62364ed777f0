"""One server beside one writer: a real ``footnote serve`` answers from what other processes commit meanwhile."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from fakes.engines import RunFootnote
from indexes.storage.catalog import Catalog

WITHIN = 5.0
"""Seconds after the commit, as promised."""
OLD, NEW = "Who looks after the lighthouse on Gull Point?", "Where is the spare key of the boathouse kept?"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "api.commands.cli", *map(str, arguments)]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lighthouse.md").write_text("# Gull Point\n\nIda Marsh looks after the lighthouse on Gull Point.")
    (folder / "harbour.md").write_text("# Harbour\n\nBoats are moored at the east quay, and dues are paid on Mondays.")
    return folder


@pytest.fixture
def client(docs: Path, tmp_path: Path, footnote: RunFootnote) -> Iterator[httpx.Client]:
    """Of a server that runs until the test has ended."""
    assert footnote("index", docs, "--index", tmp_path / "index").code == 0
    (tmp_path / "footnote.toml").write_text("[server]\nrequests_per_minute = 10000\n")  # it is asked until it knows
    serve = command("serve", "--port", "0", "--index", tmp_path / "index")
    with subprocess.Popen(serve, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            address = next(found[0] for line in server.stderr if (found := re.search(r"http://[\d.:]+/", line)))
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as made:
                yield made
        finally:
            server.kill()


def cited(client: httpx.Client, question: str) -> set[str]:
    answer = client.post("/v1/ask", json={"question": question}).raise_for_status().json()
    return {citation["path"] for citation in answer["citations"]}


def becomes(true: Callable[[], bool], *, within: float) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.timeout(400)  # models are loaded by three processes
def test_a_server_cites_what_another_process_committed_and_no_more_what_it_removed(
    client: httpx.Client, docs: Path, tmp_path: Path, footnote: RunFootnote
) -> None:
    assert cited(client, OLD) == {"lighthouse.md"}
    (docs / "boathouse.md").write_text("# Boathouse\n\nThe spare key of the boathouse is kept under the blue bucket.")
    (docs / "lighthouse.md").unlink()
    with (
        closing(Catalog(tmp_path / "index" / "catalog.sqlite3")) as catalog,
        subprocess.Popen(command("index", docs, "--index", tmp_path / "index")) as indexing,
    ):
        becomes(lambda: catalog.files().keys() == {"boathouse.md", "harbour.md"}, within=120)
        becomes(lambda: cited(client, NEW) == {"boathouse.md"}, within=WITHIN)
        assert "lighthouse.md" not in cited(client, OLD)
        assert indexing.wait(60) == 0
    assert client.get("/healthz").json()["documents"] == 2

    assert footnote("rebuild", "--index", tmp_path / "index").code == 0
    becomes(lambda: cited(client, NEW) == {"boathouse.md"}, within=WITHIN)
    assert "lighthouse.md" not in cited(client, OLD)
