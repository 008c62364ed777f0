"""A server in a process of its own that plays a script: Footnote's front door, or a bare FastAPI stream beside it.

    python -m fakes.scripted_serving footnote DIR [--pieces 20 --pause 0.5 --at-once 8 --waiting 64 --patience 30]

Prints the port it listens at. Keys are those in DIR (``KeyStore``); none is wanted where DIR is ``-``.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from api.app.fastapi_app import create_app
from api.app.http_server import listen, serve
from api.auth.api_keys import KeyAuthenticator, KeyStore
from api.context.question_service import QuestionService
from api.context.services import Services
from api.limits.fair_queue import FairQueue
from api.limits.rate_limit import RateLimiter
from fakes.answerer import ScriptedAnswerer, answer
from rag.types import Completed, Delta, Event, Question, Retrieved

SAID = answer("Employees have 25 days of leave [1].", {1: "25 days of leave"})
PIECE = "some words of an answer, "


class PacedAnswerer(ScriptedAnswerer):
    """Says a piece, waits, and so on; then the answer."""

    def __init__(self, pieces: int, pause: float) -> None:
        super().__init__()
        self._pieces = pieces
        self._pause = pause

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        yield Retrieved(SAID.retrieval)
        for _ in range(self._pieces):
            yield Delta(PIECE)
            await asyncio.sleep(self._pause)
        yield Completed(SAID)


def footnote_app(args: argparse.Namespace) -> FastAPI:
    rates = RateLimiter(1_000_000)
    questions = QuestionService(
        answerer=PacedAnswerer(args.pieces, args.pause),
        rates=rates,
        queue=FairQueue(args.at_once, args.waiting),
        deadline_s=3600,
    )
    keys = KeyStore(Path(args.folder))
    return create_app(
        Services(
            questions=questions,
            max_question_chars=8000,
            health=lambda: {"status": "ok"},
            authenticator=KeyAuthenticator(keys, wants_key=args.folder != "-"),
            rates=rates,
        ),
        body_timeout_s=args.patience,
    )


def bare_app(args: argparse.Namespace) -> FastAPI:
    app = FastAPI()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(args.pieces + 1):
            yield f"event: delta\ndata: {PIECE}\n\n".encode()
            await asyncio.sleep(args.pause)

    @app.post("/v1/ask/stream")
    async def stream(request: Request) -> StreamingResponse:
        await request.json()
        return StreamingResponse(pieces(), media_type="text/event-stream")

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("app", choices=("footnote", "bare"))
    parser.add_argument("folder", nargs="?", default="-")
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--pause", type=float, default=0.5)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--waiting", type=int, default=64)
    parser.add_argument("--patience", type=float, default=30)
    args = parser.parse_args()
    listener = listen("127.0.0.1", 0)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    if args.app == "footnote":
        serve(footnote_app(args), listener, args.patience)
    else:
        uvicorn.Server(uvicorn.Config(bare_app(args), log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
