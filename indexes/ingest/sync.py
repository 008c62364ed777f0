"""Makes the index equal to a folder: plan, read, split, embed, commit; document by document, resumable at any point."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexes.errors import ReadError
from indexes.ingest.changes import SyncPlan, check_deletions, is_beneath, plan_changes
from indexes.ingest.documents import DocumentReader
from indexes.ingest.embedding import BATCH, embed_passages, encoded_hash
from indexes.ingest.files import copy_for_reading
from indexes.ingest.rule_application import Rules, apply
from indexes.ingest.uploads import PREFIX
from indexes.protocols import Encoder, Splitter
from indexes.readers.sandbox import ReadingLimits, Sandbox
from indexes.storage.catalog import Catalog, FileState, FileVersion
from indexes.types import Document, Passage
from indexes.vectors.index import ChromaVectors, describe_rebuild


@dataclass(slots=True)
class SyncReport:
    """What a sync did."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """Of the added and the removed, those that are one file: new path, old path."""
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    """What could not be read of files that otherwise were."""
    passages: int = 0
    seconds: float = 0.0
    healed: str = ""
    """What was done where Chroma's copy was lost or damaged."""


class SyncListener:
    """Hears how far a sync is; every method may be left as it is."""

    def planned(self, plan: SyncPlan) -> None: ...
    def embedded(self, passages: int) -> None: ...
    def done(self, path: str, passages: int) -> None: ...
    def publishing(self, passages: int) -> None: ...
    def published(self, passages: int) -> None: ...
    def healed(self, sentence: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read and split, and waits for its vectors."""

    file: FileState
    documents: list[tuple[Document, list[Passage]]]

    @property
    def passages(self) -> list[Passage]:
        return [passage for _, passages in self.documents for passage in passages]


class Sync:
    """Brings a catalog up to folders of documents. Its user holds the writer's lock.

    ``earlier`` is the catalog of another embedding model that answers until this one does: what it read is not read
    again, and where that cannot be read any more it is kept. ``uploads`` is one more folder of each run.
    """

    def __init__(
        self,
        catalog: Catalog,
        vectors: ChromaVectors,
        encoder: Encoder,
        splitter: Splitter,
        limits: ReadingLimits,
        rules: Rules = (),
        *,
        earlier: Catalog | None = None,
        uploads: Path | None = None,
    ) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._encoder = encoder
        self._splitter = splitter
        self._limits = limits
        self._rules = rules
        self._earlier = earlier
        self._uploads = uploads

    def run(self, roots: Sequence[Path], listener: SyncListener, *, allow_delete: bool = False) -> SyncReport:
        """Raises ``FolderError`` or ``DeletionGuardError`` before anything is changed.

        ``EncoderMismatchError`` comes before anything is embedded.
        """
        began = time.perf_counter()
        plan = self.plan(roots)
        place = json.dumps(sorted(str(root.resolve()) for root in roots))
        if not allow_delete:
            self._guard(plan, place)
        report = self._begin(plan, listener)
        self._catalog.set("roots", place)
        if self._earlier:
            self._bring_up_to(plan_changes(roots, self._earlier.files(), uploads=self._uploads), self._earlier)
        self._apply(plan, report, listener)
        self._catalog.set("splitter", self._splitter.version)
        return self._end(report, listener, began)

    def run_uploads(self, listener: SyncListener) -> SyncReport:
        """Brings up to date only what was uploaded, which needs no other folder. Raises ``DeletionGuardError``."""
        began = time.perf_counter()
        if self._uploads is None:
            return SyncReport()
        before = {path: file for path, file in self._catalog.files().items() if path.startswith(PREFIX)}
        plan = plan_changes((), before, uploads=self._uploads)
        check_deletions(before.keys(), plan, elsewhere=False)
        report = self._begin(plan, listener)
        self._apply(plan, report, listener)
        return self._end(report, listener, began)

    def _begin(self, plan: SyncPlan, listener: SyncListener) -> SyncReport:
        listener.planned(plan)
        self._catalog.set("encoder", self._encoder.name)
        if self._catalog.get("splitter") is None:
            self._catalog.set("splitter", self._splitter.version)
        self._bring_up_to(plan, self._catalog)
        return SyncReport(unchanged=list(plan.unchanged), skipped=plan.skipped, failed=dict(plan.closed))

    def _end(self, report: SyncReport, listener: SyncListener, began: float) -> SyncReport:
        report.healed = self._publish(listener)
        report.seconds = time.perf_counter() - began
        return report

    def _publish(self, listener: SyncListener) -> str:
        """What was wrong with Chroma's copy and is mended, in a sentence; empty where nothing was."""
        began = time.perf_counter()
        if pending := self._vectors.pending():
            listener.publishing(pending)
        damage = self._vectors.lost()
        mended = self._vectors.publish(listener.published) and damage
        return describe_rebuild(mended, pending, time.perf_counter() - began) if mended else ""

    def plan(self, roots: Sequence[Path]) -> SyncPlan:
        """What ``run`` would do. Changes nothing; raises ``FolderError``."""
        anew = self._splits_otherwise(self._catalog)
        return plan_changes(roots, self._catalog.files(), uploads=self._uploads, anew=anew)

    def _guard(self, plan: SyncPlan, place: str) -> None:
        """Against what answers now, which another model's generation must not lose either."""
        answering = self._earlier or self._catalog
        before = self._earlier.files().keys() if self._earlier else {*plan.removed, *plan.changed, *plan.unchanged}
        check_deletions(before, plan, elsewhere=answering.get("roots") not in (None, place))

    def _splits_otherwise(self, catalog: Catalog) -> bool:
        """Whether it was split in another way, so that every file must be read again; likewise after a kill."""
        return catalog.get("splitter") not in (None, self._splitter.version)

    def _bring_up_to(self, plan: SyncPlan, catalog: Catalog) -> None:
        """What costs nothing comes first, whatever becomes of the rest: the rules, and that what is gone is gone.

        What was moved goes on answering where it was until it is found where it is.
        """
        apply(self._rules, catalog)
        if gone := set(plan.removed) - set(plan.renamed.values()):
            catalog.remove(gone)

    def _apply(self, plan: SyncPlan, report: SyncReport, listener: SyncListener) -> None:
        waiting: list[_Read] = []
        for read in self._read(plan, report, listener):
            waiting.append(read)
            if sum(len(item.passages) for item in waiting) >= BATCH:
                self._commit(waiting, plan, report, listener)
                waiting.clear()
        self._commit(waiting, plan, report, listener)
        lost = {old for new, old in plan.renamed.items() if new in report.failed}
        report.renamed = {new: old for new, old in plan.renamed.items() if new not in report.failed}
        report.removed += [path for path in plan.removed if path not in lost]
        if moved := {*report.renamed.values()}:
            self._catalog.remove(moved)
        self._catalog.drop_unused_vectors()

    def _read(self, plan: SyncPlan, report: SyncReport, listener: SyncListener) -> Iterator[_Read]:
        before = self._earlier.files() if self._earlier else {}
        if not (plan.added or plan.changed or (before and plan.closed)):
            return
        files = self._catalog.files()
        known = {} if self._splits_otherwise(self._catalog) else files
        out_of_sight = [path for path in before.keys() - files if is_beneath(path, plan.closed)]
        with Sandbox(self._limits) as sandbox:
            reader = DocumentReader(sandbox, self._rules, self._earlier or self._catalog, report.notes)
            for path in (*plan.added, *plan.changed):
                try:
                    file, documents = self._documents(path, plan.source(path), known, reader)
                except (ReadError, OSError) as error:
                    report.failed[path] = _reason(error)
                    if path in before:
                        out_of_sight.append(path)
                    else:
                        listener.done(path, 0)
                    continue
                if documents is None:
                    self._catalog.touch(file)
                    report.unchanged.append(path)
                    listener.done(path, 0)
                else:
                    yield self._split(file, documents)
            yield from (self._split(before[path], self._kept(path, reader)) for path in out_of_sight)

    def _documents(
        self, path: str, source: Path, known: Mapping[str, FileState], reader: DocumentReader
    ) -> tuple[FileState, list[Document] | None]:
        """None where the file's content is the same as before."""
        with copy_for_reading(path, source, self._limits) as copy:
            file = copy.state
            if path in known and known[path].sha256 == file.sha256:
                return file, None
            return file, self._read_before(file, reader) or reader.read(file, copy.file)

    def _read_before(self, file: FileState, reader: DocumentReader) -> list[Document]:
        """What the earlier catalog read of the same content in the same way."""
        if self._earlier is None or self._splits_otherwise(self._earlier):
            return []
        documents = self._kept(file.path, reader)
        return documents if all(document.sha256 == file.sha256 for document in documents) else []

    def _kept(self, path: str, reader: DocumentReader) -> list[Document]:
        documents = self._earlier.documents_in(path) if self._earlier else []
        return [reader.admit(document, path) for document in documents]

    def _split(self, file: FileState, documents: list[Document]) -> _Read:
        return _Read(file, [(document, self._splitter.split(document)) for document in documents])

    def _commit(self, reads: list[_Read], plan: SyncPlan, report: SyncReport, listener: SyncListener) -> None:
        if not reads:
            return
        passages = [passage for read in reads for passage in read.passages]
        vectors = embed_passages(passages, self._encoder, self._catalog, listener.embedded)
        self._catalog.put(
            FileVersion(
                read.file,
                [
                    (d, [(p, key, vectors[key]) for p in passages for key in [encoded_hash(p)]])
                    for d, passages in read.documents
                ],
            )
            for read in reads
        )
        for read in reads:
            path, count = read.file.path, len(read.passages)
            if path not in report.failed:
                (report.changed if path in plan.changed else report.added).append(path)
            report.passages += count
            if path in plan.files:
                listener.done(path, count)


def _reason(error: ReadError | OSError) -> str:
    return f"cannot be opened: {error.strerror}" if isinstance(error, OSError) else str(error)
