"""A real ``footnote serve``: what it keeps outlives a kill, and what it writes to standard error."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from api.conversations import Conversations
from api.journal import Journal
from api.principals import LOCAL

QUESTION = "How many days of leave does a new employee get?"


@contextmanager
def serving(index: Path, folder: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The process, its address, and what it wrote to standard error so far."""
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--index", str(index)]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env=os.environ | variables) as server:
        assert server.stderr
        lines: list[str] = []
        try:
            for line in server.stderr:
                lines.append(line)
                if address := re.search(r"http://[\d.:]+/", line):
                    break
            else:
                raise AssertionError("".join(lines))
            rest = server.stderr
            reading = threading.Thread(target=lambda: lines.extend(rest))
            reading.start()
            yield server, address[0], lines
        finally:
            server.kill()
            server.wait()
        reading.join()


def told(client: httpx.Client, **ask: str) -> Any:
    """The answer, as soon as its event has arrived."""
    with client.stream("POST", "/v1/ask/stream", json={"question": QUESTION} | ask) as response:
        for name, data in _events(response.iter_lines()):
            if name == "answer":
                return json.loads(data)
    raise AssertionError("no answer came")


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, line.removeprefix("data: ")


def test_what_was_told_before_a_kill_is_in_the_journal_and_the_conversation(
    samples_index: Path, tmp_path: Path
) -> None:
    answers: list[str] = []
    enough = threading.Event()

    def ask_on(address: str) -> None:
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            try:
                conversation = client.post("/v1/conversations", json={}).json()["id"]
                while True:
                    answers.append(told(client, conversation=conversation)["id"])
                    if len(answers) >= 6:
                        enough.set()
            except (httpx.TransportError, AssertionError):
                pass  # killed

    with serving(samples_index, tmp_path, FOOTNOTE_JOURNAL__ON="true") as (server, address, _):
        asking = [threading.Thread(target=ask_on, args=(address,)) for _ in range(2)]
        for thread in asking:
            thread.start()
        assert enough.wait(120)
        server.kill()
        for thread in asking:
            thread.join()
    folder = tmp_path / "var" / "server"
    journal = Journal.opened(folder)
    assert set(answers) <= {entry.id for entry in journal.entries() if entry.noted and entry.noted.citations}
    conversations = Conversations.opened(folder, lambda ids, _: set(ids))
    kept = [
        turn.id
        for one in conversations.page(LOCAL, 10).conversations
        for turn in conversations.turns(LOCAL, one.id)
        if turn.answer and turn.answer.citations
    ]
    assert set(answers) <= set(kept)


def test_the_log_is_json_lines_that_say_nothing_of_what_was_asked(samples_index: Path, tmp_path: Path) -> None:
    with serving(samples_index, tmp_path, FOOTNOTE_SERVER__LOG="json") as (server, address, lines):
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            answer = client.post("/v1/ask", json={"question": QUESTION}).json()
            client.get("/secret%1b[31m%0aforged")
            client.get("/v1/conversations/secret%0aforged")
            assert client.get("/readyz").json() == {"status": "ready"}
            figures = client.get("/metrics").text
        url = httpx.URL(address)
        with socket.create_connection((url.host, url.port or 0)) as wire:  # uvicorn's own warning
            wire.sendall(b"nonsense \x1b[31m\r\n\r\n")
            wire.recv(1000)
        server.terminate()
        server.wait(30)
    rows = [json.loads(line) for line in lines]
    assert [row["route"] for row in rows if row["message"] == "request"] == [
        "/v1/ask",
        "none",
        "/v1/conversations/{conversation}",
        "/readyz",
        "/metrics",
    ]
    (asked,) = [row for row in rows if row.get("route") == "/v1/ask"]
    assert (asked["method"], asked["status"], asked["principal"], asked["level"]) == ("POST", 200, "local", "info")
    assert any(row["logger"].startswith("uvicorn") for row in rows)
    written = "".join(lines)
    assert answer["citations"]
    secrets = ["leave", "secret", "forged", *(part for c in answer["citations"] for part in (c["path"], c["quote"]))]
    assert [secret for secret in secrets if secret in written] == []
    assert 'footnote_answers_total{status="answered",via="api"} 1.0' in figures
    assert 'footnote_http_requests_total{method="GET",route="none",status="404"} 1.0' in figures
