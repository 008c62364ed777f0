"""Compares folder, catalog and Chroma, and says what differs."""

from pathlib import Path

from indexes.errors import FolderError
from indexes.ingest.changes import plan_changes
from indexes.storage.catalog import Catalog
from indexes.vectors.index import ChromaVectors


def verify(catalog: Catalog, vectors: ChromaVectors, uploads: Path | None = None) -> list[str]:
    """A sentence for each difference; none where all is as it should be. Changes nothing."""
    return [*_folder_faults(catalog, uploads), *catalog.faults(), *vectors.faults()]


def _folder_faults(catalog: Catalog, uploads: Path | None) -> list[str]:
    roots = catalog.roots
    try:
        plan = plan_changes(roots, catalog.files(), uploads=uploads)
    except FolderError as error:
        return [str(error)]
    differences = (("not indexed yet", plan.added), ("changed since", plan.changed), ("gone", plan.removed))
    found = [f"{path}: {what}, run `footnote index` again" for what, paths in differences for path in paths]
    return [*found, *(f"{path}: {reason}" for path, reason in plan.closed.items())]
