"""What a client was told is kept, whenever the server is killed: real processes, SIGKILL at any moment."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from api.core.principals import LOCAL
from api.history.audit_log import Journal
from api.history.conversation_store import Conversations
from fakes.engines import ROOT

ROUNDS, CLIENTS = 5, 4


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and its address."""
    command = [sys.executable, ROOT / "tests" / "fakes" / "keeping_server.py", folder]
    paths = os.pathsep.join(str(path) for path in (ROOT, ROOT / "tests"))
    env = os.environ | {"PYTHONPATH": paths}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server, f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def ask_until_killed(address: str, told: list[str]) -> None:
    """``told`` is given the id of each answer whose event arrived."""
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        try:
            conversation = client.post("/v1/conversations", json={}).json()["id"]
            while True:
                ask = {"question": "How much leave?", "conversation": conversation}
                with client.stream("POST", "/v1/ask/stream", json=ask) as response:
                    lines = response.iter_lines()
                    if "event: answer" in lines:
                        told.append(next(lines).partition('{"id":"')[2].partition('"')[0])
        except httpx.TransportError:
            pass


def test_every_answer_that_was_told_is_in_the_journal_and_in_its_conversation(tmp_path: Path) -> None:
    told, chance = list[str](), random.Random(7)
    for _ in range(ROUNDS):
        with serving(tmp_path) as (server, address):
            before = len(told)
            clients = [threading.Thread(target=ask_until_killed, args=(address, told)) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            deadline = time.monotonic() + 60
            while len(told) < before + 10 and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.05))
            server.kill()
            for client in clients:
                client.join()
    assert len(told) >= 10 * ROUNDS, "the machine was too slow to tell anything"
    journal = Journal.open_existing(tmp_path)
    entered = {entry.id for entry in journal.entries() if entry.result and entry.result.citations}
    conversations = Conversations.open(tmp_path, lambda ids, _: set(ids))
    of = [one.id for one in conversations.page(LOCAL, 100).conversations]
    kept = {turn.id for one in of for turn in conversations.turns(LOCAL, one) if turn.answer and turn.answer.citations}
    assert set(told) - entered == set()
    assert set(told) - kept == set()
