"""Measure what serving costs and withstands: streams beside a bare FastAPI stream, a soak, hostile clients, a kill.

    PYTHONPATH=.:tests python benchmarks/serving.py [--streams 200] [--seconds 60] [--minutes 10] [--hostile 100]

The model is a script (``fakes.scripted_serving``) in a server process of its own. Keys are required and checked, as on
a public address. It prints one JSON object; times are in milliseconds.
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
"""Seconds between two pieces of an answer."""
HELD_S = 10.0
"""Seconds that a stream takes. A client whose stream ended asks again at once."""
PATIENCE_S = 5.0
"""Seconds that the server waits for slow clients; few, so that a short run sees their end."""
BODY = json.dumps({"question": "How many days of leave are there?"}).encode()
PROMISED = 2.0
"""The largest time to a first event, as a multiple of the bare stream's."""


@dataclass(frozen=True)
class Server:
    """A server's process, its port, and a key for it."""

    process: "subprocess.Popen[str]"
    port: int
    key: str

    def memory_mb(self) -> float:
        """Return the megabytes it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@dataclass
class StreamResults:
    """The results of many streams: seconds to the first event, whole streams, and failures."""

    first: list[float] = field(default_factory=list)
    whole: int = 0
    failures: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        cuts = statistics.quantiles(self.first, n=100) if len(self.first) > 1 else [0.0] * 99
        values = {"p50": cuts[49], "p95": cuts[94], "most": max(self.first, default=0.0)}
        return {
            "first_event_ms": {name: round(value * 1000, 1) for name, value in values.items()},
            "streams": self.whole,
            "failed": len(self.failures),
            "failures": sorted(set(self.failures))[:3],
        }


@contextmanager
def serve(app: str, folder: Path, streams: int, seconds: float = HELD_S) -> Iterator[Server]:
    """Run a server with a new key; the folder's other keys stay."""
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


def make_request(key: str, body: bytes = BODY) -> bytes:
    """Return the bytes of a request for a stream."""
    head = f"POST /v1/ask/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def stream(server: Server, results: StreamResults) -> None:
    """Ask once on a new connection: time the first event, and read to the end."""
    began = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    except OSError as error:
        results.failures.append(repr(error))
        return
    try:
        writer.write(make_request(server.key))
        await reader.readuntil(b"event: ")
        results.first.append(time.perf_counter() - began)
        await reader.readuntil(b"\r\n0\r\n\r\n")
        results.whole += 1
    except (OSError, EOFError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        results.failures.append(type(error).__name__)
    finally:
        writer.transport.abort()


async def hold_streams(server: Server, streams: int, seconds: float) -> StreamResults:
    """Hold so many streams for so long. They begin one by one within ``HELD_S``; each begins again at its end."""
    results, until = StreamResults(), time.monotonic() + seconds

    async def repeat(number: int) -> None:
        await asyncio.sleep(number * min(HELD_S, seconds) / streams)
        while time.monotonic() < until:
            await stream(server, results)

    await asyncio.gather(*(repeat(number) for number in range(streams)))
    return results


async def wait_until_ready(server: Server) -> None:
    """Wait for a first whole stream; exit after a minute."""
    for _ in range(600):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.close()
            await stream(server, results := StreamResults())
            if results.whole:
                return
        await asyncio.sleep(0.1)
    raise SystemExit("The server does not answer.")


# Hostile clients: each holds a connection as long as it can, and then opens another


async def no_reader(server: Server) -> None:
    """Ask, and read nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
    writer.write(make_request(server.key))
    await asyncio.sleep(2 * PATIENCE_S)
    writer.transport.abort()


async def silent(server: Server) -> None:
    """Connect, and send nothing."""
    await trickle(server, b"")


async def slow_head(server: Server) -> None:
    """Send headers slowly."""
    await trickle(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 100)


async def slow_body(server: Server) -> None:
    """Send a body slowly."""
    head, _, _ = make_request(server.key).partition(b"\r\n\r\n")
    await trickle(server, BODY, at_once=head + b"\r\n\r\n")


async def trickle(server: Server, pieces: bytes, at_once: bytes = b"") -> None:
    """Send a byte every half second, until the server closes the connection."""
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


async def attack(server: Server, hostile: int, until: float) -> None:
    """Run so many hostile clients until a monotonic time."""

    async def again(act: Callable[[Server], Coroutine[Any, Any, None]]) -> None:
        while time.monotonic() < until:
            with suppress(OSError):
                await act(server)

    tasks = [asyncio.create_task(again(HOSTILE[number % len(HOSTILE)])) for number in range(hostile)]
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# Measurements


def compare(folder: Path, streams: int, seconds: float) -> dict[str, Any]:
    """Compare first events. The bare stream is measured before and after, since the load of the machine varies."""
    runs: dict[str, list[StreamResults]] = {"bare": [], "footnote": []}
    for app in ("bare", "footnote", "bare"):
        with serve(app, folder, streams) as server:
            asyncio.run(wait_until_ready(server))
            runs[app].append(asyncio.run(hold_streams(server, streams, seconds)))
    bare = StreamResults([t for results in runs["bare"] for t in results.first], sum(s.whole for s in runs["bare"]))
    bare.failures = [failure for results in runs["bare"] for failure in results.failures]
    figures = {"bare": bare.summary(), "footnote": runs["footnote"][0].summary()}
    ratio = figures["footnote"]["first_event_ms"]["p95"] / max(figures["bare"]["first_event_ms"]["p95"], 0.001)
    return {**figures, "p95_ratio": round(ratio, 2), "promised": PROMISED, "kept": ratio <= PROMISED}


def soak(folder: Path, streams: int, minutes: float) -> dict[str, Any]:
    """Measure memory at sixty moments. Growth is from the mean of the second sixth to that of the last."""
    with serve("footnote", folder, streams) as server:
        asyncio.run(wait_until_ready(server))
        memory: list[float] = []

        async def sample() -> StreamResults:
            holding = asyncio.create_task(hold_streams(server, streams, minutes * 60))
            while not holding.done():
                memory.append(server.memory_mb())
                await asyncio.wait((holding,), timeout=minutes)
            return await holding

        results = asyncio.run(sample())
    sixth = max(1, len(memory) // 6)
    early, late = statistics.mean(memory[sixth : 2 * sixth]), statistics.mean(memory[-sixth - 1 : -1] or memory[-1:])
    figures = {
        "minutes": minutes,
        "mb_early": round(early, 1),
        "mb_late": round(late, 1),
        "mb_most": round(max(memory), 1),
    }
    return {**figures, "mb_growth": round(late - early, 1), **results.summary()}


def beside_hostile(folder: Path, streams: int, hostile: int, seconds: float) -> dict[str, Any]:
    """Compare first events without and with hostile clients."""
    with serve("footnote", folder, streams + hostile, seconds=1) as server:
        asyncio.run(wait_until_ready(server))
        alone = asyncio.run(hold_streams(server, streams, seconds)).summary()

        async def attacked() -> StreamResults:
            attacking = asyncio.create_task(attack(server, hostile, time.monotonic() + seconds + PATIENCE_S))
            await asyncio.sleep(PATIENCE_S)
            results = await hold_streams(server, streams, seconds)
            attacking.cancel()
            await asyncio.gather(attacking, return_exceptions=True)
            return results

        beside = asyncio.run(attacked()).summary()
    return {"hostile": hostile, "alone": alone, "beside": beside}


def kill(folder: Path) -> dict[str, Any]:
    """Kill a server after keys were made and revoked, and check that the next server knows them."""
    with serve("footnote", folder, 8, seconds=1) as server:
        asyncio.run(wait_until_ready(server))
        keys = KeyStore(folder)
        (revoked, revoked_key), (_, kept_key) = keys.create("revoked"), keys.create("kept")
        keys.revoke(revoked.id)
        os.kill(server.process.pid, signal.SIGKILL)
    began = time.monotonic()
    with serve("footnote", folder, 8, seconds=1) as server:
        asyncio.run(wait_until_ready(server))
        back, good, bad = time.monotonic() - began - 1, StreamResults(), StreamResults()
        asyncio.run(stream(Server(server.process, server.port, kept_key), good))
        asyncio.run(stream(Server(server.process, server.port, revoked_key), bad))
    return {
        "answers_again_s": round(back, 1),
        "kept_key_answers": good.whole == 1,
        "revoked_key_answers": bad.whole == 1,
    }


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--hostile", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept) / "server"
        figures = {
            "streams": args.streams,
            "seconds": args.seconds,
            "load_before": os.getloadavg()[0],
            "first_event": compare(folder, args.streams, args.seconds),
            "beside_hostile": beside_hostile(folder, args.streams // 4, args.hostile, args.seconds / 2),
            "killed": kill(folder),
            **({"soak": soak(folder, args.streams, args.minutes)} if args.minutes else {}),
        }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
