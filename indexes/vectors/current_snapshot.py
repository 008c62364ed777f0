"""The snapshot that the catalog records as current: opened once, and not used again after it failed."""

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
"""Seconds before a store that did not answer is tried again, or every question would wait for it."""

Failure = SnapshotError | ChromaUnavailableError


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """The current snapshot, and the name of the one before, which readers may still have open."""

    snapshot: Snapshot
    before: str | None

    @property
    def names(self) -> set[str]:
        """The names of the snapshots to keep."""
        return {self.snapshot.name, *([self.before] if self.before else [])}


class CurrentSnapshot:
    """Opens and replaces the current snapshot of a store. Safe to use from many threads."""

    def __init__(self, store: SnapshotStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._lock = threading.RLock()
        self._opened: OpenSnapshot | None = None
        self._intact: Snapshot | None = None
        self._lost: dict[str, SnapshotError] = {}
        """By name, for good: a second attempt to open a damaged snapshot makes Chroma fail in other ways."""
        self._outage: ChromaUnavailableError | None = None
        self._outage_until = 0.0
        self._warning = ""

    @property
    def state(self) -> str | None:
        """The stored record: it changes when another snapshot becomes current."""
        return self._catalog.get(_KEY)

    def read(self) -> SnapshotRecord | None:
        """The record in the catalog; None if no snapshot was made yet."""
        stored = self.state
        if stored is None:
            return None
        values = json.loads(stored)
        return SnapshotRecord(Snapshot(**values["snapshot"]), values["before"])

    def replace(self, snapshot: Snapshot) -> SnapshotRecord:
        """Make this snapshot the current one."""
        last = self.read()
        before = last.snapshot.name if last and last.snapshot.name not in self._lost else None
        record = SnapshotRecord(snapshot, before)
        self._catalog.set(_KEY, json.dumps(asdict(record)))
        return record

    def open(self, *, warn: bool = True) -> OpenSnapshot | None:
        """The snapshot; None if there is none, or it cannot be used: ``trouble`` says why, ``warn`` logs it."""
        with self._lock:
            snapshot = self._usable()
            if snapshot is None:
                return None
            if self._opened is None or self._opened.snapshot != snapshot:
                try:
                    self._check_place(snapshot)
                    self._opened = self._store.open(snapshot)
                except (SnapshotError, ChromaUnavailableError) as error:
                    self._set_aside(snapshot, error)
                    if warn:
                        self.warn(error)
                    return None
                self._outage, self._warning = None, ""
            return self._opened

    def checked(self) -> Snapshot | None:
        """The snapshot, if it is whole. It is not opened for that; None as for ``open``."""
        with self._lock:
            snapshot = self._usable()
            if snapshot is None or snapshot == self._intact:
                return snapshot
            try:
                self._check_place(snapshot)
                self._store.check(snapshot)
            except (SnapshotError, ChromaUnavailableError) as error:
                self._set_aside(snapshot, error)
                if self._outage:
                    self.warn(error)
                return None
            self._intact = snapshot
            return snapshot

    def lost(self) -> str | None:
        """Why the snapshot must be built anew, as far as it is known without opening it."""
        record = self.read()
        error = self._lost.get(record.snapshot.name) if record else None
        return str(error) if error else None

    @property
    def retry_at(self) -> float:
        """When a store that did not answer is tried again, on the monotonic clock."""
        return self._outage_until if self._outage else inf

    def damaged(self) -> str | None:
        """Why the snapshot must be built anew; None if it can be used, or was never made.

        None too if its store only does not answer for now: that is logged as a warning.
        """
        self.open(warn=False)
        if self._outage:
            self.warn(self._outage)
        return self.lost()

    def trouble(self) -> str:
        """Why ``open`` returned None."""
        if self._outage:
            return f"Chroma cannot be compared with the catalog, which answers alone: {self._outage}"
        reason = self.damaged() or "there is none yet"
        return f"the Chroma snapshot is missing or damaged ({reason}): `footnote rebuild` makes it anew"

    def distrust(self, snapshot: Snapshot, error: Failure) -> None:
        """Use a snapshot that failed no more, and log it once, however many searches meet it."""
        with self._lock:
            self._set_aside(snapshot, error)
            self.warn(error)

    def warn(self, error: Exception) -> None:
        """Log that the catalog answers alone, unless that was the last warning."""
        if str(error) != self._warning:
            self._warning = str(error)
            _log.warning("Searching without Chroma, by the catalog alone: %s", error)

    def close(self) -> None:
        """Drop the open snapshot."""
        with self._lock:
            self._opened = None

    def _usable(self) -> Snapshot | None:
        """The current snapshot, unless it is lost or its store does not answer for now."""
        record = self.read()
        if record is None or record.snapshot.name in self._lost or time.monotonic() < self._outage_until:
            return None
        return record.snapshot

    def _set_aside(self, snapshot: Snapshot, error: Failure) -> None:
        if isinstance(error, SnapshotError):
            self._lost.setdefault(snapshot.name, error)
        else:
            self._outage, self._outage_until = error, time.monotonic() + _PAUSE_S
        if self._opened and self._opened.snapshot == snapshot:
            self._opened = None
        self._intact = None

    def _check_place(self, snapshot: Snapshot) -> None:
        if snapshot.place != self._store.place:
            raise SnapshotError(f"the vectors are in Chroma at {snapshot.place}, and not yet at {self._store.place}")
