"""What the index holds, read from the catalog of the moment."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from indexes.storage.catalog import Catalog
from indexes.types import Passage, Scope
from rag.evidence.wording.language_id import identify_language

_SAMPLE, _CHARS = 64, 2000
"""Documents whose beginnings are read for their language, and characters of each."""
_SHARE = 0.1
"""A language of fewer of the documents is none of the collection's: a quotation, or a mistake."""

_ALIKE = 50
"""Documents, at most, that have a name in path or title, among which those of that name are looked for."""


class CatalogLibrary:
    """See ``Library``. ``catalog`` returns the current catalog."""

    def __init__(self, catalog: Callable[[], Catalog]) -> None:
        self._catalog = catalog
        self._languages = lru_cache(maxsize=100)(_languages_of)

    def languages(self, scope: Scope) -> frozenset[str]:
        """See ``Library``. The answer is kept until the index changes."""
        catalog = self._catalog()
        return self._languages(catalog, catalog.revision, scope)

    def documents(self, scope: Scope, *, limit: int) -> tuple[list[str], int]:
        """See ``Library``."""
        listed, total = self._catalog().library_rows.page(scope, limit=limit)
        return [document.path for document in listed], total

    def named(self, name: str, scope: Scope) -> list[str]:
        """See ``Library``."""
        listed, _ = self._catalog().library_rows.page(scope, name, limit=_ALIKE)
        ending = f"/{name.strip('/')}".casefold()
        return [document.path for document in listed if f"/{document.path}".casefold().endswith(ending)]

    def beginning(self, path: str, scope: Scope, *, limit: int) -> list[Passage]:
        """See ``Library``."""
        catalog, within = self._catalog(), replace(scope, filters=replace(scope.filters, paths=(path,)))
        listed, _ = catalog.library_rows.page(within, limit=1)
        rows = catalog.search_rows.first_of_documents([document.id for document in listed], within, most=limit)
        return [row.passage for row in rows]


def _languages_of(catalog: Catalog, revision: int, scope: Scope) -> frozenset[str]:  # noqa: ARG001 - it is the cache's key
    beginnings = catalog.library_rows.beginnings(scope, documents=_SAMPLE, characters=_CHARS)
    found = Counter(filter(None, map(identify_language, beginnings)))
    return frozenset(language for language, count in found.items() if count >= _SHARE * found.total())
