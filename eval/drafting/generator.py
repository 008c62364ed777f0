"""Proposes gold questions from the documents of an index, by rule, for a person to accept."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
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
"""The tag of a draft that a person must check."""
_BATCH = 5000
_MATCHES = 20
_UNANSWERABLE_SHARE = 5
"""One question of so many has no answer."""
_PASSAGES_EACH = 50
"""Passages read for each question to draft."""
_ELSEWHERE = 0.5
"""Share of a question's words that a document may have without answering it."""
_Candidate = tuple[Passage, Proposal]
_T = TypeVar("_T")


def draft_by_rule(catalog: Catalog, limit: int, known: Sequence[str] = ()) -> list[GoldCase]:
    """Return at most ``limit`` drafts; none asks what a ``known`` question asks.

    The last ones have no answer in the documents, as far as their words tell. Every document's best question comes
    before any document's second, every passage's best before any passage's second.
    """
    document_of, candidates = lru_cache(maxsize=64)(catalog.document), list[_Candidate]()
    for passage in islice(diverse_passages(catalog), limit * _PASSAGES_EACH):
        if (document := document_of(passage.document_id)) is not None:
            candidates += [(passage, proposal) for proposal in proposals(passage, document)]
    candidates.sort(key=_rank)
    for group in (lambda candidate: candidate[0].id, lambda candidate: candidate[0].path):
        candidates = round_robin(candidates, group, _rank)
    chosen = list(islice(_distinct(candidates, catalog, known), limit))
    unanswerable = {case.id: case for case in _unanswerable(chosen, catalog)}
    last = without_known(unanswerable.values(), known)[: limit // _UNANSWERABLE_SHARE]
    first = [
        make_draft(p.question, (p.answer,), (evidence_at(passage, p.start, p.end),), p.rule)
        for passage, p in chosen[: limit - len(last)]
    ]
    return [*first, *last]


def without_known(drafts: Iterable[GoldCase], known: Iterable[str]) -> list[GoldCase]:
    """Return the drafts that ask what no known question asks."""
    seen = {normalise_question(question) for question in known}
    return [case for case in drafts if normalise_question(case.question) not in seen]


def make_draft(question: str, answers: tuple[str, ...], evidence: tuple[GoldEvidence, ...], *tags: str) -> GoldCase:
    """Return a draft, unanswerable if it has no answers and evidence. The same question always has the same id."""
    name = f"d-{hashlib.sha256(normalise_question(question).encode()).hexdigest()[:8]}"
    answerable = bool(answers or evidence)
    return GoldCase(name, question, answers, evidence, answerable=answerable, kind=KIND, tags=tags)


def evidence_at(passage: Passage, start: int, end: int) -> GoldEvidence:
    """Return the passage's text at the span, with its page and lines."""
    place = passage.locate(start, end)
    return GoldEvidence(
        passage.path, place.page, lines=(place.line_start, place.line_end), quote=passage.text[start:end]
    )


def normalise_question(question: str) -> str:
    """Return a text that is equal for questions that read the same."""
    return " ".join(words(question))


def diverse_passages(catalog: Catalog) -> Iterator[Passage]:
    """Yield public passages: first the most typical, then each as unlike those before it as possible."""
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


def round_robin(items: Iterable[_T], group: Callable[[_T], str], rank: Callable[[_T], int] = lambda _: 0) -> list[_T]:
    """Return the first item of each group, then the second of each, and so on; within a turn by rank, else in order."""
    counts = Counter[str]()
    turns = list[tuple[int, _T]]()
    for item in items:
        counts[group(item)] += 1
        turns.append((counts[group(item)], item))
    return [item for _, item in sorted(turns, key=lambda turn: (turn[0], rank(turn[1])))]


def _rank(candidate: _Candidate) -> int:
    return RULES.index(candidate[1].rule)


def _distinct(candidates: Iterable[_Candidate], catalog: Catalog, known: Iterable[str]) -> Iterator[_Candidate]:
    """Yield candidates that ask something new, one per sentence; an ambiguous one names its document."""
    seen, sentences = {normalise_question(question) for question in known}, set[tuple[str, int]]()
    for passage, proposal in candidates:
        question, cell = proposal.question, proposal.cell
        if cell and _paths_with(catalog, f"{cell.key} {cell.column}") - {passage.path}:
            question = with_title(question, passage)
        sentence = (passage.id, proposal.start)
        if normalise_question(question) not in seen and (proposal.rule == "table" or sentence not in sentences):
            seen.add(normalise_question(question))
            sentences.add(sentence)
            yield passage, replace(proposal, question=question)


def _unanswerable(chosen: Sequence[_Candidate], catalog: Catalog) -> Iterator[GoldCase]:
    """Yield questions that ask of one thing what is stated of a similar one, if no document states it.

    Pairs are of one rule, the most similar first.
    """
    hashes = [encoded_hash(passage) for passage, _ in chosen]
    known = catalog.known_vectors(hashes)
    vectors = [np.frombuffer(known[name], np.float32) for name in hashes]
    pairs = sorted(
        (-float(vectors[a] @ vectors[b]), a, b)
        for a, b in permutations(range(len(chosen)), 2)
        if chosen[a][1].rule == chosen[b][1].rule and chosen[a][0].id != chosen[b][0].id
    )
    for _, a, b in pairs:
        passage, cell, other = chosen[a][0], chosen[a][1].cell, chosen[b][1]
        if cell and other.cell and cell.key_column != other.cell.key_column:
            if not _paths_with(catalog, f"{cell.key} {other.cell.column}"):
                yield make_draft(cell_question(replace(cell, column=other.cell.column)), (), (), TO_CHECK)
        elif other.bare:
            document, terms = catalog.document(passage.document_id), set(stems(other.bare))
            stated = set(stems(document.text)) if document else set()
            if len(terms & stated) <= _ELSEWHERE * len(terms):
                yield make_draft(with_title(other.bare, passage), (), (), TO_CHECK)


def _paths_with(catalog: Catalog, text: str) -> set[str]:
    """Return the paths of documents that have a passage with all these words."""
    query = " AND ".join(f'"{term}"' for term in content_terms(text))
    matches = catalog.search_rows.match(query, limit=_MATCHES, scope=Scope()) if query else ()
    return {match.passage.path for match in matches}
