"""A store of snapshots that never answers: the catalog answers alone."""

from collections.abc import Collection
from pathlib import Path

from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog
from indexes.vectors.snapshots import OpenSnapshot, Progress, Snapshot


class NoChroma:
    """See ``SnapshotStore``."""

    place = "nowhere"

    def __init__(self, *_: Path | Catalog) -> None:
        pass

    def check(self, snapshot: Snapshot) -> None:
        raise ChromaUnavailableError("there is none")

    def open(self, snapshot: Snapshot) -> OpenSnapshot:
        raise ChromaUnavailableError("there is none")

    def build(self, catalog: Catalog, base: Snapshot | None, progress: Progress) -> Snapshot:
        raise ChromaUnavailableError("there is none")

    def keep(self, names: Collection[str]) -> None:
        raise ChromaUnavailableError("there is none")
