"""What an index answers, against what it may: run in a process of its own, which a broken store may crash."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np

from fakes.encoder import WordsEncoder
from indexes.errors import IndexMissingError
from indexes.ingest.embedding import encoder_text
from indexes.search.retrievers import DenseRetriever, LexicalRetriever
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file, chroma_folder, model_of
from indexes.types import Query
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors
from torture.documents import Version
from torture.writer import encoder_of

_ALIKE = 1e-4
"""Cosines that differ by less are equal: Chroma computes them otherwise."""
_ASKED, _NEAREST = 12, 20
_EVERYTHING = 10_000


Versions = Mapping[str, Sequence[Version | None]]
"""By path those that may answer, None where it may be none."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What may answer, by the embedding model of the generation that answers; None before the first one."""

    versions: Mapping[str | None, Versions]
    words: Sequence[str]
    """Of documents that are, and that were."""
    published: bool
    """Whether Chroma once had a snapshot: from then on it always has one."""


@dataclass(frozen=True, slots=True)
class Held:
    """What an index was found to hold."""

    versions: Mapping[str, Version] = field(default_factory=dict)
    model: str | None = None
    published: bool = False
    beside: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of other generations, by model: the keys of the texts that were embedded."""


def examine(index: Path, expected: Expected, random: Random) -> tuple[Held, list[str]]:
    """What the index holds, and a sentence for each way in which it lost something or lies."""
    generation = Generations(index).current
    try:
        catalog = Catalog(catalog_file(generation))
    except IndexMissingError:
        return Held(), list(_not_as_expected({}, expected.versions.get(None, {})))
    with closing(catalog), closing(ChromaVectors(EmbeddedChroma(chroma_folder(generation)), catalog)) as vectors:
        faults = [*catalog.faults(), *vectors.faults()]
        missing = [fault for fault in faults if "missing or damaged" in fault]
        files = {path: file.sha256 for path, file in catalog.files().items()}
        model = catalog.get("encoder")
        allowed = expected.versions.get(model, {})
        held = Held(_allowed(files, allowed), model, not missing, dict(_beside(index, generation)))
        if not expected.published:
            faults = [fault for fault in faults if fault not in missing]
        if model not in expected.versions:
            return held, [*faults, f"{model} answers, not one of {[*expected.versions]}"]
        faults += _not_as_expected(files, allowed)
        if model and not faults:
            encoder = encoder_of(model)
            faults += _stored_otherwise(catalog_file(generation), held, encoder)
            faults += _found_by_words(catalog, held, expected.words)
            faults += _found_by_vectors(DenseRetriever(catalog, vectors, encoder), held, encoder, random)
    return held, faults


def _beside(index: Path, current: Path) -> Iterator[tuple[str, frozenset[str]]]:
    for file in (catalog_file(index), *index.glob("generations/*/catalog.sqlite3")):
        if file.parent != current and (model := model_of(file.parent)):
            with closing(sqlite3.connect(file)) as db:
                yield model, frozenset(key for (key,) in db.execute("SELECT encoded FROM passages"))


def _allowed(files: Mapping[str, str], expected: Versions) -> dict[str, Version]:
    return {
        path: version
        for path, versions in expected.items()
        for version in versions
        if version and version.sha256 == files.get(path)
    }


def _not_as_expected(files: Mapping[str, str], expected: Versions) -> Iterator[str]:
    for path in sorted({*files, *expected}):
        allowed = [version and version.sha256 for version in expected.get(path, [None])]
        if files.get(path) not in allowed:
            yield f"{path}: {files.get(path)} answers, not one of {allowed}"


def _stored_otherwise(file: Path, held: Held, encoder: WordsEncoder) -> Iterator[str]:
    """Read by SQL, so that the catalog's own code cannot hide what is wrong."""
    rows: dict[str, list[tuple[str, str, int, int, bytes]]] = {}
    with closing(sqlite3.connect(file)) as db:
        texts = dict(db.execute("SELECT path, text FROM documents"))
        query = (
            "SELECT d.path, p.context, p.text, p.locator, v.vector"
            " FROM passages p LEFT JOIN documents d ON d.id = p.document_id"
            " JOIN vectors v ON v.encoded = p.encoded ORDER BY p.row"
        )
        for path, context, text, locator, vector in db.execute(query):
            place = json.loads(locator)
            rows.setdefault(path, []).append((context, text, place["char_start"], place["char_end"], vector))
    if rows.keys() - held.versions.keys():
        yield f"passages of no document: {rows.keys() - held.versions.keys()}"
    for path, version in held.versions.items():
        vectors = encoder.encode([encoder_text(passage) for passage in version.passages])
        wanted = [
            (p.context, p.text, p.locator.char_start, p.locator.char_end, vector.tobytes())
            for p, vector in zip(version.passages, vectors, strict=True)
        ]
        if texts[path] != version.text or rows.get(path, []) != wanted:
            yield f"{path}: its text or its passages are not those of {version.sha256}"


def _found_by_words(catalog: Catalog, held: Held, words: Sequence[str]) -> Iterator[str]:
    retriever = LexicalRetriever(catalog)
    passages = [passage for version in held.versions.values() for passage in version.passages]
    for word in words:
        hits = retriever.retrieve(Query(word), limit=_EVERYTHING)
        found = Counter((hit.passage.path, hit.passage.text) for hit in hits)
        wanted = Counter((p.path, p.text) for p in passages if word in f"{p.context} {p.text}")
        if found != wanted:
            yield f"{word}: found too often {found - wanted}, not found {wanted - found}"


def _found_by_vectors(retriever: DenseRetriever, held: Held, encoder: WordsEncoder, random: Random) -> Iterator[str]:
    """The nearest are those that a comparison with all of them finds; equally near ones may stand for each other."""
    passages = [passage for version in held.versions.values() for passage in version.passages]
    if not passages:
        return
    matrix = encoder.encode([encoder_text(passage) for passage in passages])
    for asked in random.sample(passages, min(_ASKED, len(passages))):
        hits = retriever.retrieve(Query(encoder_text(asked)), limit=_NEAREST)
        cosines = matrix @ encoder.encode([encoder_text(asked)])[0]
        near = sorted(cosines.tolist(), reverse=True)[:_NEAREST]
        found = Counter((hit.passage.path, hit.passage.text) for hit in hits)
        least = near[-1] + _ALIKE
        surely = Counter((p.path, p.text) for p, cosine in zip(passages, cosines, strict=True) if cosine > least)
        if surely - found:
            yield f"{asked.path}: {len(surely - found)} of its passages' nearest are not found"
        if not np.allclose([hit.score for hit in hits], near, atol=_ALIKE):
            yield f"{asked.path}: the nearest are not those that are nearest"
