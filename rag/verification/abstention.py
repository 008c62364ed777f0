"""Declines to answer, and names the documents that are worth a look all the same."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from indexes.text.tokenization import content_terms, identifiers, terms
from indexes.types import ALL, Hit, Query, Scope
from rag.evidence.wording.language_id import identify_language
from rag.types import Answer, Decliner, Near, Retrieval, Sentence

DECLINED = "The documents do not answer this question."
NO_DOCUMENTS = "No readable document matches the filters."
"""Said whether none matches or none of those may be read: nobody learns of documents that they may not read."""
UNVERIFIED = "Not verified: no document that was found bears this out."
"""The label of an answer of which no source bears out a sentence, in every way in."""
RULE = "\n\n---\n\n"
"""Stands between an answer's text and what is told of it."""
_WORDS = 1.2
"""The weight of the words score beside the similarity, as when the thresholds here were measured."""
_NEAR = 0.7
"""Evidence from which a document is worth a look. Source: docs/decisions/0011."""
_MOST_NEAR = 3
_TEXTS = r"\b(?:sources?|documents?|passages?|texts?|excerpts?|context)\b"
_SAY = (
    r"(?:say|state|mention|specify|provide|contain|include|answer|give|cover|indicate|describe|explain|tell|address|"
    r"discuss|list|name)"
)
_CANNOT = r"\b(?:can(?:not|['’]t)|could\s*n[o'’]t|(?:unable|not\s+able)\s+to)\s+(?:\w+\s+)?"
_GAP = re.compile(
    rf"{_TEXTS}[^.]*"
    rf"\b(?:(?:do(?:es)?\s+not|don['’]t|doesn['’]t|fails?\s+to|nor)\s+(?:\w+\s+)?{_SAY}|(?:gives?|contains?|ha(?:s|ve)|"
    r"provides?|mentions?)\s+no|says?\s+nothing)\b"
    rf"|\b(?:none\s+of\s+(?:the|these)|no)\s+(?:\w+\s+)?{_TEXTS}\s+{_SAY}s?\b"
    rf"|{_CANNOT}(?:answer|determine|say|tell|find|be\s+(?:answered|determined|found))\b[^.]*{_TEXTS}"
    rf"|{_TEXTS}[^.]*\bI\s+(?:am\s+)?{_CANNOT}(?:answer|determine|say|tell|find)\b"
    rf"|\bI(?:\s+am|['’]m)?\s+{_CANNOT}(?:answer|determine|find|help|provide)\b"
    r"|\bI\s+(?:do|did)\s*n[o'’]t\s+(?:have|find)\b[^.]*\b(?:information|access|answer|mention|details?)\b"
    r"|\bthere\s+(?:is|was)\s+(?:no|not\s+enough|insufficient)\s+(?:\w+\s+)?(?:mention|information)\b"
    r"|\b(?:not|nothing|no\s+information)\b[^.]*\b(?:in|by)\s+(?:any\s+of\s+)?(?:the|these)\s+(?:given\s+|provided\s+)?"
    rf"{_TEXTS}"
    r"|\b(?:Quellen?|Dokumente?n?|Unterlagen|Texte?)\b[^.]*\b(?:nicht|keine?n?|nichts)\b[^.]*"
    r"(?:sag|erwähn|nenn|enth[aä]lt|angegeben|Angabe|Auskunft|beantwort|hervor|Information)"
    r"|\b(?:sources?|documents?|textes?)\b[^.]*\b(?:ne\s+|n['’])(?:mention|précis|indiqu|di[ts]|contien|répond|donn)\w*\s+"
    r"(?:pas|rien)\b"
    r"|\bne\s+trouve\s+(?:pas|rien)\b[^.]*\b(?:sources?|documents?|textes?)\b"
    r"|\b(?:no\s+enc(?:uentro|ontr[éo])|non\s+trovo)\b[^.]*\b(?:fuentes?|documentos?|fonti|documenti|testi|textos)\b"
    r"|\b(?:fuentes?|documentos?|fonti|documenti|testi|textos)\b[^.]*\b(?:no|non)\s+"
    r"(?:dic|mencion|indic|conti|especific|respond|menzion|specific|rispond|dann)\w*",
    re.IGNORECASE,
)
"""How English, German, French, Spanish and Italian say that the sources lack something."""


def evidence_score(hit: Hit) -> float:
    """Return the similarity of a passage to the query plus its weighted words score, 0 to about 2.

    It is infinite if the retriever gives no such signals: then nothing speaks against the passage.
    """
    scores = {signal.name: signal.score for signal in hit.signals}
    return scores["dense"] + _WORDS * scores["lexical"] if scores.keys() >= {"dense", "lexical"} else math.inf


def is_relevant(hits: Iterable[Hit], min_evidence: float, question: str = "") -> bool:
    """Return whether one of the hits has this much evidence, or a code that the question names, such as A-101."""
    named = identifiers(question)
    return any(evidence_score(hit) >= min_evidence or named & identifiers(hit.passage.text) for hit in hits)


def is_foreign(hits: Sequence[Hit], query: Query, min_evidence: float, languages: frozenset[str]) -> bool:
    """Return whether a question is plainly foreign to the documents: no hit has this much evidence, however counted.

    The words of the question count the same each, as in a small index the words that all passages have weigh nothing
    beside one that they lack. A question that is not surely in one of the documents' ``languages`` shares no words with
    them: then whatever was found is near.
    """
    if identify_language(query.text) not in languages:
        return not hits
    asked = [frozenset(content_terms(text)) for text in (query.text, *query.earlier, *query.parts)]
    for hit in hits:
        cosine = next((signal.score for signal in hit.signals if signal.name == "dense"), 0.0)
        has = frozenset(terms(f"{hit.passage.title}\n{hit.passage.context}\n{hit.passage.text}"))
        share = max(len(words & has) / max(len(words), 1) for words in asked)
        if max(evidence_score(hit), cosine + share) >= min_evidence:
            return False
    return True


def nearest_places(hits: Sequence[Hit]) -> tuple[Near, ...]:
    """Return the best passage of each near document, three at most, best first."""
    best = {hit.passage.document_id: hit.passage for hit in reversed(hits) if evidence_score(hit) >= _NEAR}
    passages = [p for hit in hits if (p := best.pop(hit.passage.document_id, None))]
    return tuple(Near(p.path, p.title, p.locator) for p in passages[:_MOST_NEAR])


def matches_nothing(scope: Scope, hits: Sequence[Hit], count_documents: Callable[[Scope], int]) -> bool:
    """Return whether a search found nothing because no readable document is within its filters. May block."""
    return scope.filters != ALL and not hits and not count_documents(scope)


def refusal(retrieval: Retrieval) -> str:
    """Return the text of a declined answer."""
    if retrieval.unmatched_filters:
        return NO_DOCUMENTS
    if not (languages := retrieval.searched_languages):
        return DECLINED
    both, either = " and ".join(languages), " or ".join(languages)
    if len(languages) == 1:
        return f"{DECLINED} Only {both} was searched, the language of the documents: ask in {both}."
    return f"{DECLINED} Only {both} were searched, the languages of the documents: ask in {either}."


def with_status(answer: Answer) -> str:
    """Return an answer's text alone, unless it is unverified: then a line below it says so."""
    return f"{answer.text}{RULE}{UNVERIFIED}" if answer.status == "unverified" else answer.text


def decline(answer: Answer, decliner: Decliner) -> Answer:
    """Return the answer declined: without sources, but with the places nearest to the question."""
    return replace(
        answer,
        text=refusal(answer.retrieval),
        status="declined",
        citations=(),
        sentences=(),
        unanswered="",
        declined_by=decliner,
        nearest=nearest_places(answer.retrieval.hits),
    )


def admits_gap(sentence: Sentence) -> bool:
    """Return whether a sentence says that the sources lack something, which no source can support."""
    return sentence.verdict in ("unsupported", "uncited") and _GAP.search(sentence.text) is not None
