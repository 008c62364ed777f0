"""What the index holds, as whoever asks may know it."""

from pathlib import Path

from fakes.documents import document, put
from indexes.storage.catalog import Catalog
from indexes.types import Audience, Filters, Scope
from rag.engine.library import CatalogLibrary

ENGLISH = "The gate is shut at nine, and who comes later has to ring for the porter."
GERMAN = "Das Tor wird um neun geschlossen, und wer später kommt, muss nach dem Pförtner läuten."
HR = Scope(Audience(frozenset({"hr"})))


def library_of(tmp_path: Path) -> tuple[Catalog, CatalogLibrary]:
    catalog = Catalog.create(tmp_path / "catalog.sqlite3")
    return catalog, CatalogLibrary(lambda: catalog)


def test_the_languages_are_those_of_the_documents_that_one_may_read(tmp_path: Path) -> None:
    catalog, library = library_of(tmp_path)
    put(catalog, document(ENGLISH, "gate.txt"))
    put(catalog, document(GERMAN, "tor.txt", readers=("hr",)))
    assert library.languages(Scope()) == {"en"}
    assert library.languages(HR) == {"en", "de"}
    assert library.languages(Scope(HR.audience, Filters(paths=("tor.txt",)))) == {"de"}


def test_the_languages_are_told_anew_when_the_index_changes(tmp_path: Path) -> None:
    catalog, library = library_of(tmp_path)
    assert library.languages(Scope()) == set()
    put(catalog, document(GERMAN, "tor.txt"))
    assert library.languages(Scope()) == {"de"}


def test_a_stray_document_makes_no_language_of_the_collection(tmp_path: Path) -> None:
    catalog, library = library_of(tmp_path)
    for number in range(12):
        put(catalog, document(f"{ENGLISH} ({number})", f"gate-{number}.txt"))
    put(catalog, document(GERMAN, "tor.txt"))
    assert library.languages(Scope()) == {"en"}
