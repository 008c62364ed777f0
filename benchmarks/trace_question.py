"""Traces one question over HTTP through our own code: how many files, how many functions, how deep a chain of calls.

    PYTHONPATH=. python benchmarks/trace_question.py [--index INDEX] [--question TEXT] [--tree] [--json]

The application of ``footnote serve`` is asked in this process by ``POST /v1/ask``, once to load its models, then once
traced. Without ``--index``, an index of ``samples/`` is made in a temporary folder. Only code in ``indexes/``,
``rag/`` and ``api/`` counts. ``chain`` counts the functions from the first to the innermost, also where a task or a
thread goes on for the one that started it; ``frames`` counts those on one stack.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import httpx

from api.app.composition import make_app, make_services
from indexes.ingest.sync import SyncListener
from rag.engine.engine import open_engine, open_writer
from rag.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
PACKAGES = tuple(f"{ROOT / package}/" for package in ("indexes", "rag", "api"))
QUESTION = "How many days of annual leave do I get?"


@dataclass(eq=False)
class Call:
    """A call of one of our functions; the root stands for the client."""

    code: CodeType | None = None
    depth: int = 0
    calls: "list[Call]" = field(default_factory=list)

    @property
    def name(self) -> str:
        assert self.code
        return f"{Path(self.code.co_filename).relative_to(ROOT)}  {self.code.co_qualname}"

    def walk(self) -> "Iterator[Call]":
        """The call and all that follow from it, first to last."""
        yield self
        for call in self.calls:
            yield from call.walk()


class Tracer:
    """Notes each call of our functions in every thread that starts while it is installed, once it is switched on."""

    def __init__(self) -> None:
        self.on = False
        self.root = Call()
        self.frames = 0
        """Of ours, on the deepest stack."""
        self.files: dict[int, list[str]] = defaultdict(list)
        """By thread: the file whose code runs, whenever it is another."""
        self._calls: dict[FrameType, Call] = {}
        # copied with the context: a task or a thread knows the call that started it
        self._current: ContextVar[Call] = ContextVar("call", default=self.root)

    @contextmanager
    def installed(self) -> Iterator[None]:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if not self.on or event not in ("call", "return") or not is_ours(frame):
            return
        stack = [outer for outer in outwards(frame) if is_ours(outer)]
        caller = stack[1] if len(stack) > 1 else None
        parent = self._calls.get(caller, self.root) if caller else None
        self.frames = max(self.frames, len(stack))
        if event == "return":
            self._visit(caller)
            self._current.set(parent or self.root)
            return
        if frame not in self._calls:
            parent = parent or self._current.get()
            self._calls[frame] = Call(frame.f_code, parent.depth + 1)
            parent.calls.append(self._calls[frame])
        self._current.set(self._calls[frame])
        self._visit(frame)

    def _visit(self, frame: FrameType | None) -> None:
        files = self.files[threading.get_ident()]
        if frame and (not files or files[-1] != frame.f_code.co_filename):
            files.append(frame.f_code.co_filename)


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """The frame, the one that called it, and so on."""
    while frame:
        yield frame
        frame = frame.f_back


def is_ours(frame: FrameType) -> bool:
    """Whether it runs a function of the product; a comprehension is part of the function around it."""
    code = frame.f_code
    return code.co_filename.startswith(PACKAGES) and code.co_name not in (
        *("<module>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"),
    )


async def trace(settings: Settings, question: str) -> tuple[Tracer, Any]:
    """What was called for the question, and the answer's JSON."""
    tracer = Tracer()
    with tracer.installed(), open_engine(settings) as engine:
        transport = httpx.ASGITransport(make_app(make_services(engine), settings.server))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=300) as client:
            await client.post("/v1/ask", json={"question": "Who looks after the lighthouse?"})
            tracer.on = True
            response = await client.post("/v1/ask", json={"question": question})
            tracer.on = False
    return tracer, response.raise_for_status().json()


def figures(tracer: Tracer) -> dict[str, Any]:
    """Files and functions entered, how deep it goes, moves between files, and how many go straight back."""
    calls = [call for call in tracer.root.walk() if call.code]
    moves = [list(pairwise(files)) for files in tracer.files.values()]
    back = sum(one == (other[1], other[0]) for path in moves for one, other in pairwise(path))
    files = sorted({call.name.split()[0] for call in calls})
    return {
        "files": len(files),
        "functions": len({call.code for call in calls}),
        "chain": max(call.depth for call in calls),
        "frames": tracer.frames,
        "moves": sum(map(len, moves)),
        "straight_back": back,
        "by_package": {name: sum(file.startswith(f"{name}/") for file in files) for name in ("api", "rag", "indexes")},
        "deepest": deepest(tracer.root),
        "entered": files,
    }


def deepest(root: Call) -> list[str]:
    """The longest chain of calls, outermost first."""
    chain = max((deepest_of for call in root.calls for deepest_of in [deepest(call)]), key=len, default=[])
    return [*([root.name] if root.code else []), *chain]


def print_tree(call: Call) -> None:
    """Each call below its caller; calls of the same function by the same caller stand once, with their number."""
    groups: dict[CodeType | None, list[Call]] = defaultdict(list)
    for one in call.calls:
        groups[one.code].append(one)
    for same in groups.values():
        print(f"{'  ' * call.depth}{same[0].name}{f'  ×{len(same)}' if len(same) > 1 else ''}")
        print_tree(Call(same[0].code, same[0].depth, [inner for one in same for inner in one.calls]))


@contextmanager
def sample_index(given: Path | None) -> Iterator[Path]:
    """The index that was given, or one of the samples that is gone afterwards."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        with open_writer(load_settings(index={"dir": Path(folder)})) as writer:
            writer.run([ROOT / "samples"], SyncListener())
        yield Path(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Traces one question over HTTP through our own code.")
    parser.add_argument("--index", type=Path, help="a folder that holds an index; else samples/ is indexed")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--tree", action="store_true", help="print the tree of calls")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, with the files entered")
    args = parser.parse_args()
    with sample_index(args.index) as index, tempfile.TemporaryDirectory() as server:
        settings = load_settings(index={"dir": index}, server={"dir": Path(server)})
        tracer, answer = asyncio.run(trace(settings, args.question))
    told = figures(tracer)
    if args.json:
        print(json.dumps({**told, "answer": answer["text"]}, indent=2))
        return
    if args.tree:
        print_tree(tracer.root)
    print(f"{answer['status']}: {answer['text']}")
    print("deepest chain:", *told["deepest"], sep="\n  ")
    print("files by package:", ", ".join(f"{name} {count}" for name, count in told["by_package"].items()))
    print(
        f"files {told['files']}, functions {told['functions']}, chain {told['chain']}, frames {told['frames']}, "
        f"moves between files {told['moves']}, straight back {told['straight_back']}"
    )


if __name__ == "__main__":
    main()
