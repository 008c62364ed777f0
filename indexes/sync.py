"""Makes the index equal to a folder: plan, read, split, embed, commit; document by document, resumable at any point."""

import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import filelock

from indexes.catalog import Catalog, FileState
from indexes.errors import (
    DeletionGuardError,
    EncoderMismatchError,
    FolderError,
    IndexLockedError,
    IndexUnreadableError,
    ReadError,
)
from indexes.protocols import Encoder, Splitter
from indexes.reading.formats import SUFFIXES, media_type
from indexes.reading.sandbox import ReadingLimits, Sandbox
from indexes.types import Document, Passage
from indexes.vectors import ChromaVectors

_FLUSH_PASSAGES = 128
"""Embedded at once: enough to fill batches of like length, few enough to lose little at a kill."""
_GUARD_SHARE, _GUARD_COUNT = 0.3, 10
"""A removal of more than both needs leave."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a folder holds against what the catalog holds: paths, and where to read them."""

    files: dict[str, Path]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: tuple[str, ...]
    """Files that are not read: other formats, links that lead out, pipes."""


@dataclass(slots=True)
class Report:
    """What a sync did."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    """What could not be read of files that otherwise were."""
    passages: int = 0
    seconds: float = 0.0


class Listener:
    """Hears how far a sync is; every method may be left as it is."""

    def planned(self, plan: Plan) -> None: ...
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
        self, catalog: Catalog, vectors: ChromaVectors, encoder: Encoder, splitter: Splitter, limits: ReadingLimits
    ) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._encoder = encoder
        self._splitter = splitter
        self._limits = limits

    def run(self, roots: Sequence[Path], listener: Listener, *, allow_delete: bool = False) -> Report:
        """Raises ``FolderError``, ``DeletionGuardError`` or ``EncoderMismatchError`` before anything is changed."""
        began = time.perf_counter()
        check_encoder(self._catalog, self._encoder.name)
        plan = make_plan(roots, self._catalog)
        place = json.dumps(sorted(str(root.resolve()) for root in roots))
        if not allow_delete:
            _guard(plan, elsewhere=self._catalog.get("roots") not in (None, place))
        listener.planned(plan)
        report = Report(unchanged=list(plan.unchanged), skipped=list(plan.skipped))
        self._catalog.set("encoder", self._encoder.name)
        self._catalog.set("roots", place)
        self._apply(plan, report, listener)
        if pending := self._vectors.pending():
            listener.publishing(pending)
            self._vectors.publish(listener.published)
        report.seconds = time.perf_counter() - began
        return report

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
        known = self._catalog.files()
        with Sandbox(self._limits) as sandbox:
            for path in (*plan.added, *plan.changed):
                try:
                    file = state(path, plan.files[path])
                    if path in known and known[path].sha256 == file.sha256:
                        self._catalog.touch(file)
                        report.unchanged.append(path)
                        listener.done(path, 0)
                    else:
                        yield self._document(file, plan.files[path], sandbox, report, new=path not in known)
                except (ReadError, OSError) as error:
                    report.failed[path] = _reason(error)
                    listener.done(path, 0)

    def _document(self, file: FileState, source: Path, sandbox: Sandbox, report: Report, *, new: bool) -> _Read:
        extraction = sandbox.read(source)
        document = Document(
            id=hashlib.sha256(file.path.encode()).hexdigest()[:16],
            path=file.path,
            title=extraction.title,
            media_type=media_type(file.path),
            sha256=file.sha256,
            text=extraction.text,
            sections=extraction.sections,
        )
        if extraction.notes:
            report.notes[file.path] = "; ".join(extraction.notes)
        return _Read(document, file, self._splitter.split(document), new)

    def _commit(self, reads: list[_Read], report: Report, listener: Listener) -> None:
        texts = {encoded_hash(p): encoder_text(p) for read in reads for p in read.passages}
        vectors = self._catalog.known_vectors(texts)
        missing = [key for key in texts if key not in vectors]
        if missing:
            made = self._encoder.encode([texts[key] for key in missing])
            vectors |= {key: row.tobytes() for key, row in zip(missing, made, strict=True)}
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


def state(path: str, file: Path) -> FileState:
    """What tells this version of a file from another."""
    before = file.stat()
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return FileState(path, digest, before.st_size, before.st_mtime_ns)


def make_plan(roots: Sequence[Path], catalog: Catalog) -> Plan:
    """Raises ``FolderError`` where a root is not there, or nothing in any of them can be read."""
    files, skipped = scan(roots)
    before = catalog.files()
    unchanged = {path for path, file in files.items() if path in before and _same(before[path], file)}
    return Plan(
        files,
        added=tuple(path for path in files if path not in before),
        changed=tuple(path for path in files if path in before and path not in unchanged),
        unchanged=tuple(path for path in files if path in unchanged),
        removed=tuple(sorted(before.keys() - files.keys())),
        skipped=tuple(skipped),
    )


def scan(roots: Sequence[Path]) -> tuple[dict[str, Path], list[str]]:
    """Files to index by their paths in the index, sorted, and the paths of those that are not read.

    One folder's files are named from it; those of several have each folder's own name before them. Other formats are
    not read, nor links that lead out of their root or nowhere, nor pipes and devices; hidden files are not looked at.
    Raises ``FolderError`` where a root is not there, or nothing in any of them can be read.
    """
    files: dict[str, Path] = {}
    skipped: list[str] = []
    for root in roots:
        prefix = PurePosixPath(root.resolve().name if len(roots) > 1 and root.is_dir() else "")
        for file in _walk(root):
            path = _printable(str(prefix / file.relative_to(root if root.is_dir() else root.parent).as_posix()))
            if file.suffix.lower() not in SUFFIXES or not _inside(file, root):
                skipped.append(path)
            elif path in files:
                raise FolderError(f"Two of the folders have a file {path}: rename one folder, or index them apart.")
            else:
                files[path] = file
    if not files:
        known = ", ".join(sorted(SUFFIXES))
        raise FolderError(f"Nothing to index in {', '.join(map(str, roots))}: no file ends in {known}.")
    return dict(sorted(files.items())), sorted(skipped)


def _printable(path: str) -> str:
    """A name may be any bytes; neither SQLite nor a terminal takes those that are not UTF-8."""
    return path.encode(errors="surrogateescape").decode(errors="replace")


def _walk(root: Path) -> Iterator[Path]:
    if not root.exists():
        raise FolderError(f"There is no folder {root}.")
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder, name)


def _inside(file: Path, root: Path) -> bool:
    """Whether it is a regular file, and not a link that leads out of its root."""
    return file.is_file() and (not file.is_symlink() or root.is_file() or file.resolve().is_relative_to(root.resolve()))


def _refuse(error: OSError) -> None:
    """A folder that cannot be read must not look like one whose files are gone."""
    raise FolderError(f"The folder {error.filename} cannot be opened: {error.strerror}.") from error


def _same(before: FileState, file: Path) -> bool:
    now = file.stat()
    return (before.size, before.mtime_ns) == (now.st_size, now.st_mtime_ns)


def _guard(plan: Plan, *, elsewhere: bool) -> None:
    """Against a folder that was not mounted, a mistyped one, and one file given where its folder was meant."""
    before = len(plan.removed) + len(plan.changed) + len(plan.unchanged)
    if len(plan.removed) > max(_GUARD_COUNT, _GUARD_SHARE * before) or (elsewhere and plan.removed):
        other = " The index was made from another folder." if elsewhere else ""
        raise DeletionGuardError(
            f"{len(plan.removed)} of the index's {before} documents are not in what was given now, and would be "
            f"removed.{other} If that is meant, run it again with --allow-delete; else check the folder or --index."
        )


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """One writer an index. Raises ``IndexLockedError`` at once, naming the holder."""
    holder = folder / "writer.json"
    lock = filelock.FileLock(folder / "writer.lock", timeout=0.5)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise IndexLockedError(f"Another process is writing the index in {folder}: {_holder(holder)}.") from error
    except OSError as error:
        raise IndexUnreadableError(f"No index can be written in {folder}: {error.strerror}.") from error
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": time.ctime()}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(file: Path) -> str:
    try:
        held = json.loads(file.read_text())
    except (OSError, ValueError):
        return "it has only just begun"
    return f"process {held['pid']} on {held['host']}, since {held['since']}"
