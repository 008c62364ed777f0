"""Makes the index equal to its folders: plan, read, split, embed, commit. A sync can be resumed at any point."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, Unpack

from indexes.errors import ReadError
from indexes.ingest.access_guard import AccessChanges, RunAccess
from indexes.ingest.changes import SyncPlan, check_deletions, is_beneath, plan_changes
from indexes.ingest.documents import DocumentReader
from indexes.ingest.embedding import BATCH, embed_passages, encoded_hash
from indexes.ingest.files import copy_for_reading
from indexes.ingest.rule_application import PathRules, RuleMatches, Rules, apply_again
from indexes.ingest.unmatched_rules import UnmatchedRules
from indexes.ingest.uploads import PREFIX
from indexes.protocols import Encoder, Splitter
from indexes.readers.sandbox import ReadingLimits, Sandbox
from indexes.storage.catalog import Catalog, FileState, FileVersion
from indexes.types import Document, Passage
from indexes.vectors.index import ChromaVectors, describe_rebuild


@dataclass(slots=True)
class SyncReport:
    """What a sync did, by paths."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """Added and removed paths of one file: new path, old path."""
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    """Notes on files that were read in part."""
    passages: int = 0
    seconds: float = 0.0
    healed: str = ""
    """A sentence on what was done about a lost or damaged copy in Chroma."""
    rules: list[RuleMatches] = field(default_factory=list)
    """The access rules, with the number of documents that each matches now."""
    emptied: list[str] = field(default_factory=list)
    """The globs of those whose last documents were deleted."""
    wider: list[str] = field(default_factory=list)
    """Documents that someone may read who could not before."""
    narrower: list[str] = field(default_factory=list)
    """Documents that someone may not read any more."""


class Leave(TypedDict, total=False):
    """What the user allows a run to do; nothing that is left out."""

    allow_delete: bool
    """To remove most of the index, if those files are gone."""
    allow_unmatched_rules: bool
    """To go on if an access rule matches no document."""
    allow_wider_access: bool
    """To let more people read documents that were protected."""


class SyncListener:
    """Is called as a sync proceeds. Each method may be left as it is."""

    def planned(self, plan: SyncPlan) -> None:
        """The sync knows what it will do."""

    def embedded(self, passages: int) -> None:
        """A batch of passages has its vectors."""

    def done(self, path: str, passages: int) -> None:
        """A file of the plan is committed, failed or unchanged; ``passages`` is its number of them."""

    def publishing(self, passages: int) -> None:
        """So many passages will be copied to Chroma."""

    def published(self, passages: int) -> None:
        """So many more passages are in Chroma."""

    def healed(self, sentence: str) -> None:
        """A lost or damaged copy in Chroma was made anew."""


@dataclass(frozen=True, slots=True)
class _SplitFile:
    """A file that was read and split, and waits for its vectors."""

    file: FileState
    documents: list[tuple[Document, list[Passage]]]

    @property
    def passages(self) -> list[Passage]:
        """The passages of all its documents."""
        return [passage for _, passages in self.documents for passage in passages]


class Sync:
    """Brings a catalog up to date with folders of documents. Its user holds the writer's lock.

    ``earlier`` is the catalog of another embedding model, which answers until this one does. What it read is not read
    again, and is kept if it cannot be read any more. ``uploads`` is one more folder of each run.
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

    def run(self, roots: Sequence[Path], listener: SyncListener, **leave: Unpack[Leave]) -> SyncReport:
        """Bring the catalog up to date, and Chroma after it.

        Raises ``FolderError``, ``DeletionGuardError``, ``UnmatchedRuleError`` or ``WiderAccessError`` before anything
        is changed, ``EncoderMismatchError`` before anything is embedded.
        """
        began = time.perf_counter()
        plan = self.plan(roots)
        place = json.dumps(sorted(str(root.resolve()) for root in roots))
        rules = PathRules.over(self._rules, roots, plan.files)
        answered = plan_changes(roots, self._earlier.files(), uploads=self._uploads) if self._earlier else plan
        elsewhere = self._answering.get("roots") not in (None, place)
        unmatched = UnmatchedRules.of(rules, self._answering, answered, elsewhere=elsewhere)
        if not leave.get("allow_unmatched_rules"):
            unmatched.check(answered, rules)
        idle = not any((plan.differs, plan.closed, answered.differs))
        allow_wider = leave.get("allow_wider_access", False)
        access = RunAccess.of(rules, self._answering, answered, allow_wider=allow_wider, idle=idle)
        if not leave.get("allow_delete"):  # nor may another model's catalog, which answers now, lose much
            check_deletions(answered, elsewhere=elsewhere)
        for catalog in {self._catalog, self._answering}:  # before a kill can leave a rule without what it matched
            unmatched.keep(catalog)
        report = self._begin(plan, access, listener)
        report.emptied = [rule.glob for rule in unmatched.emptied]
        self._catalog.set("roots", place)
        if self._earlier:
            self._update_cheaply(answered, self._earlier, access, report)
        self._apply(plan, access, report, listener)
        if self._earlier:
            self._catalog.remember(self._earlier)
        self._catalog.set("splitter", self._splitter.version)
        return self._end(report, access, listener, began)

    def run_uploads(self, listener: SyncListener) -> SyncReport:
        """Bring only the uploads up to date, which needs no other folder. Other documents get no new readers.

        Raises ``DeletionGuardError``.
        """
        began = time.perf_counter()
        if self._uploads is None:
            return SyncReport()
        before = {path: file for path, file in self._catalog.files().items() if path.startswith(PREFIX)}
        plan = plan_changes((), before, uploads=self._uploads)
        access = RunAccess.over_uploads(PathRules.over(self._rules, self._catalog.roots), self._catalog)
        check_deletions(plan, elsewhere=False)
        report = self._begin(plan, access, listener)
        self._apply(plan, access, report, listener)
        return self._end(report, access, listener, began)

    def plan(self, roots: Sequence[Path]) -> SyncPlan:
        """Return what ``run`` would do. Changes nothing; raises ``FolderError``."""
        anew = self._splits_otherwise(self._catalog)
        return plan_changes(roots, self._catalog.files(), uploads=self._uploads, anew=anew)

    @property
    def _answering(self) -> Catalog:
        """The catalog that answers until the run is done."""
        return self._earlier or self._catalog

    def _begin(self, plan: SyncPlan, access: RunAccess, listener: SyncListener) -> SyncReport:
        listener.planned(plan)
        self._catalog.set("encoder", self._encoder.name)
        if self._catalog.get("splitter") is None:
            self._catalog.set("splitter", self._splitter.version)
        report = SyncReport(unchanged=list(plan.unchanged), skipped=plan.skipped, failed=dict(plan.closed))
        report.wider = [document.path for document in access.wider]
        report.narrower = [*access.narrower]
        self._update_cheaply(plan, self._catalog, access, report)
        return report

    def _end(self, report: SyncReport, access: RunAccess, listener: SyncListener, began: float) -> SyncReport:
        """Publish to Chroma, and complete the report."""
        if access.bounded:
            apply_again(self._catalog)
        report.rules = access.rules.keep_matched(self._catalog)
        AccessChanges.of(report.wider, report.narrower).keep(self._catalog)
        publishing_began = time.perf_counter()
        if pending := self._vectors.pending():
            listener.publishing(pending)
        damage = self._vectors.lost()
        if mended := self._vectors.publish(listener.published) and damage:
            report.healed = describe_rebuild(mended, pending, time.perf_counter() - publishing_began)
        report.seconds = time.perf_counter() - began
        return report

    def _splits_otherwise(self, catalog: Catalog) -> bool:
        """Whether it was split in another way, so that every file must be read again; likewise after a kill."""
        return catalog.get("splitter") not in (None, self._splitter.version)

    def _update_cheaply(self, plan: SyncPlan, catalog: Catalog, access: RunAccess, report: SyncReport) -> None:
        """Apply the rules and remove what is gone, before anything is read that could fail.

        Renamed files go on answering under their old path until they are read under the new one.
        """
        narrower = access.update(catalog, frozenset(plan.removed))
        answers = catalog is self._answering
        if answers:
            report.narrower += narrower
        if gone := set(plan.removed) - (set(plan.renamed.values()) if answers else set()):
            catalog.remove(gone)

    def _apply(self, plan: SyncPlan, access: RunAccess, report: SyncReport, listener: SyncListener) -> None:
        batch: list[_SplitFile] = []
        for file in self._read(plan, access, report, listener):
            batch.append(file)
            if sum(len(item.passages) for item in batch) >= BATCH:
                self._commit(batch, plan, report, listener)
                batch.clear()
        self._commit(batch, plan, report, listener)
        unmoved = {old for new, old in plan.renamed.items() if new in report.failed}
        report.renamed = {new: old for new, old in plan.renamed.items() if new not in report.failed}
        report.removed += [path for path in plan.removed if path not in unmoved]
        if moved := {*report.renamed.values()}:
            self._catalog.remove(moved)
        self._catalog.drop_unused_vectors()

    def _read(
        self, plan: SyncPlan, access: RunAccess, report: SyncReport, listener: SyncListener
    ) -> Iterator[_SplitFile]:
        """Yield added and changed files, then those that only the earlier catalog can still give."""
        before = self._earlier.files() if self._earlier else {}
        if not (plan.added or plan.changed or (before and plan.closed)):
            return
        files = self._catalog.files()
        known = {} if self._splits_otherwise(self._catalog) else files
        unreadable = [path for path in before.keys() - files if is_beneath(path, plan.closed)]
        with Sandbox(self._limits) as sandbox:
            reader = DocumentReader(sandbox, access, self._answering, report.notes)
            for path in (*plan.added, *plan.changed):
                try:
                    file, documents = self._read_file(path, plan.source(path), known, reader)
                except (ReadError, OSError) as error:
                    reason = f"cannot be opened: {error.strerror}" if isinstance(error, OSError) else str(error)
                    report.failed[path] = reason
                    if path in before:
                        unreadable.append(path)
                    else:
                        listener.done(path, 0)
                    continue
                if documents is None:
                    self._catalog.touch(file)
                    report.unchanged.append(path)
                    listener.done(path, 0)
                else:
                    yield self._split(file, documents)
            yield from (self._split(before[path], self._earlier_documents(path, reader)) for path in unreadable)

    def _read_file(
        self, path: str, source: Path, known: Mapping[str, FileState], reader: DocumentReader
    ) -> tuple[FileState, list[Document] | None]:
        """Return the file's state and documents; None if its content is the same as before."""
        with copy_for_reading(path, source, self._limits) as copy:
            file = copy.state
            if path in known and known[path].sha256 == file.sha256:
                return file, None
            if self._earlier and not self._splits_otherwise(self._earlier):
                documents = self._earlier_documents(path, reader)
                if documents and all(document.sha256 == file.sha256 for document in documents):
                    return file, documents
            return file, reader.read(file, copy.file)

    def _earlier_documents(self, path: str, reader: DocumentReader) -> list[Document]:
        documents = self._earlier.documents_in(path) if self._earlier else []
        return [reader.apply_rules(document, path) for document in documents]

    def _split(self, file: FileState, documents: list[Document]) -> _SplitFile:
        return _SplitFile(file, [(document, self._splitter.split(document)) for document in documents])

    def _commit(self, batch: list[_SplitFile], plan: SyncPlan, report: SyncReport, listener: SyncListener) -> None:
        if not batch:
            return
        passages = [passage for item in batch for passage in item.passages]
        vectors = embed_passages(passages, self._encoder, self._catalog, listener.embedded)
        self._catalog.put(
            FileVersion(
                item.file,
                [
                    (d, [(p, key, vectors[key]) for p in passages for key in [encoded_hash(p)]])
                    for d, passages in item.documents
                ],
            )
            for item in batch
        )
        for item in batch:
            path, count = item.file.path, len(item.passages)
            if path not in report.failed:
                (report.changed if path in plan.changed else report.added).append(path)
            report.passages += count
            if path in plan.files:
                listener.done(path, count)
