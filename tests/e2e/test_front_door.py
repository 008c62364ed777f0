"""Servers in processes of their own: keys of a real ``footnote serve``, and what a stop or a kill does to answers."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.auth.api_keys import KeyStore
from fakes.engines import ROOT, RunFootnote
from fakes.principals import bearer

ASKED = {"question": "How many days of leave are there?"}


@contextmanager
def scripted(folder: Path | str, *flags: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A process that plays a script, and its address; it has ended when the test has."""
    command = [sys.executable, "-m", "fakes.scripted_serving", "footnote", str(folder), *flags]
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=path) as process:
        try:
            assert process.stdout
            yield process, f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


async def answered(client: httpx.AsyncClient, begun: asyncio.Event | None = None) -> list[str]:
    """The events of a stream."""
    told = []
    async with client.stream("POST", "/v1/ask/stream", json=ASKED) as response:
        if begun:
            begun.set()
        async for line in response.aiter_lines():
            told += re.findall(r"^event: (\w+)", line)
    return told


async def test_a_server_that_is_told_to_stop_answers_who_was_asked_and_who_waits_and_nobody_new() -> None:
    with scripted("-", "--pieces", "5", "--pause", "0.3", "--at-once", "1") as (process, url):
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            begun, waiting = asyncio.Event(), asyncio.Event()
            answers = [asyncio.create_task(answered(client, event)) for event in (begun, waiting)]
            await asyncio.gather(begun.wait(), waiting.wait())
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            with pytest.raises(httpx.ConnectError):
                await answered(client)
            for told in await asyncio.gather(*answers):
                assert told == ["retrieval", *["delta"] * 5, "citation", "answer", "done"]
        assert await asyncio.to_thread(process.wait, 30) == 0


async def test_a_stream_that_finds_the_queue_full_is_refused_with_its_own_status() -> None:
    with scripted("-", "--pieces", "50", "--at-once", "1", "--waiting", "0") as (_, url):
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            begun = asyncio.Event()
            first = asyncio.create_task(answered(client, begun))
            await begun.wait()
            for path in ("/v1/ask", "/v1/ask/stream"):
                refused = await client.post(path, json=ASKED)
                assert (refused.status_code, refused.json()["type"]) == (503, "urn:footnote:problem:too-busy")
                assert int(refused.headers["retry-after"]) >= 1
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            for _ in range(100):  # who leaves frees the place at once, as soon as the server knows
                async with client.stream("POST", "/v1/ask/stream", json=ASKED) as response:
                    if response.status_code == 200:
                        return
                await asyncio.sleep(0.05)
    raise AssertionError("nobody's turn came")


def test_a_key_that_was_made_or_revoked_before_a_kill_is_so_after_it(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    with scripted(tmp_path, "--pieces", "1") as (process, url):
        (revoked, revoked_key), (_, kept_key) = keys.create("revoked"), keys.create("kept")
        for key in (revoked_key, kept_key):
            assert httpx.get(f"{url}/v1/session", headers=bearer(key)).status_code == 200
        keys.revoke(revoked.id)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    with scripted(tmp_path, "--pieces", "1") as (_, url):
        assert httpx.get(f"{url}/v1/session", headers=bearer(kept_key)).status_code == 200
        assert httpx.get(f"{url}/v1/session", headers=bearer(revoked_key)).status_code == 401


@pytest.mark.timeout(400)  # models are loaded by another process
def test_a_real_server_wants_keys_and_notices_at_once_when_one_is_revoked(
    samples_index: Path, footnote: RunFootnote
) -> None:
    Path("footnote.toml").write_text("[server]\nkeys = 'always'\n")
    made = footnote("keys", "create", "Anna", "--groups", "hr")
    key = made.out.strip()
    serve = [sys.executable, "-m", "api.commands.cli", "serve", "--port", "0", "--index", str(samples_index)]
    with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            url = next(found[0] for line in server.stderr if (found := re.search(r"http://[\d.:]+", line)))
            with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
                assert client.post("/v1/ask", json=ASKED).status_code == 401
                assert client.post("/v1/ask", json=ASKED, headers=bearer(key)).json()["status"] == "answered"
                assert client.get("/healthz").json() == {"status": "ok"}
                assert footnote("keys", "revoke", key.split("_")[1]).code == 0
                assert client.post("/v1/ask", json=ASKED, headers=bearer(key)).status_code == 401
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0
        finally:
            server.kill()
