"""When nothing that was found is near enough to be worth a model's reading, and what is worth a look all the same."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from indexes.types import Hit
from rag.types import Answer, Decliner, Near, Sentence

DECLINED = "The documents do not answer this question."
_WORDS = 1.2
"""What words count beside a likeness of 1 in meaning: as when the thresholds here were read off."""
_NEAR = 0.7
"""Evidence from which a document is worth a look: docs/decisions/0011 has what it was read off."""
_MOST_NEAR = 3
_LACKING = re.compile(
    r"\b(?:sources?|documents?|passages?|texts?|excerpts?|context)\b[^.]*"
    r"\b(?:(?:do(?:es)?\s+not|don['’]t|doesn['’]t|fails?\s+to|nor)\s+(?:\w+\s+)?(?:say|state|mention|specify|provide|contain|"
    r"include|answer|give|cover|indicate|describe|explain|tell|address|discuss|list|name)|(?:gives?|contains?|ha(?:s|ve)|"
    r"provides?|mentions?)\s+no|says?\s+nothing)\b"
    r"|\b(?:not|nothing|no\s+information)\b[^.]*\b(?:in|by)\s+(?:any\s+of\s+)?(?:the|these)\s+(?:given\s+|provided\s+)?"
    r"(?:sources?|documents?|passages?|texts?)\b"
    r"|\b(?:Quellen?|Dokumente?n?|Unterlagen|Texte?)\b[^.]*\b(?:nicht|keine?n?|nichts)\b[^.]*"
    r"(?:sag|erwähn|nenn|enth[aä]lt|angegeben|Angabe|Auskunft|beantwort|hervor|Information)"
    r"|\b(?:sources?|documents?|textes?)\b[^.]*\b(?:ne\s+|n['’])(?:mention|précis|indiqu|di[ts]|contien|répond|donn)\w*\s+"
    r"(?:pas|rien)\b"
    r"|\b(?:fuentes?|documentos?|fonti|documenti|testi|textos)\b[^.]*\b(?:no|non)\s+"
    r"(?:dic|mencion|indic|conti|especific|respond|menzion|specific|rispond|dann)\w*",
    re.IGNORECASE,
)
"""The usual ways in English, German, French, Spanish and Italian to say that the sources do not tell something."""


def evidence(hit: Hit) -> float:
    """How much a passage has in common with what was searched for, in meaning and in words, 0 to about 2.

    Without end where the retriever does not tell: then nothing speaks against the passage.
    """
    told = {signal.name: signal.score for signal in hit.signals}
    return told["dense"] + _WORDS * told["lexical"] if told.keys() >= {"dense", "lexical"} else math.inf


def is_near(hits: Iterable[Hit], least: float) -> bool:
    """Whether any of what was found has so much evidence."""
    return any(evidence(hit) >= least for hit in hits)


def nearest(hits: Sequence[Hit]) -> tuple[Near, ...]:
    """The best passage of each document that lies near, of three at most; none where nothing does."""
    best = {hit.passage.document_id: hit.passage for hit in reversed(hits) if evidence(hit) >= _NEAR}
    places = [p for hit in hits if (p := best.pop(hit.passage.document_id, None))]
    return tuple(Near(p.path, p.title, p.locator) for p in places[:_MOST_NEAR])


def declined(answer: Answer, by: Decliner) -> Answer:
    """In place of an answer: it names no sources, and says what lies near."""
    found = nearest(answer.retrieval.hits)
    return replace(
        answer,
        text=DECLINED,
        status="declined",
        citations=(),
        sentences=(),
        unanswered="",
        declined_by=by,
        nearest=found,
    )


def is_lack(sentence: Sentence) -> bool:
    """Whether it says that the sources do not tell something, which no source can bear out."""
    return sentence.verdict in ("unsupported", "uncited") and _LACKING.search(sentence.text) is not None
