"""Measure the cost of size, with a free encoder: the time of a sync with little to do, the memory of a large one.

    PYTHONPATH=tests python benchmarks/sync_scale.py unchanged [--files 10000] [--repeat 5] [--processes]
    PYTHONPATH=tests python benchmarks/sync_scale.py memory [--passages 50000]
    PYTHONPATH=tests python benchmarks/sync_scale.py stages DOCS

``unchanged`` compares with the peer's way to find changes: LlamaIndex's reader and its documents' hashes (of
llama-index-core, which Footnote installs). ``memory`` samples the memory of the process and its reading worker.
``stages`` splits with the real model's tokenizer. It prints each stage's share of the time of embedding at 38 passages
a second, the model's best on two idle cores.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np

from fakes.encoder import WordsEncoder
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import Sync, SyncListener, SyncReport
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from indexes.protocols import Encoder, Splitter
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.types import Document, Matrix, Passage
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors

FOLDERS = 100
MODEL_SPEED = 38
WORDS = (
    "ferry harbour noon notice pay leave rain ticket captain rope anchor crew cargo tide pier lamp signal coast".split()
)


class RandomEncoder(WordsEncoder):
    """Random unit vectors, one per text, which are hard for HNSW."""

    def encode(self, texts: Sequence[str], /) -> Matrix:
        """Return the vectors, equal for equal texts."""
        rows = [np.random.default_rng(zlib.crc32(text.encode())).standard_normal(self.dimensions) for text in texts]
        matrix = np.array(rows, np.float32)
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


# -- work -------------------------------------------------------------------------------------------------------


def write_files(docs: Path, files: int, passages: int, words: int) -> None:
    """Write text files in folders, with so many different passages in all."""
    rng = random.Random(0)
    for n in range(files):
        file = docs / f"{n % FOLDERS:03}" / f"{n:05}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        count = (n + 1) * passages // files - n * passages // files
        lines = (f"Notice {n}-{m} tells of {' '.join(rng.choices(WORDS, k=words))}." for m in range(count))
        file.write_text("\n\n\n".join(lines) + "\n")


@contextmanager
def open_sync(index: Path, encoder: Encoder, splitter: Splitter | None = None) -> Iterator[Sync]:
    """Open an index for syncs, which is made if missing."""
    catalog = Catalog.create(index / "catalog.sqlite3")
    vectors = ChromaVectors(EmbeddedChroma(index / "chroma"), catalog)
    try:
        yield Sync(catalog, vectors, encoder, splitter or PassageSplitter(encoder.count_tokens, 128), ReadingLimits())
    finally:
        vectors.close()
        catalog.close()


def sync(docs: Path, index: Path, listener: SyncListener | None = None) -> SyncReport:
    """Sync a folder with a new process's state of the index."""
    with open_sync(index, RandomEncoder()) as opened:
        return opened.run([docs], listener or SyncListener())


def peer(docs: str) -> int:
    """List, read and hash all files, as the peer must to find changes; return the number of hashes."""
    from llama_index.core import SimpleDirectoryReader

    documents = SimpleDirectoryReader(docs, recursive=True, filename_as_id=True).load_data()
    return len({document.hash for document in documents})


# -- nothing, or one file, changed ----------------------------------------------------------------------------------


def unchanged(files: int, repeat: int, *, processes: bool) -> None:
    """Print the times of syncs where nothing, or one file, changed."""
    with tempfile.TemporaryDirectory() as folder:
        docs, index, whole = Path(folder, "docs"), Path(folder, "index"), Path(folder, "whole")
        write_files(docs, files, files, words=8)
        print(f"{files} files, first sync {sync(docs, index).seconds:.1f} s, encoder free", flush=True)
        peer(str(docs))  # imports its libraries, which does not count
        ours, theirs = time_in_turn(
            repeat, {"nothing changed": lambda: sync(docs, index), "peer: list, read and hash": lambda: peer(str(docs))}
        )
        print(f"ratio {ours / theirs:.3f}")
        time_in_turn(repeat, {"one changed": lambda: (change(docs), sync(docs, index))})
        time_in_turn(repeat, {"nothing changed, one change not in Chroma": lambda: sync(docs, index)})
        if processes:
            print_processes(docs, whole, repeat)


def print_processes(docs: Path, index: Path, repeat: int) -> None:
    """Print the times of whole processes with the real model, which is loaded only where something changed."""
    run = partial(subprocess.run, check=True, capture_output=True)
    indexing = [sys.executable, "-m", "api.commands.cli", "index", str(docs), "--index", str(index)]
    run(indexing)
    ours, theirs = time_in_turn(
        repeat,
        {
            "process, nothing changed": lambda: run(indexing),
            "peer's process": lambda: run([sys.executable, __file__, "peer", str(docs)]),
        },
    )
    print(f"ratio {ours / theirs:.3f}", flush=True)
    time_in_turn(repeat, {"process, one changed": lambda: (change(docs), run(indexing))})


def change(docs: Path) -> None:
    """Change one file."""
    (docs / "000" / "00000.txt").write_text(f"Written at {time.time()}.")


def time_in_turn(times: int, work: dict[str, Callable[[], object]]) -> list[float]:
    """Return the medians in seconds. The order reverses each time, so that none is always the first."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for n in range(times):
        for name in [*work][:: 1 if n % 2 else -1]:
            began = time.perf_counter()
            work[name]()
            seconds[name].append(time.perf_counter() - began)
    for name, values in seconds.items():
        print(f"{name:40} min {min(values):6.3f} s, median {statistics.median(values):6.3f} s", flush=True)
    return [statistics.median(values) for values in seconds.values()]


# -- memory ---------------------------------------------------------------------------------------------------------


class ProgressPrinter(SyncListener):
    """Prints its progress, for a sampler in another process."""

    def __init__(self) -> None:
        self._count = 0

    def embedded(self, passages: int) -> None:
        """Print the passages indexed so far."""
        self._print("index", passages)

    def publishing(self, passages: int) -> None:  # noqa: ARG002
        """Count from 0 again."""
        self._count = 0

    def published(self, passages: int) -> None:
        """Print the passages published so far."""
        self._print("publish", passages)

    def _print(self, stage: str, passages: int) -> None:
        self._count += passages
        print(stage, self._count, flush=True)


def memory(passages: int) -> None:
    """Print the peak and the growth of memory by stage."""
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder, "docs")
        write_files(docs, passages // 100, passages, words=110)
        command = [sys.executable, __file__, "child", str(docs), "--index", str(Path(folder, "index"))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            curves = watch(child, passages // 10)
    for stage, points in curves.items():
        later = np.array(points[len(points) // 2 :])
        slope = np.polyfit(later[:, 0], later[:, 1], 1)[0]
        peak = max(held for _, held in points)
        print(f"{stage}: peak {peak:.0f} MB, in its second half {slope * 10_000:.1f} MB more for 10,000 passages")


def watch(child: "subprocess.Popen[str]", step: int) -> dict[str, list[tuple[int, float]]]:
    """Return, by stage, passages and the MB that the process and its reading worker held then; print some of them."""
    curves: dict[str, list[tuple[int, float]]] = {}
    assert child.stdout
    for line in child.stdout:
        stage, count = line.split()
        own, workers = resident(child.pid)
        points = curves.setdefault(stage, [])
        if not points or int(count) // step > points[-1][0] // step:
            print(f"{stage:8} {count:>6} passages: {own:5.0f} MB, its worker {workers:5.0f} MB", flush=True)
        points.append((int(count), own + workers))
    return curves


def resident(pid: int) -> tuple[float, float]:
    """Return the MB held by a process, and by its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = [int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in (pid, *children)]
    page = os.sysconf("SC_PAGESIZE") / 2**20
    return pages[0] * page, sum(pages[1:]) * page


# -- stages ---------------------------------------------------------------------------------------------------------


class StageClock(SyncListener):
    """Counts processor seconds between events for the stage that the later event ends, without the worker's."""

    def __init__(self, splitter: PassageSplitter) -> None:
        self.seconds = dict.fromkeys(("read", "split", "embed", "commit", "publish"), 0.0)
        self.version = splitter.version
        self._splitter = splitter
        self._last = time.process_time()

    def split(self, document: Document) -> list[Passage]:
        """Split, and end the stages before and of it."""
        self._end("read")
        passages = self._splitter.split(document)
        self._end("split")
        return passages

    def embedded(self, passages: int) -> None:  # noqa: ARG002
        """End the stage."""
        self._end("embed")

    def done(self, path: str, passages: int) -> None:  # noqa: ARG002
        """End the stage."""
        self._end("commit")

    def published(self, passages: int) -> None:  # noqa: ARG002
        """End the stage."""
        self._end("publish")

    def _end(self, stage: str) -> None:
        now = time.process_time()
        self.seconds[stage] += now - self._last
        self._last = now


def stages(docs: Path) -> None:
    """Print the seconds of each stage of a sync."""
    model = SentenceTransformerEncoder()
    model.count_tokens("load the model")
    import_module("llama_index.core.node_parser")
    with tempfile.TemporaryDirectory() as index:
        clock = StageClock(PassageSplitter(model.count_tokens, model.max_tokens))
        with open_sync(Path(index), RandomEncoder(), clock) as opened:
            report = opened.run([docs], clock)
    modelled = report.passages / MODEL_SPEED
    print(f"{len(report.added)} files, {report.passages} passages; the model alone takes {modelled:.0f} s for them")
    for stage, seconds in clock.seconds.items():
        name = "embed (nothing)" if stage == "embed" else stage
        print(f"{name:16} {seconds:7.2f} s {report.passages / seconds:9.0f} passages/s {seconds / modelled:6.1%}")


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("unchanged", "memory", "stages", "peer", "child"))
    parser.add_argument("docs", type=Path, nargs="?")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--passages", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--processes", action="store_true", help="whole processes too, with the real model: minutes")
    given = parser.parse_args()
    match given.what:
        case "unchanged":
            unchanged(given.files, given.repeat, processes=given.processes)
        case "memory":
            memory(given.passages)
        case "stages":
            stages(given.docs)
        case "peer":
            peer(str(given.docs))
        case "child":
            sync(given.docs, given.index, ProgressPrinter())


if __name__ == "__main__":
    main()
