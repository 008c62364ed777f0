"""What is killed: an operation on an index, told line by line, as ``footnote index`` and ``rebuild`` do it."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from fakes.encoder import WordsEncoder
from indexes.ingest import sync, writer
from indexes.ingest.changes import SyncPlan
from indexes.ingest.sync import SyncListener
from indexes.ingest.writer import IndexWriter
from indexes.readers.sandbox import ReadingLimits
from indexes.storage import catalog, generations, lock
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file, chroma_folder
from indexes.storage.lock import writer_lock
from indexes.types import Matrix
from indexes.vectors import index as vector_index
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors
from torture.documents import splitter

_WRITING: Sequence[ModuleType] = (catalog, generations, lock, sync, vector_index, writer)
"""What may be killed between any two of its lines."""

Say = Callable[[str], None]
Line = tuple[str, int]
"""Of our own code: file and line."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a writer does to an index."""

    operation: str
    index: Path
    docs: Path
    model: str


def perform(task: Task, say: Say) -> None:
    """Says what it has done as soon as it is so, and ``ended`` when all is."""
    say("began")
    _OPERATIONS[task.operation](task, say)
    say("ended")


def _index(task: Task, say: Say) -> None:
    encoder = _Telling(task.model, say)
    with IndexWriter(task.index, encoder, splitter(encoder), ReadingLimits(seconds=60)) as writer:
        say("opened")
        writer.run([task.docs], _Loud(say), allow_delete=True)


def _rebuild(task: Task, say: Say) -> None:
    with writer_lock(task.index):
        generation = Generations(task.index).current
        catalog = Catalog(catalog_file(generation))
        say("opened")
        catalog.rebuild_full_text()
        say("publishing")
        ChromaVectors(EmbeddedChroma(chroma_folder(generation)), catalog).publish(
            lambda _: say("published"), force=True
        )


_OPERATIONS = {"index": _index, "switch": _index, "rebuild": _rebuild}


DIMENSIONS = {"words": 96, "others": 64}
"""Of the two models' vectors."""


def encoder_of(model: str) -> WordsEncoder:
    return WordsEncoder(model, dimensions=DIMENSIONS[model])


class _Telling(WordsEncoder):
    def __init__(self, model: str, say: Say) -> None:
        super().__init__(model, dimensions=DIMENSIONS[model])
        self._say = say

    def encode(self, texts: Sequence[str], /) -> Matrix:
        self._say(" ".join(["encoded", *(sha256(text.encode()).hexdigest() for text in texts)]))
        return super().encode(texts)


class _Loud(SyncListener):
    def __init__(self, say: Say) -> None:
        self._say = say

    def planned(self, plan: SyncPlan) -> None:
        self._say("planned")

    def done(self, path: str, passages: int) -> None:
        self._say(f"done {path}")

    def publishing(self, passages: int) -> None:
        self._say("publishing")

    def published(self, passages: int) -> None:
        self._say("published")


def count_lines(counted: Counter[Line]) -> None:
    """From here on, each line of the writing modules that is run."""

    def count(line: Line) -> None:
        counted[line] += 1

    _trace(count)


def before_line(line: Line, times: int, act: Callable[[], None]) -> None:
    """Acts just before a line of the writing modules is run for so many times."""
    left = times

    def look(now: Line) -> None:
        nonlocal left
        if now == line:
            left -= 1
            if left == 0:
                act()

    _trace(look)


def _trace(hear: Callable[[Line], None]) -> None:
    files = {str(module.__file__) for module in _WRITING}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            hear((frame.f_code.co_filename, frame.f_lineno))
        return trace

    sys.settrace(trace)
