"""Verifies that folder, catalog and Chroma agree."""

from pathlib import Path

from indexes.errors import FolderError
from indexes.ingest.changes import plan_changes
from indexes.storage.catalog import Catalog
from indexes.vectors.index import ChromaVectors


def verify(catalog: Catalog, vectors: ChromaVectors, uploads: Path | None = None) -> list[str]:
    """Return a sentence for each difference, and none if all agree. Changes nothing."""
    try:
        plan = plan_changes(catalog.roots, catalog.files(), uploads=uploads)
    except FolderError as error:
        faults = [str(error)]
    else:
        differences = (("not indexed yet", plan.added), ("changed since", plan.changed), ("gone", plan.removed))
        faults = [f"{path}: {what}, run `footnote index` again" for what, paths in differences for path in paths]
        faults += [f"{path}: {reason}" for path, reason in plan.closed.items()]
    return [*faults, *catalog.faults(), *vectors.faults()]
