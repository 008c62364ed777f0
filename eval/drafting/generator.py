"""Proposes gold questions from the documents of an index, by rule, for a person to accept."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import lru_cache
from itertools import islice, permutations
from typing import TypeVar

import numpy as np

from eval.drafting.table_cells import cell_question
from eval.drafting.templates import RULES, Proposal, proposals, with_title
from eval.types import GoldCase, GoldEvidence
from indexes.ingest.embedding import encoded_hash
from indexes.storage.catalog import Catalog
from indexes.text.tokenization import content_terms, stems, words
from indexes.types import Passage, Scope

KIND = "drafted"
TO_CHECK = "check"
"""The tag of a draft of which something could not be checked here."""
_BATCH = 5000
_MATCHES = 20
_UNANSWERABLE_SHARE = 5
"""One question of so many is to have no answer."""
_LOOKED_AT = 50
"""Passages looked at for each question wanted."""
_ELSEWHERE = 0.5
"""Share of a question's words that a document may have and yet not answer it."""
_Drafts = list[tuple[Passage, Proposal]]
_T = TypeVar("_T")


def draft_by_rule(catalog: Catalog, wanted: int, known: Sequence[str] = ()) -> list[GoldCase]:
    """As many as there are good ones, ``wanted`` at most; none that asks what ``known`` questions ask.

    The last of them have no answer in the documents, as far as can be told from the words.
    """
    seen = {normalise_question(question) for question in known}
    chosen = list(islice(_new(_spread(list(_proposed(catalog, wanted * _LOOKED_AT))), catalog, seen), wanted))
    none = {case.id: case for case in _unanswerable(chosen, catalog)}
    kept = without_known(none.values(), known)[: wanted // _UNANSWERABLE_SHARE]
    return [*(_case(passage, one) for passage, one in chosen[: wanted - len(kept)]), *kept]


def without_known(drafts: Iterable[GoldCase], known: Iterable[str]) -> list[GoldCase]:
    """Those that ask what no known question asks."""
    seen = {normalise_question(question) for question in known}
    return [case for case in drafts if normalise_question(case.question) not in seen]


def make_draft(question: str, answers: tuple[str, ...], evidence: tuple[GoldEvidence, ...], *tags: str) -> GoldCase:
    """Unanswerable without answers and evidence. The same question has the same id, whenever it is drafted."""
    name = f"d-{hashlib.sha256(normalise_question(question).encode()).hexdigest()[:8]}"
    answerable = bool(answers or evidence)
    return GoldCase(name, question, answers, evidence, answerable=answerable, kind=KIND, tags=tags)


def evidence_at(passage: Passage, start: int, end: int) -> GoldEvidence:
    """The passage's text at the span, and where it stands."""
    place = passage.locate(start, end)
    return GoldEvidence(
        passage.path, place.page, lines=(place.line_start, place.line_end), quote=passage.text[start:end]
    )


def normalise_question(question: str) -> str:
    """Equal for questions that read the same."""
    return " ".join(words(question))


def diverse_passages(catalog: Catalog) -> Iterator[Passage]:
    """Public passages: first the most usual of all, then each as unlike those before it as can be."""
    batches = list(catalog.visible_vectors(Scope(), batch=_BATCH))
    hashes = [name for names, _ in batches for name in names]
    if not hashes:
        return
    vectors = np.concatenate([rows for _, rows in batches])
    best = int(np.argmax(vectors @ vectors.mean(axis=0)))
    nearest = np.full(len(hashes), -1.0)
    for _ in hashes:
        yield catalog.search_rows.embedded_as([hashes[best]], Scope())[0].passage
        nearest = np.maximum(nearest, vectors @ vectors[best])
        nearest[best] = np.inf
        best = int(np.argmin(nearest))


def _proposed(catalog: Catalog, passages: int) -> Iterator[tuple[Passage, Proposal]]:
    document = lru_cache(maxsize=64)(catalog.document)
    for passage in islice(diverse_passages(catalog), passages):
        if (of := document(passage.document_id)) is not None:
            yield from ((passage, one) for one in proposals(passage, of))


def _new(found: _Drafts, catalog: Catalog, seen: Set[str]) -> Iterator[tuple[Passage, Proposal]]:
    """What was not asked before; of a sentence, one question."""
    known, told = set(seen), set[tuple[str, int]]()
    for passage, one in found:
        asked = replace(one, question=_unambiguous(one, passage, catalog))
        place = (passage.id, one.start)
        if normalise_question(asked.question) not in known and (one.rule == "table" or place not in told):
            known.add(normalise_question(asked.question))
            told.add(place)
            yield passage, asked


def _spread(found: _Drafts) -> _Drafts:
    """Every document's best before any one's second; of a document, every passage's before any one's second."""
    best = sorted(found, key=_rank)
    for of in (lambda draft: draft[0].id, lambda draft: draft[0].path):
        best = round_robin(best, of, _rank)
    return best


def round_robin(found: Iterable[_T], of: Callable[[_T], str], rank: Callable[[_T], int] = lambda _: 0) -> list[_T]:
    """The first of each kind, then the second of each, and so on; within a turn by rank, else as they came."""
    taken = Counter[str]()
    turns = list[tuple[int, _T]]()
    for one in found:
        taken[of(one)] += 1
        turns.append((taken[of(one)], one))
    return [one for _, one in sorted(turns, key=lambda turn: (turn[0], rank(turn[1])))]


def _rank(draft: tuple[Passage, Proposal]) -> int:
    return RULES.index(draft[1].rule)


def _case(passage: Passage, one: Proposal) -> GoldCase:
    return make_draft(one.question, (one.answer,), (evidence_at(passage, one.start, one.end),), one.rule)


def _unambiguous(one: Proposal, passage: Passage, catalog: Catalog) -> str:
    """It names its document where another one speaks of the same."""
    elsewhere = _speaking(catalog, f"{one.cell.key} {one.cell.column}") - {passage.path} if one.cell else ()
    return with_title(one.question, passage) if elsewhere else one.question


def _unanswerable(chosen: _Drafts, catalog: Catalog) -> Iterator[GoldCase]:
    """What is said of one thing is asked of another, near in meaning, of which no document says it."""
    for (passage, one), (_, its) in _pairs(chosen, catalog):
        if one.cell and its.cell and one.cell.key_column != its.cell.key_column:
            asked = replace(one.cell, column=its.cell.column)
            if not _speaking(catalog, f"{asked.key} {asked.column}"):
                yield make_draft(cell_question(asked), (), (), TO_CHECK)
        elif its.bare and not _speaks(catalog, passage.document_id, its.bare):
            yield make_draft(with_title(its.bare, passage), (), (), TO_CHECK)


def _pairs(chosen: _Drafts, catalog: Catalog) -> Iterator[_Drafts]:
    """Two of one rule each, those nearest in meaning first, and none twice as the first of them."""
    hashes = [encoded_hash(passage) for passage, _ in chosen]
    known = catalog.known_vectors(hashes)
    vectors = [np.frombuffer(known[name], np.float32) for name in hashes]
    near = sorted(
        (
            (-float(vectors[a] @ vectors[b]), a, b)
            for a, b in permutations(range(len(chosen)), 2)
            if chosen[a][1].rule == chosen[b][1].rule and chosen[a][0].id != chosen[b][0].id
        ),
    )
    yield from ([chosen[a], chosen[b]] for _, a, b in near)


def _speaking(catalog: Catalog, text: str) -> set[str]:
    """The documents of which a passage has all these words."""
    every = " AND ".join(f'"{term}"' for term in content_terms(text))
    found = catalog.search_rows.match(every, limit=_MATCHES, scope=Scope()) if every else ()
    return {entry.passage.path for entry in found}


def _speaks(catalog: Catalog, document_id: str, question: str) -> bool:
    document, wanted = catalog.document(document_id), set(stems(question))
    said = set(stems(document.text)) if document else set()
    return len(wanted & said) > _ELSEWHERE * len(wanted)
