"""Makes the index equal to a folder: plan, read, split, embed, commit; document by document, resumable at any point."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexes.access import AccessRule, readers_of
from indexes.catalog import Catalog, FileState
from indexes.errors import (
    EncoderMismatchError,
    ReadError,
)
from indexes.files import Copy, copied
from indexes.planning import Plan, guard, make_plan
from indexes.protocols import Encoder, Splitter
from indexes.reading.formats import media_type
from indexes.reading.sandbox import ReadingLimits, Sandbox
from indexes.types import Document, Passage
from indexes.vectors import ChromaVectors

_FLUSH_PASSAGES = 128
"""Embedded at once: enough to fill batches of like length, few enough to lose little at a kill."""


@dataclass(slots=True)
class Report:
    """What a sync did."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """Of the added and the removed, those that are one file: new path, old path."""
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    """What could not be read of files that otherwise were."""
    passages: int = 0
    seconds: float = 0.0


class Listener:
    """Hears how far a sync is; every method may be left as it is."""

    def planned(self, plan: Plan) -> None: ...
    def embedded(self, passages: int) -> None: ...
    def done(self, path: str, passages: int) -> None: ...
    def publishing(self, passages: int) -> None: ...
    def published(self, passages: int) -> None: ...


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read and split, and waits for its vectors."""

    document: Document
    file: FileState
    passages: list[Passage]
    new: bool


class Sync:
    """Brings one index up to folders of documents. Holds the writer's lock while it works."""

    def __init__(
        self,
        catalog: Catalog,
        vectors: ChromaVectors,
        encoder: Encoder,
        splitter: Splitter,
        limits: ReadingLimits,
        rules: Sequence[AccessRule] = (),
    ) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._encoder = encoder
        self._splitter = splitter
        self._limits = limits
        self._rules = rules

    def run(self, roots: Sequence[Path], listener: Listener, *, allow_delete: bool = False) -> Report:
        """Raises ``FolderError``, ``DeletionGuardError`` or ``EncoderMismatchError`` before anything is changed."""
        began = time.perf_counter()
        check_encoder(self._catalog, self._encoder.name)
        plan = self.plan(roots)
        place = json.dumps(sorted(str(root.resolve()) for root in roots))
        if not allow_delete:
            guard(plan, elsewhere=self._catalog.get("roots") not in (None, place))
        listener.planned(plan)
        report = Report(unchanged=list(plan.unchanged), renamed=plan.renamed, skipped=list(plan.skipped))
        report.failed |= plan.closed
        self._catalog.set("encoder", self._encoder.name)
        self._catalog.set("roots", place)
        if self._catalog.get("splitter") is None:
            self._catalog.set("splitter", self._splitter.version)
        self._admit()
        self._apply(plan, report, listener)
        self._catalog.set("splitter", self._splitter.version)
        if pending := self._vectors.pending():
            listener.publishing(pending)
            self._vectors.publish(listener.published)
        report.seconds = time.perf_counter() - began
        return report

    def plan(self, roots: Sequence[Path]) -> Plan:
        """What ``run`` would do. Changes nothing; raises ``FolderError``."""
        return make_plan(roots, self._catalog.files(), anew=self._splits_otherwise())

    def _splits_otherwise(self) -> bool:
        """Whether the index was split in another way, so that every file must be read again; likewise after a kill."""
        return self._catalog.get("splitter") not in (None, self._splitter.version)

    def _admit(self) -> None:
        """Rules that changed hold from here on, also for files that did not: nothing is embedded for it."""
        now = self._catalog.readers()
        wanted = {path: frozenset(readers_of(path, self._rules)) for path in now}
        if changed := {path: readers for path, readers in wanted.items() if readers != now[path]}:
            self._catalog.set_readers(changed)

    def _apply(self, plan: Plan, report: Report, listener: Listener) -> None:
        waiting: list[_Read] = []
        for read in self._read(plan, report, listener):
            waiting.append(read)
            if sum(len(item.passages) for item in waiting) >= _FLUSH_PASSAGES:
                self._commit(waiting, report, listener)
                waiting.clear()
        self._commit(waiting, report, listener)
        for path in plan.removed:  # last, so that a file that was moved finds its vectors
            self._catalog.remove(path)
            report.removed.append(path)

    def _read(self, plan: Plan, report: Report, listener: Listener) -> Iterator[_Read]:
        known = {} if self._splits_otherwise() else self._catalog.files()
        with Sandbox(self._limits) as sandbox:
            for path in (*plan.added, *plan.changed):
                try:
                    with copied(path, plan.files[path], self._limits) as copy:
                        same = path in known and known[path].sha256 == copy.state.sha256
                        read = None if same else self._document(copy, sandbox, report, new=path in plan.added)
                    if read:
                        yield read
                    else:
                        self._catalog.touch(copy.state)
                        report.unchanged.append(path)
                        listener.done(path, 0)
                except (ReadError, OSError) as error:
                    report.failed[path] = _reason(error)
                    listener.done(path, 0)

    def _document(self, copy: Copy, sandbox: Sandbox, report: Report, *, new: bool) -> _Read:
        file, extraction = copy.state, sandbox.read(copy.file)
        document = Document(
            id=hashlib.sha256(file.path.encode()).hexdigest()[:16],
            path=file.path,
            title=extraction.title,
            media_type=media_type(file.path),
            sha256=file.sha256,
            text=extraction.text,
            sections=extraction.sections,
            readers=readers_of(file.path, self._rules),
        )
        if extraction.notes:
            report.notes[file.path] = "; ".join(extraction.notes)
        return _Read(document, file, self._splitter.split(document), new)

    def _commit(self, reads: list[_Read], report: Report, listener: Listener) -> None:
        texts = {encoded_hash(p): encoder_text(p) for read in reads for p in read.passages}
        vectors = self._catalog.known_vectors(texts)
        missing = [key for key in texts if key not in vectors]
        for start in range(0, len(missing), _FLUSH_PASSAGES):
            keys = missing[start : start + _FLUSH_PASSAGES]
            made = self._encoder.encode([texts[key] for key in keys])
            vectors |= {key: row.tobytes() for key, row in zip(keys, made, strict=True)}
            listener.embedded(len(keys))
        for read in reads:
            rows = [(p, key, vectors[key]) for p in read.passages for key in [encoded_hash(p)]]
            self._catalog.put(read.document, read.file, rows)
            (report.added if read.new else report.changed).append(read.document.path)
            report.passages += len(rows)
            listener.done(read.document.path, len(rows))


def _reason(error: ReadError | OSError) -> str:
    return f"cannot be opened: {error.strerror}" if isinstance(error, OSError) else str(error)


def encoder_text(passage: Passage) -> str:
    """What is embedded: the passage with what a reader must know first."""
    return f"{passage.context}\n{passage.text}"


def encoded_hash(passage: Passage) -> str:
    return hashlib.sha256(encoder_text(passage).encode()).hexdigest()


def check_encoder(catalog: Catalog, name: str) -> None:
    """Raises ``EncoderMismatchError`` where the index was made by another model: its vectors cannot be compared."""
    made_by = catalog.get("encoder")
    if made_by not in (None, name):
        raise EncoderMismatchError(
            f"This index was made by the embedding model {made_by!r}, and {name!r} is configured. Set embedding.model "
            f"to {made_by!r}, or index into another folder with --index DIR."
        )
