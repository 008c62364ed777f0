"""Measure the time to the first words: in the native stream, which shows drafts, and in OpenAI's.

OpenAI's stream starts once the answer is checked, since its clients cannot take text back. The samples are asked
offline, and with a model that writes 120 words at 20 ms each. It prints medians.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path

import httpx

from api.app.fastapi_app import create_app
from fakes.chat import ScriptedChat
from fakes.services import fake_services
from fakes.serving import serving
from rag.engine.engine import Engine, make_assistant, open_engine
from rag.protocols import Answerer
from rag.settings import load_settings

QUESTION = "How many days of annual leave do I get?"
WORDS, PAUSE = 120, 0.02
RUNS = 7


async def first_words(client: httpx.AsyncClient, path: str, body: object, marker: str) -> tuple[float, float]:
    """Return the seconds until the first line with ``marker``, and until the end."""
    began, first = time.perf_counter(), 0.0
    async with client.stream("POST", path, json=body) as response:
        async for line in response.aiter_lines():
            if not first and line.startswith("data: ") and marker in line:
                first = time.perf_counter() - began
    return first, time.perf_counter() - began


async def measure(name: str, answerer: Answerer) -> None:
    """Print the medians of both streams."""
    chat = {"model": "footnote", "messages": [{"role": "user", "content": QUESTION}], "stream": True}
    async with (
        serving(create_app(fake_services(answerer))) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
    ):
        await first_words(client, "/v1/ask/stream", {"question": QUESTION}, '"text"')
        for path, body, marker in (
            ("/v1/ask/stream", {"question": QUESTION}, '{"text"'),
            ("/v1/chat/completions", chat, '"content": "'),
        ):
            runs = [await first_words(client, path, body, marker) for _ in range(RUNS)]
            first, whole = (statistics.median(column) for column in zip(*runs, strict=True))
            print(f"{name:8} {path:22} first words {first * 1000:6.0f} ms, whole {whole * 1000:6.0f} ms")


async def main(engine: Engine) -> None:
    """Measure offline, and with a scripted model."""
    await measure("offline", engine.assistant)
    pieces = [piece for n in range(WORDS) for piece in (f"word{n} " if n else "Staff get 25 days [1]. ", PAUSE)]
    await measure("scripted", make_assistant(engine, ScriptedChat(*pieces)))


if __name__ == "__main__":
    with open_engine(load_settings(index={"dir": Path(sys.argv[1])})) as opened:
        asyncio.run(main(opened))
