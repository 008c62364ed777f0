"""The snapshot that the catalog names: opened once, left alone where it failed, and made known."""

import json
import logging
import threading
import time
from dataclasses import asdict, dataclass
from math import inf

from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog
from indexes.vectors.snapshots import OpenSnapshot, Snapshot, SnapshotError, SnapshotStore

_log = logging.getLogger(__name__)
_KEY = "vectors"
_PAUSE_S = 30.0
"""A place that did not answer is left alone for so long, or every question would wait for it."""

Failure = SnapshotError | ChromaUnavailableError


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """The snapshot that answers, and the name of the one before, which readers may have open."""

    snapshot: Snapshot
    before: str | None

    @property
    def names(self) -> set[str]:
        return {self.snapshot.name, *([self.before] if self.before else [])}


class CurrentSnapshot:
    """Safe to use from many threads."""

    def __init__(self, store: SnapshotStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._lock = threading.RLock()
        self._opened: OpenSnapshot | None = None
        self._whole: Snapshot | None = None
        self._lost: dict[str, SnapshotError] = {}
        """By name, for good: Chroma, asked again for a snapshot that it could not read, fails in other ways."""
        self._silence: ChromaUnavailableError | None = None
        self._silent_until = 0.0
        self._said = ""

    @property
    def state(self) -> str | None:
        """Changes with the record."""
        return self._catalog.get(_KEY)

    def read(self) -> SnapshotRecord | None:
        """None where no snapshot was made yet."""
        stored = self.state
        if stored is None:
            return None
        values = json.loads(stored)
        return SnapshotRecord(Snapshot(**values["snapshot"]), values["before"])

    def follow(self, snapshot: Snapshot) -> SnapshotRecord:
        """From now on this snapshot answers."""
        last = self.read()
        kept = last.snapshot.name if last and last.snapshot.name not in self._lost else None
        record = SnapshotRecord(snapshot, kept)
        self._catalog.set(_KEY, json.dumps(asdict(record)))
        return record

    def open(self, *, aloud: bool = True) -> OpenSnapshot | None:
        """None where there is no snapshot, or it cannot be used: ``trouble`` says why, and ``aloud`` a warning."""
        with self._lock:
            record = self.read()
            if record is None or record.snapshot.name in self._lost or time.monotonic() < self._silent_until:
                return None
            if self._opened is None or self._opened.snapshot != record.snapshot:
                try:
                    self._opened = self._open(record.snapshot)
                except (SnapshotError, ChromaUnavailableError) as error:
                    self._leave(record.snapshot, error)
                    if aloud:
                        self.warn(error)
                    return None
                self._silence, self._said = None, ""
            return self._opened

    def checked(self) -> Snapshot | None:
        """The snapshot, where it is whole; it is not opened for that. None as of ``open``."""
        with self._lock:
            record = self.read()
            if record is None or record.snapshot.name in self._lost or time.monotonic() < self._silent_until:
                return None
            if record.snapshot == self._whole:
                return self._whole
            try:
                self._right_place(record.snapshot)
                self._store.check(record.snapshot)
            except (SnapshotError, ChromaUnavailableError) as error:
                self._leave(record.snapshot, error)
                if self._silence:
                    self.warn(error)
                return None
            self._whole = record.snapshot
            return record.snapshot

    def lost(self) -> str | None:
        """Why the snapshot must be made anew, as far as was seen until now."""
        record = self.read()
        lost = self._lost.get(record.snapshot.name) if record else None
        return str(lost) if lost else None

    @property
    def retry_at(self) -> float:
        """When a place that did not answer is asked again, on the monotonic clock."""
        return self._silent_until if self._silence else inf

    def damaged(self) -> str | None:
        """Why it must be made anew, which its caller says; None where it is well, or was never made.

        None too where its place only does not answer: of that it warns.
        """
        self.open(aloud=False)
        if self._silence:
            self.warn(self._silence)
        return self.lost()

    def trouble(self) -> str:
        """Why ``open`` gave none."""
        if self._silence:
            return f"Chroma cannot be compared with the catalog, which answers alone: {self._silence}"
        why = self.damaged() or "there is none yet"
        return f"the Chroma snapshot is missing or damaged ({why}): `footnote rebuild` makes it anew"

    def distrust(self, snapshot: Snapshot, error: Failure) -> None:
        """Of a snapshot that failed; said once, however many searches meet it."""
        with self._lock:
            self._leave(snapshot, error)
            self.warn(error)

    def warn(self, error: Exception) -> None:
        if str(error) != self._said:
            self._said = str(error)
            _log.warning("Searching without Chroma, by the catalog alone: %s", error)

    def close(self) -> None:
        with self._lock:
            self._opened = None

    def _leave(self, snapshot: Snapshot, error: Failure) -> None:
        if isinstance(error, SnapshotError):
            self._lost.setdefault(snapshot.name, error)
        else:
            self._silence, self._silent_until = error, time.monotonic() + _PAUSE_S
        if self._opened and self._opened.snapshot == snapshot:
            self._opened = None
        self._whole = None

    def _open(self, snapshot: Snapshot) -> OpenSnapshot:
        self._right_place(snapshot)
        return self._store.open(snapshot)

    def _right_place(self, snapshot: Snapshot) -> None:
        if snapshot.place != self._store.place:
            raise SnapshotError(f"the vectors are in Chroma at {snapshot.place}, and not yet at {self._store.place}")
