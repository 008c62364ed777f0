"""A server in a process of its own takes documents in, answers from them, and loses none at a kill."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from fakes.engines import RunFootnote
from indexes.storage.lock import writer_lock

FERRY = b"# Ferry\n\nThe ferry to Seal Island is called the Grey Heron.\n"
QUESTION = "What is the ferry to Seal Island called?"


@contextmanager
def served(folder: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "api.commands.cli", "serve", "--port", "0", "--index", str(folder / "index")]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            address = next(found[0] for line in server.stderr if (found := re.search(r"http://[\d.:]+/", line)))
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
                yield client, server
        finally:
            server.kill()


def becomes(true: Callable[[], bool], *, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def cited(client: httpx.Client) -> list[str]:
    answer = client.post("/v1/ask", json={"question": QUESTION}).raise_for_status().json()
    return [citation["path"] for citation in answer["citations"]]


@pytest.mark.timeout(400)  # models are loaded by three processes
def test_an_upload_is_asked_about_survives_a_kill_and_an_index_run_and_is_deleted(
    tmp_path: Path, footnote: RunFootnote
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "harbour.md").write_text("# Harbour\n\nBoats are moored at the east quay.")
    assert footnote("index", tmp_path / "docs", "--index", tmp_path / "index").code == 0
    with served(tmp_path) as (client, server), writer_lock(tmp_path / "index"):  # so that it cannot be indexed yet
        added = client.post("/v1/documents", files={"file": ("ferry.md", FERRY)}).json()
        server.kill()
        server.wait(60)
    assert (tmp_path / "index" / added["path"]).read_bytes() == FERRY
    with served(tmp_path) as (client, server):
        becomes(lambda: client.get(f"/v1/documents/{added['id']}").status_code == 200)
        assert cited(client) == [added["path"]]
        becomes(lambda: not client.get("/v1/index").json()["syncing"])
        assert footnote("index", tmp_path / "docs", "--index", tmp_path / "index").code == 0
        assert footnote("verify", "--index", tmp_path / "index").code == 0
        assert cited(client) == [added["path"]]
        assert client.delete(f"/v1/documents/{added['id']}").status_code == 204
        assert added["path"] not in cited(client)
        becomes(lambda: not client.get("/v1/index").json()["syncing"])
        server.terminate()
        assert server.wait(30) == 0
    assert footnote("verify", "--index", tmp_path / "index").code == 0
