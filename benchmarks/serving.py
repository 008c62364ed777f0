"""What the front door costs and bears: streams held beside a bare FastAPI stream, a soak, hostile clients, a kill.

    PYTHONPATH=.:tests python benchmarks/serving.py [--streams 200] [--seconds 60] [--minutes 10] [--hostile 100]

The model is a script (``fakes.scripted_serving``), in a server process of its own; keys are wanted and checked, as
at an address that others reach. Prints one JSON object; times are in milliseconds.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.auth.api_keys import KeyStore

PAUSE_S = 0.5
"""Between two pieces of an answer."""
HELD_S = 10.0
"""How long a stream is written; who was answered asks again at once."""
PATIENCE_S = 5.0
"""What the server grants clients that are slow, so that a short run sees their end."""
BODY = json.dumps({"question": "How many days of leave are there?"}).encode()
PROMISED = 2.0
"""What a first event may take, as a multiple of the bare stream's."""


@dataclass(frozen=True)
class Server:
    """A server's process, where it listens, and the key by which it is asked."""

    process: "subprocess.Popen[str]"
    port: int
    key: str

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@dataclass
class Seen:
    """Of many streams: seconds to the first event, whole streams, and what went wrong."""

    first: list[float] = field(default_factory=list)
    whole: int = 0
    failures: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        cuts = statistics.quantiles(self.first, n=100) if len(self.first) > 1 else [0.0] * 99
        of = {"p50": cuts[49], "p95": cuts[94], "most": max(self.first, default=0.0)}
        return {
            "first_event_ms": {name: round(value * 1000, 1) for name, value in of.items()},
            "streams": self.whole,
            "failed": len(self.failures),
            "failures": sorted(set(self.failures))[:3],
        }


@contextmanager
def served(app: str, folder: Path, streams: int, seconds: float = HELD_S) -> Iterator[Server]:
    """The key is made before; the folder's other keys stay."""
    _, key = KeyStore(folder).create("benchmark")
    options = {"pieces": round(seconds / PAUSE_S), "pause": PAUSE_S, "at-once": streams + 200, "patience": PATIENCE_S}
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "fakes.scripted_serving", app, str(folder), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Server(process, int(process.stdout.readline()), key)
        finally:
            process.kill()


def request(key: str, body: bytes = BODY) -> bytes:
    head = f"POST /v1/ask/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def stream(server: Server, seen: Seen) -> None:
    """One answer, from the connection on; its first event is timed, its end awaited."""
    began = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    except OSError as error:
        seen.failures.append(repr(error))
        return
    try:
        writer.write(request(server.key))
        await reader.readuntil(b"event: ")
        seen.first.append(time.perf_counter() - began)
        await reader.readuntil(b"\r\n0\r\n\r\n")
        seen.whole += 1
    except (OSError, EOFError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        seen.failures.append(type(error).__name__)
    finally:
        writer.transport.abort()


async def held(server: Server, streams: int, seconds: float) -> Seen:
    """So many streams at once for so long: they begin one by one within ``HELD_S``, each again at its end."""
    seen, until = Seen(), time.monotonic() + seconds

    async def one(number: int) -> None:
        await asyncio.sleep(number * min(HELD_S, seconds) / streams)
        while time.monotonic() < until:
            await stream(server, seen)

    await asyncio.gather(*(one(number) for number in range(streams)))
    return seen


async def ready(server: Server) -> None:
    for _ in range(600):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.close()
            await stream(server, seen := Seen())
            if seen.whole:
                return
        await asyncio.sleep(0.1)
    raise SystemExit("The server does not answer.")


# Hostile clients: each holds a connection as long as it can, and then takes another


async def no_reader(server: Server) -> None:
    """Asks, and reads nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
    writer.write(request(server.key))
    await asyncio.sleep(2 * PATIENCE_S)
    writer.transport.abort()


async def silent(server: Server) -> None:
    """Connects, and says nothing."""
    await trickle(server, b"")


async def slow_head(server: Server) -> None:
    await trickle(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 100)


async def slow_body(server: Server) -> None:
    head, _, _ = request(server.key).partition(b"\r\n\r\n")
    await trickle(server, BODY, at_once=head + b"\r\n\r\n")


async def trickle(server: Server, pieces: bytes, at_once: bytes = b"") -> None:
    """A byte every half second, until the server has enough of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(at_once)
    left = asyncio.create_task(reader.read())
    for byte in pieces or bytes(100):
        await asyncio.wait((left,), timeout=0.5)
        if left.done():
            break
        if pieces:
            writer.write(bytes([byte]))
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    writer.transport.abort()


HOSTILE: tuple[Callable[[Server], Coroutine[Any, Any, None]], ...] = (no_reader, silent, slow_head, slow_body)


async def beset(server: Server, hostile: int, until: float) -> None:
    async def again(act: Callable[[Server], Coroutine[Any, Any, None]]) -> None:
        while time.monotonic() < until:
            with suppress(OSError):
                await act(server)

    tasks = [asyncio.create_task(again(HOSTILE[number % len(HOSTILE)])) for number in range(hostile)]
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# What is measured


def compare(folder: Path, streams: int, seconds: float) -> dict[str, Any]:
    """The bare stream before and after, as the machine may be busier at one time than at another."""
    runs: dict[str, list[Seen]] = {"bare": [], "footnote": []}
    for app in ("bare", "footnote", "bare"):
        with served(app, folder, streams) as server:
            asyncio.run(ready(server))
            runs[app].append(asyncio.run(held(server, streams, seconds)))
    bare = Seen([t for seen in runs["bare"] for t in seen.first], sum(s.whole for s in runs["bare"]))
    bare.failures = [failure for seen in runs["bare"] for failure in seen.failures]
    told = {"bare": bare.told(), "footnote": runs["footnote"][0].told()}
    ratio = told["footnote"]["first_event_ms"]["p95"] / max(told["bare"]["first_event_ms"]["p95"], 0.001)
    return {**told, "p95_ratio": round(ratio, 2), "promised": PROMISED, "kept": ratio <= PROMISED}


async def _soak(server: Server, streams: int, minutes: float) -> tuple[Seen, list[float]]:
    holding = asyncio.create_task(held(server, streams, minutes * 60))
    memory = []
    while not holding.done():
        memory.append(server.memory_mb())
        await asyncio.wait((holding,), timeout=minutes * 60 / 60)
    return await holding, memory


def soak(folder: Path, streams: int, minutes: float) -> dict[str, Any]:
    """Memory at sixty moments: growth is from the mean of the second sixth to that of the last."""
    with served("footnote", folder, streams) as server:
        asyncio.run(ready(server))
        seen, memory = asyncio.run(_soak(server, streams, minutes))
    sixth = max(1, len(memory) // 6)
    early, late = statistics.mean(memory[sixth : 2 * sixth]), statistics.mean(memory[-sixth - 1 : -1] or memory[-1:])
    told = {
        "minutes": minutes,
        "mb_early": round(early, 1),
        "mb_late": round(late, 1),
        "mb_most": round(max(memory), 1),
    }
    return {**told, "mb_growth": round(late - early, 1), **seen.told()}


async def _beside(server: Server, streams: int, hostile: int, seconds: float) -> Seen:
    besetting = asyncio.create_task(beset(server, hostile, time.monotonic() + seconds + PATIENCE_S))
    await asyncio.sleep(PATIENCE_S)
    seen = await held(server, streams, seconds)
    besetting.cancel()
    await asyncio.gather(besetting, return_exceptions=True)
    return seen


def beside_hostile(folder: Path, streams: int, hostile: int, seconds: float) -> dict[str, Any]:
    with served("footnote", folder, streams + hostile, seconds=1) as server:
        asyncio.run(ready(server))
        alone = asyncio.run(held(server, streams, seconds)).told()
        beside = asyncio.run(_beside(server, streams, hostile, seconds)).told()
    return {"hostile": hostile, "alone": alone, "beside": beside}


def killed(folder: Path) -> dict[str, Any]:
    """Keys made and revoked while it serves, then SIGKILL: the next server knows them."""
    with served("footnote", folder, 8, seconds=1) as server:
        asyncio.run(ready(server))
        keys = KeyStore(folder)
        (revoked, revoked_key), (_, kept_key) = keys.create("revoked"), keys.create("kept")
        keys.revoke(revoked.id)
        os.kill(server.process.pid, signal.SIGKILL)
    began = time.monotonic()
    with served("footnote", folder, 8, seconds=1) as server:
        asyncio.run(ready(server))
        back, good, bad = time.monotonic() - began - 1, Seen(), Seen()
        asyncio.run(stream(Server(server.process, server.port, kept_key), good))
        asyncio.run(stream(Server(server.process, server.port, revoked_key), bad))
    return {
        "answers_again_s": round(back, 1),
        "kept_key_answers": good.whole == 1,
        "revoked_key_answers": bad.whole == 1,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--hostile", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept) / "server"
        told = {
            "streams": args.streams,
            "seconds": args.seconds,
            "load_before": os.getloadavg()[0],
            "first_event": compare(folder, args.streams, args.seconds),
            "beside_hostile": beside_hostile(folder, args.streams // 4, args.hostile, args.seconds / 2),
            "killed": killed(folder),
            **({"soak": soak(folder, args.streams, args.minutes)} if args.minutes else {}),
        }
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
