"""Measure searches in a large index: warm times beside the peer's plain vector query, and the recall of HNSW.

    python benchmarks/search_scale.py warm ../shared/bench [--passages 50000] [--models var/models] [--index DIR]
    python benchmarks/search_scale.py recall ../shared/bench [--passages 50000] [--index DIR]
    python benchmarks/search_scale.py words [--passages 1000000] [--seconds 480]

Passages are recombined from sentences of real ones of seven sets, and so are their vectors (``made_text.py``). So the
model embeds only 2,000 of them. ``--index`` keeps the built index. ``warm`` asks real questions of those sets, each of
every system in turn. The peer is ``peer_llamaindex.py`` without LlamaIndex: it embeds the question with the same
weights, and takes Chroma's five nearest of a default collection, with their texts. Footnote runs without reranking, and
with it where the model is installed. Stages are timed; the rest is scoring, ranking, joining and reranking. ``recall``
compares with all vectors. ``words`` searches by words alone, in as many passages of 60 words as fit in ``--seconds``.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from made_text import Zipf, read_sources, recombine

from indexes.ingest.splitting import PassageSplitter
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from indexes.protocols import Encoder
from indexes.search.retrievers import LexicalRetriever
from indexes.storage.catalog import Catalog, FileVersion
from indexes.storage.generations import Generations
from indexes.types import Query
from indexes.vectors.index import nearest
from rag.engine.engine import Generation, open_writer
from rag.settings import Settings, load_settings

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

SETS = ("squad2", "clapnq", "hotpot100", "mtrag_un", "tatqa", "lihua", "apidocs")
SOURCES = 2000
RERANKER = "ms-marco-MiniLM-L-12-v2-int8"
BATCH = 4800
"""Passages written at a time."""
WARM_UP = 10
"""Questions asked before those that count."""
SEED = 1


class Clock:
    """Seconds spent in methods, by stage, since the last reading."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def time_method(self, owner: object, method: str, stage: str) -> None:
        """Count a method's seconds for a stage."""
        function = getattr(owner, method)
        self._seconds[stage] = 0.0

        def timed(*values: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*values, **named)
            finally:
                self._seconds[stage] += time.perf_counter() - began

        setattr(owner, method, timed)

    def read(self, whole: float) -> dict[str, float]:
        """Return the seconds by stage, with the whole and the rest, and start anew."""
        stages, self._seconds = self._seconds, dict.fromkeys(self._seconds, 0.0)
        return {
            "": whole,
            **{f": {stage}": value for stage, value in stages.items()},
            ": the rest": whole - sum(stages.values()),
        }


# -- building -------------------------------------------------------------------------------------------------------


def make_settings(folder: Path, models: Path, reranker: str | None = None) -> Settings:
    """Return the settings for the index in a folder."""
    reranking = {"model": reranker, "budget_ms": 150}
    return load_settings(index={"dir": folder / "index"}, models={"dir": models}, reranking=reranking)


@contextmanager
def open_built(given: argparse.Namespace) -> Iterator[Path]:
    """Yield a folder with the index, the peer's collection and the questions: ``--index``, or a temporary one."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.index or Path(temporary)
        if not (folder / "questions.json").exists():
            build(given.bench, folder, given.passages)
        yield folder


def build(bench: Path, folder: Path, passages: int) -> None:
    """Build the index, the peer's collection and the questions."""
    encoder, rng, began = SentenceTransformerEncoder(), random.Random(SEED), time.perf_counter()
    splitter = PassageSplitter(encoder.count_tokens, 128)
    sets = [read_sources(bench / name / "docs", encoder, splitter, SOURCES // len(SETS), rng) for name in SETS]
    log(f"{sum(map(len, sets))} real passages embedded", began)
    settings = make_settings(folder, folder)
    with open_writer(settings, encoder) as writer:
        writer.catalog.set("encoder", encoder.name)
        collection = open_peer(folder)
        for batch in make_batches(recombine(sets, passages, SEED), BATCH):
            writer.catalog.put(batch)
            add_to_peer(collection, batch)
        log(f"{writer.catalog.counts()} documents and passages written, and to the peer's collection", began)
        with closing(open_generation(settings)) as index:
            index.vectors.publish(force=True)
    log("Chroma's copy published", began)
    questions = [q for name, sources in zip(SETS, sets, strict=True) for q in read_questions(bench / name, sources)]
    rng.shuffle(questions)
    (folder / "questions.json").write_text(json.dumps(questions))


def read_questions(folder: Path, sources: Sequence[Any]) -> Iterator[str]:
    """Yield the questions of a set whose answers are in the sources' documents."""
    read = {source.passage.path for source in sources}
    for line in (folder / "questions.jsonl").open():
        row = json.loads(line)
        if any(gold["file"] in read for gold in row["gold"]):
            yield row["question"]


def make_batches(versions: Iterable[FileVersion], passages: int) -> Iterator[list[FileVersion]]:
    """Yield files in batches of about so many passages."""
    batch: list[FileVersion] = []
    for version in versions:
        batch.append(version)
        if sum(len(stored) for one in batch for _, stored in one.documents) >= passages:
            yield batch
            batch = []
    yield batch


def open_peer(folder: Path) -> "Collection":
    """Open the peer's collection, which is made if missing."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    client = chromadb.PersistentClient(folder / "peer", settings=ChromaSettings(anonymized_telemetry=False))
    return client.get_or_create_collection("peer", metadata={"hnsw:space": "cosine"}, embedding_function=None)


def add_to_peer(collection: "Collection", versions: Iterable[FileVersion]) -> None:
    """Add passages and their vectors to the peer's collection."""
    stored = [one for version in versions for _, passages in version.documents for one in passages]
    if stored:
        collection.add(
            ids=[passage.id for passage, _, _ in stored],
            embeddings=np.stack([np.frombuffer(vector, np.float32) for _, _, vector in stored]),
            documents=[passage.text for passage, _, _ in stored],
            metadatas=[{"file": passage.path} for passage, _, _ in stored],
        )


def open_generation(settings: Settings) -> Generation:
    """Open the current generation of an index."""
    return Generation(settings, Generations(settings.index.dir).current)


def log(message: str, began: float) -> None:
    """Print a message with the seconds since the beginning."""
    print(f"{message}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


# -- whole searches -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class System:
    """A system to ask, and the clock of its stages."""

    ask: Callable[[str], object]
    clock: Clock


def warm(given: argparse.Namespace) -> None:
    """Measure whole searches of every system."""
    seconds: dict[str, list[float]] = {}
    with open_built(given) as folder:
        questions = json.loads((folder / "questions.json").read_text())[: given.questions + WARM_UP]
        systems = make_systems(folder, given.models)
        for n, question in enumerate(questions):
            for name in rotate([*systems], n):
                stages = systems[name].clock.read(time_call(systems[name].ask, question))
                for stage, value in stages.items() if n >= WARM_UP else ():
                    seconds.setdefault(f"{name}{stage}", []).append(value)
        passages = open_peer(folder).count()
    report(seconds, passages=passages, questions=len(questions) - WARM_UP)


def make_systems(folder: Path, models: Path) -> dict[str, System]:
    """Return the systems, each with its own caches; one model embeds for all."""
    encoder = SentenceTransformerEncoder()
    encoder.encode(["load the model"])
    settings = {"footnote": make_settings(folder, models)}
    if (models / RERANKER).is_dir():
        settings["footnote, reranked"] = make_settings(folder, models, RERANKER)
    footnotes = {name: make_footnote(open_generation(s), copy(encoder)) for name, s in settings.items()}
    return {"peer": make_peer(folder, copy(encoder)), **footnotes}


def make_peer(folder: Path, encoder: Encoder) -> System:
    """Return the peer."""
    collection, clock = open_peer(folder), Clock()
    clock.time_method(encoder, "encode_query", "embedding")
    return System(lambda question: collection.query(encoder.encode_query([question]), n_results=5), clock)


def make_footnote(generation: Generation, encoder: Encoder) -> System:
    """Return Footnote with this encoder."""
    generation.__dict__["encoder"] = encoder
    retriever, rows, clock = generation.retriever, generation.catalog.search_rows, Clock()
    clock.time_method(encoder, "encode_query", "embedding")
    clock.time_method(generation.vectors, "search", "vectors")
    clock.time_method(rows, "embedded_as", "rows of near passages")
    clock.time_method(rows, "frequency", "frequencies of terms")
    clock.time_method(rows, "match", "full-text search")
    for method in ("at_rows", "first_of_documents", "documents_named", "text"):
        clock.time_method(rows, method, "neighbours and names")
    return System(lambda question: retriever.retrieve(Query(question), limit=8), clock)


def rotate(names: list[str], n: int) -> list[str]:
    """Return the names in another order each time, so that none always follows the same one."""
    return [*names[n % len(names) :], *names[: n % len(names)]][:: 1 if n // len(names) % 2 else -1]


def time_call(work: Callable[[str], object], question: str) -> float:
    """Return the seconds that a question takes."""
    began = time.perf_counter()
    work(question)
    return time.perf_counter() - began


def report(seconds: dict[str, list[float]], **facts: float) -> None:
    """Print the figures as JSON, then as a Markdown table."""
    figures = {
        name: [round(1000 * float(value), 2) for value in np.percentile(values, (50, 95))]
        for name, values in seconds.items()
    }
    facts["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps({**facts, "ms": {name: {"p50": p50, "p95": p95} for name, (p50, p95) in figures.items()}}))
    print("\n| | p50 ms | p95 ms |\n|---|---|---|")
    for name, (p50, p95) in sorted(figures.items()):
        print(f"| {name} | {p50:.1f} | {p95:.1f} |", flush=True)


# -- parts ----------------------------------------------------------------------------------------------------------


def recall(given: argparse.Namespace) -> None:
    """Measure the share of each question's 50 nearest passages that a search finds."""
    with open_built(given) as folder, closing(open_generation(make_settings(folder, folder))) as index:
        questions = json.loads((folder / "questions.json").read_text())[: given.questions]
        every = list(index.catalog.vectors(after=0, batch=BATCH))
        shares = []
        for vector in index.encoder.encode_query(questions):
            exact = {id_ for id_, _ in nearest(every, vector, 50)}
            shares.append(len(exact & {id_ for id_, _ in index.vectors.search(vector, limit=50)}) / 50)
        facts = {"vectors": sum(len(ids) for ids, _ in every), "questions": len(questions)}
    print(json.dumps({**facts, "recall@50": round(float(np.mean(shares)), 4), "least": min(shares)}))
    sys.exit(None if np.mean(shares) >= 0.99 else "HNSW misses more than 1 %.")


def words(given: argparse.Namespace) -> None:
    """Measure searches by words alone."""
    zipf, began = Zipf(300_000, SEED), time.perf_counter()
    with tempfile.TemporaryDirectory(dir=given.index) as folder:
        catalog = Catalog.create(Path(folder, "catalog.sqlite3"))
        for batch in islice(make_batches(zipf.documents(100, 60), 5000), given.passages // 5000):
            catalog.put(batch)
            if time.perf_counter() - began > given.seconds:
                break
        _, passages = catalog.counts()
        log(f"{passages} passages written", began)
        lexical = LexicalRetriever(catalog)
        times = [
            time_call(lambda text: lexical.retrieve(Query(text), limit=50), zipf.question())
            for _ in range(WARM_UP + 100)
        ]
        catalog.close()
        size = catalog.file.stat().st_size / 2**20
    report({"words": times[WARM_UP:]}, passages=passages, questions=100, mb=round(size))


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("warm", "recall", "words"))
    parser.add_argument("bench", type=Path, nargs="?", help="a folder of sets")
    parser.add_argument("--passages", type=int)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=480)
    parser.add_argument("--models", type=Path, default=Path("var/models"))
    parser.add_argument("--index", type=Path, help="a folder that keeps the built index for later runs")
    given = parser.parse_args()
    given.passages = given.passages or (1_000_000 if given.what == "words" else 50_000)
    {"warm": warm, "recall": recall, "words": words}[given.what](given)


if __name__ == "__main__":
    main()
