"""What a search costs in a large index: warm times beside the peer's plain vector query, and what HNSW misses.

    python benchmarks/search_scale.py warm ../shared/bench [--passages 50000] [--models var/models] [--index DIR]
    python benchmarks/search_scale.py recall ../shared/bench [--passages 50000] [--index DIR]
    python benchmarks/search_scale.py words [--passages 1000000] [--seconds 480]

Passages are recombined from sentences of real ones, seven sets', and their vectors from those that all-MiniLM-L6-v2
gives the real ones (``made_text.py``), so the model embeds 2,000 of them only. ``--index`` keeps what was built.
``warm`` asks real questions of those sets, one by one and each of every system in turn: the peer, which is what
``peer_llamaindex.py`` does less LlamaIndex (the question embedded with the same weights, then Chroma's five nearest of
a collection with its defaults, with their texts), Footnote without reranking, and with it, where the model is there.
Stages are timed within; what they leave is scoring, ranking, joining and reranking. ``recall`` compares with all
vectors. ``words`` searches by words alone, in as many passages of 60 words as ``--seconds`` let it make.
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
from made_text import Zipf, read_sources, recombined

from indexes.ingest.splitting import PassageSplitter
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from indexes.protocols import Encoder
from indexes.search.retrievers import LexicalRetriever
from indexes.storage.catalog import Catalog, FileVersion
from indexes.storage.generations import Generations
from indexes.types import Query
from indexes.vectors.exact import nearest
from rag.engine.engine import Generation, open_writer
from rag.settings import Settings, load_settings

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

SETS = ("squad2", "clapnq", "hotpot100", "mtrag_un", "tatqa", "lihua", "apidocs")
SOURCES = 2000
RERANKER = "ms-marco-MiniLM-L-12-v2-int8"
BATCH = 4800
"""Passages put at once."""
WARMING = 10
"""Questions asked before those that count."""
SEED = 1


class Clock:
    """The seconds that methods took, by stage, since they were last asked for."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def times(self, owner: object, method: str, stage: str) -> None:
        function = getattr(owner, method)
        self._seconds[stage] = 0.0

        def timed(*values: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*values, **named)
            finally:
                self._seconds[stage] += time.perf_counter() - began

        setattr(owner, method, timed)

    def taken(self, whole: float) -> dict[str, float]:
        """By stage, with what they leave of the whole."""
        stages, self._seconds = self._seconds, dict.fromkeys(self._seconds, 0.0)
        return {
            "": whole,
            **{f": {stage}": its for stage, its in stages.items()},
            ": the rest": whole - sum(stages.values()),
        }


# -- building -------------------------------------------------------------------------------------------------------


def settings_of(folder: Path, models: Path, reranker: str | None = None) -> Settings:
    reranking = {"model": reranker, "budget_ms": 150}
    return load_settings(index={"dir": folder / "index"}, models={"dir": models}, reranking=reranking)


@contextmanager
def built(given: argparse.Namespace) -> Iterator[Path]:
    """A folder with an index, the peer's collection and the questions: that of ``--index``, or one that goes away."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.index or Path(temporary)
        if not (folder / "questions.json").exists():
            build(given.bench, folder, given.passages)
        yield folder


def build(bench: Path, folder: Path, passages: int) -> None:
    encoder, rng, began = SentenceTransformerEncoder(), random.Random(SEED), time.perf_counter()
    splitter = PassageSplitter(encoder.count_tokens, 128)
    sets = [read_sources(bench / name / "docs", encoder, splitter, SOURCES // len(SETS), rng) for name in SETS]
    tell(f"{sum(map(len, sets))} real passages embedded", began)
    settings = settings_of(folder, folder)
    with open_writer(settings, encoder) as writer:
        writer.catalog.set("encoder", encoder.name)
        collection = peers(folder)
        for batch in batches(recombined(sets, passages, SEED), BATCH):
            writer.catalog.put(batch)
            give(collection, batch)
        tell(f"{writer.catalog.counts()} documents and passages put, in the peer's collection too", began)
        with closing(generation(settings)) as made:
            made.vectors.publish(force=True)
    tell("Chroma's copy published", began)
    asked = [question for name, of in zip(SETS, sets, strict=True) for question in questions(bench / name, of)]
    rng.shuffle(asked)
    (folder / "questions.json").write_text(json.dumps(asked))


def questions(folder: Path, sources: Sequence[Any]) -> Iterator[str]:
    """Those of a set that are answered where the sources come from."""
    read = {source.passage.path for source in sources}
    for line in (folder / "questions.jsonl").open():
        row = json.loads(line)
        if any(gold["file"] in read for gold in row["gold"]):
            yield row["question"]


def batches(versions: Iterable[FileVersion], passages: int) -> Iterator[list[FileVersion]]:
    batch: list[FileVersion] = []
    for version in versions:
        batch.append(version)
        if sum(len(stored) for one in batch for _, stored in one.documents) >= passages:
            yield batch
            batch = []
    yield batch


def peers(folder: Path) -> "Collection":
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    client = chromadb.PersistentClient(folder / "peer", settings=ChromaSettings(anonymized_telemetry=False))
    return client.get_or_create_collection("peer", metadata={"hnsw:space": "cosine"}, embedding_function=None)


def give(collection: "Collection", versions: Iterable[FileVersion]) -> None:
    stored = [one for version in versions for _, passages in version.documents for one in passages]
    if stored:
        collection.add(
            ids=[passage.id for passage, _, _ in stored],
            embeddings=np.stack([np.frombuffer(vector, np.float32) for _, _, vector in stored]),
            documents=[passage.text for passage, _, _ in stored],
            metadatas=[{"file": passage.path} for passage, _, _ in stored],
        )


def generation(settings: Settings) -> Generation:
    return Generation(settings, Generations(settings.index.dir).current)


def tell(what: str, began: float) -> None:
    print(f"{what}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


# -- whole searches -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class System:
    ask: Callable[[str], object]
    clock: Clock


def warm(given: argparse.Namespace) -> None:
    seconds: dict[str, list[float]] = {}
    with built(given) as folder:
        asked = json.loads((folder / "questions.json").read_text())[: given.questions + WARMING]
        systems = make_systems(folder, given.models)
        for n, question in enumerate(asked):
            for name in turned([*systems], n):
                stages = systems[name].clock.taken(took(systems[name].ask, question))
                for stage, its in stages.items() if n >= WARMING else ():
                    seconds.setdefault(f"{name}{stage}", []).append(its)
        passages = peers(folder).count()
    report(seconds, passages=passages, questions=len(asked) - WARMING)


def make_systems(folder: Path, models: Path) -> dict[str, System]:
    """Each with caches of its own; one model embeds for all."""
    encoder = SentenceTransformerEncoder()
    encoder.encode(["loaded"])
    settings = {"footnote": settings_of(folder, models)}
    if (models / RERANKER).is_dir():
        settings["footnote, reranked"] = settings_of(folder, models, RERANKER)
    footnotes = {name: footnote(generation(its), copy(encoder)) for name, its in settings.items()}
    return {"peer": peer(folder, copy(encoder)), **footnotes}


def peer(folder: Path, encoder: Encoder) -> System:
    collection, clock = peers(folder), Clock()
    clock.times(encoder, "encode_query", "embedding")
    return System(lambda question: collection.query(encoder.encode_query([question]), n_results=5), clock)


def footnote(made: Generation, encoder: Encoder) -> System:
    made.__dict__["encoder"] = encoder
    retriever, entries, clock = made.retriever, made.catalog.search_rows, Clock()
    clock.times(encoder, "encode_query", "embedding")
    clock.times(made.vectors, "search", "vectors")
    clock.times(entries, "embedded_as", "rows of what is near")
    clock.times(entries, "frequencies", "how rare terms are")
    clock.times(entries, "match", "full-text search")
    for method in ("at", "of_documents", "named", "text"):
        clock.times(entries, method, "neighbours and names")
    return System(lambda question: retriever.retrieve(Query(question), limit=8), clock)


def turned(names: list[str], n: int) -> list[str]:
    """So that none always follows the same one."""
    return [*names[n % len(names) :], *names[: n % len(names)]][:: 1 if n // len(names) % 2 else -1]


def took(work: Callable[[str], object], question: str) -> float:
    began = time.perf_counter()
    work(question)
    return time.perf_counter() - began


def report(seconds: dict[str, list[float]], **facts: float) -> None:
    """JSON, then a Markdown table."""
    figures = {
        name: [round(1000 * float(at), 2) for at in np.percentile(its, (50, 95))] for name, its in seconds.items()
    }
    facts["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps({**facts, "ms": {name: {"p50": p50, "p95": p95} for name, (p50, p95) in figures.items()}}))
    print("\n| | p50 ms | p95 ms |\n|---|---|---|")
    for name, (p50, p95) in sorted(figures.items()):
        print(f"| {name} | {p50:.1f} | {p95:.1f} |", flush=True)


# -- parts ----------------------------------------------------------------------------------------------------------


def recall(given: argparse.Namespace) -> None:
    """Of the 50 nearest of each question, the share that a search finds."""
    with built(given) as folder, closing(generation(settings_of(folder, folder))) as made:
        asked = json.loads((folder / "questions.json").read_text())[: given.questions]
        every = list(made.catalog.vectors(after=0, batch=BATCH))
        shares = []
        for vector in made.encoder.encode_query(asked):
            wanted = {found for found, _ in nearest(every, vector, 50)}
            shares.append(len(wanted & {found for found, _ in made.vectors.search(vector, limit=50)}) / 50)
        facts = {"vectors": sum(len(ids) for ids, _ in every), "questions": len(asked)}
    print(json.dumps({**facts, "recall@50": round(float(np.mean(shares)), 4), "least": min(shares)}))
    sys.exit(None if np.mean(shares) >= 0.99 else "HNSW misses more than a hundredth.")


def words(given: argparse.Namespace) -> None:
    zipf, began = Zipf(300_000, SEED), time.perf_counter()
    with tempfile.TemporaryDirectory(dir=given.index) as folder:
        catalog = Catalog.create(Path(folder, "catalog.sqlite3"))
        for batch in islice(batches(zipf.documents(100, 60), 5000), given.passages // 5000):
            catalog.put(batch)
            if time.perf_counter() - began > given.seconds:
                break
        _, passages = catalog.counts()
        tell(f"{passages} passages put", began)
        lexical = LexicalRetriever(catalog)
        times = [
            took(lambda text: lexical.retrieve(Query(text), limit=50), zipf.question()) for _ in range(WARMING + 100)
        ]
        catalog.close()
        size = catalog.file.stat().st_size / 2**20
    report({"words": times[WARMING:]}, passages=passages, questions=100, mb=round(size))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("warm", "recall", "words"))
    parser.add_argument("bench", type=Path, nargs="?", help="a folder of sets")
    parser.add_argument("--passages", type=int)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=480)
    parser.add_argument("--models", type=Path, default=Path("var/models"))
    parser.add_argument("--index", type=Path, help="where what is built is kept, and used again")
    given = parser.parse_args()
    given.passages = given.passages or (1_000_000 if given.what == "words" else 50_000)
    {"warm": warm, "recall": recall, "words": words}[given.what](given)


if __name__ == "__main__":
    main()
