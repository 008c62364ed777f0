"""A folder and an index of it, synced on demand."""

from pathlib import Path
from typing import Unpack

from fakes.encoder import WordsEncoder
from indexes.ingest.rule_application import Rules
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import Leave, Sync, SyncListener, SyncReport
from indexes.readers.sandbox import ReadingLimits
from indexes.search.retrievers import LexicalRetriever
from indexes.storage.catalog import Catalog
from indexes.types import ALL, Filters, Query
from indexes.vectors.index import ChromaVectors

LIMITS = ReadingLimits(seconds=30)


class Bench:
    """A folder, an index of it, and what a user would see."""

    def __init__(self, folder: Path, catalog: Catalog, vectors: ChromaVectors) -> None:
        self.folder = folder
        self.catalog = catalog
        self.vectors = vectors
        self.encoder = WordsEncoder()

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def sync(
        self,
        *roots: Path,
        listener: SyncListener | None = None,
        rules: Rules = (),
        max_tokens: int | None = None,
        **leave: Unpack[Leave],
    ) -> SyncReport:
        self.encoder.encoded.clear()
        self.encoder.calls = 0
        splitter = PassageSplitter(self.encoder.count_tokens, max_tokens or self.encoder.max_tokens)
        syncing = Sync(self.catalog, self.vectors, self.encoder, splitter, LIMITS, rules)
        return syncing.run(roots or [self.folder], listener or SyncListener(), **leave)

    def ask(self, word: str, filters: Filters = ALL) -> set[str]:
        hits = LexicalRetriever(self.catalog).retrieve(Query(word, filters=filters), limit=100)
        return {hit.passage.path for hit in hits}
