"""Recognises compound questions by their wording, and splits them.

It knows English, German, French, Spanish and Italian; in other languages, several question marks. A compound question
that it misses is searched for as it is. A simple one that it takes for compound costs a short call to a model.
"""

import re

from indexes.text.tokenization import stem

_SEVERAL = r"[?？؟][^?？؟]*\w[^?？؟]*[?？؟]"
"""Two questions, each with its mark."""

_JOINED = (
    r"\b(?:and|or)\s+(?:also\s+)?(?:(?:in|for|to|by|at|from|with|of|on)\s+)?(?:who|whom|whose|what|when|where|which|why|how)\b",
    r",\s*and\s+(?:is|are|was|were|do|does|did|can|may|must|has|have|will)\b",
    r"\b(?:und|oder|sowie)\s+(?:(?:ab|bis|seit|in|von|für|mit)\s+)?"
    r"(?:wer|wem|wen|wessen|was|wann|wo|woher|wohin|warum|weshalb|wieso|wie|wieviel|welche[rsnm]?)\b",
    r"\b(?:et|ou)\s+(?:(?:à|de|en|pour|avec)\s+)?(?:qui|quand|où|quel\w*|combien|comment|pourquoi)\b",
    r"\b[yoe]\s+(?:(?:a|de|en|para|con|por)\s+)?(?:quién\w*|qué|cuándo|cuánt\w+|dónde|cuál\w*|cómo)\b",
    r"\b[eo]\s+(?:(?:a|di|in|per|con)\s+)?(?:chi|cosa|quando|dove|qual[ei]|quant\w+|perché)\b",
)
"""Questions joined to one: who … and when …"""

_COMPARED = (
    r"\b(?:compar(?!t)\w+|differ(?:s|ed|ences?)?|different\s+(?:from|to|than)|versus|vs|both|respectively|in\s+common)\b",
    r"\b(?:each\s+of|respective|same\b[^?]*\bas|and\b[^?]*\bthe\s+same|similar\s+to|similarit(?:y|ies))\b",
    r"\b(?:which|who|what)\b[^?]*,[^?]*\bor\b|\bbetween\b[^?]*,\s*(?:which|who|what)\b",
    r"\bthan\b(?!\s+(?:\W?\d|an?\s+(?:hour|day|week|month|year)|one|two|three|four|five|six|ten|half|usual|once|twice))",
    r"\b(?:first|earlier|later|older|younger|newer|larger|bigger|smaller|longer|shorter|taller|higher|lower|more|fewer"
    r"|less|better|worse|cheaper|closer)\b[^?]*\bor\b",
    r"\b(?:vergl[ei]+ch\w*|verglichen|unterschie\w+|unterschei\w+|beiden?|beider|sowohl|jeweils)\b",
    r"\b(?:mehr|weniger|größer|kleiner|höher|niedriger|älter|jünger|länger|kürzer|früher|später|teurer|billiger)"
    r"\s+als\b(?!\s+\d)",
    r"\b(?:diff[eé]r\w+\s+(?:entre|de|par)|les\s+deux|tous\s+deux|respectivement|par\s+rapport)\b",
    r"\b(?:diferenci\w+|ambos|ambas|respectivamente|confront\w+|differenz\w+|entramb[ie]|rispettivamente)\b",
)
"""Two things compared, or each asked for."""

_CHAINED = (
    r"\bthe\s+(?!name|title|date|number|amount)(?:[\w-]+\s+){1,3}(?:of|by|in|at|for|from|to|with)\s+(?:the|an?)\s+(?:[\w-]+\s+){1,4}"
    r"(?:that|which|who|whom|whose|where)\b",
    r"\bof\s+(?:the|an?)\s+(?:[\w-]+\s+){1,3}of\s+(?:the|an?)\b",
    r"\w\W+whose\b",
    r"\w['’]s\s+(?!(?:\w+\s+)?(?:day|week|month|year)['’])(?:[\w-]+\s+){0,2}[\w-]+['’]s\s",
    r"\b(?:de[rs]|vo[nm]|eine[rs])\s+(?:[\w-]+\s+){0,2}[\w-]+,\s+(?:(?:in|mit|von|für|auf|aus)\s+)?"
    r"(?:der|die|das|dem|den|deren|dessen|denen|welche[rsnm]?)\b",
    r"\b(?:du|des|de\s+la|de\s+l['’]|d['’]une?)\s*(?:[\w-]+\s+){1,3}(?:qui|que|dont|où)\b",
    r"\b(?:del|de\s+las?|de\s+los|de\s+una?)\s+(?:[\w-]+\s+){1,3}(?:que|cuy\w+|donde)\b",
    r"\b(?:del|della|dello|dei|degli|delle|dell['’]|di\s+una?)\s*(?:[\w-]+\s+){1,3}(?:che|cui|dove)\b",
)
"""One thing must be found before the other: the X of the Y that …"""

_COMPARES = re.compile("|".join(_COMPARED), re.IGNORECASE)
_COMPOUND = re.compile("|".join((_SEVERAL, *_JOINED, *_COMPARED, *_CHAINED)), re.IGNORECASE)


_WORD = (
    r"(?:who|whom|whose|what|when|where|which|why|how|wer|wem|wen|wessen|was|wann|wo|woher|wohin|warum|weshalb|wieso|wie|"
    r"wieviel|welche[rsnm]?|qui|quand|où|quel\w*|combien|comment|pourquoi|quién\w*|qué|cuándo|cuánt\w+|dónde|cuál\w*|cómo|"
    r"chi|cosa|quando|dove|qual[ei]|quant\w+|perché)\b"
)
_ASKING = (
    r"(?:(?:in|for|to|by|at|from|with|of|on|ab|bis|seit|von|für|mit|à|de|en|pour|avec|a|para|con|di|per)\s+)?" + _WORD
)
_AUXILIARY = r"(?:is|are|was|were|do|does|did|can|may|must|has|have|will)\b"
_BETWEEN = re.compile(
    rf"(?<=[?？؟])\s*(?=.*[?？؟]\s*\Z)|[,;]?\s+(?:and|und|sowie|et|y|e)\s+(?:also\s+|auch\s+|aussi\s+)?(?={_ASKING})"
    rf"|,\s*and\s+(?={_AUXILIARY})",
    re.IGNORECASE | re.DOTALL,
)
_ASKS = re.compile(rf"{_AUXILIARY}|{_ASKING}|.*\b(?!was\b){_WORD}", re.IGNORECASE | re.DOTALL)
_HALF = re.compile(rf".*\b{_WORD}\W*|\W*\w+\W+\w+.*\b(?:who|whose|which|that|where)\b.*", re.IGNORECASE | re.DOTALL)
"""A part whose question only begins at its end, or whose clause the next part may continue."""
_REFERS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|he|she|his|her|him|this|these|those|there|er|sie|es|ihn|ihm|ihr\w*|dort|dies\w*|il|elle|"
    r"ils|elles)\b",
    re.IGNORECASE,
)
ASKING = frozenset(
    stem(word)
    for word in (
        "according answer certain consider describe description detail different discuss discussion "
        "document exact example explain general give happen include information involve keep key kind "
        "know like list long main many mean mention mind name often original overall passage point "
        "possible provide purpose regarding related relation role say several specific state tell term "
        "text thing type use various way"
    ).split()
)
"""Stems of words with which one asks, whatever the matter: an answer need not have them."""
_FEWEST_WORDS, _MOST_PARTS = 3, 4
_MARKS = ("?", "？", "؟")
_BARE = 4
"""A question of so few words leaves its subject out."""


def questions_in(text: str) -> list[str]:
    """Return the questions that a text joins; the text alone if it is one question, or cannot be split.

    Things that are compared stay together: neither side is asked for by itself.
    """
    parts = [part.strip(" ,;") for part in _BETWEEN.split(text)]
    if not 1 < len(parts) <= _MOST_PARTS or _COMPARES.search(text):
        return [text]
    if any(len(part.split()) < _FEWEST_WORDS or not _ASKS.match(part) for part in parts):
        return [text]
    if any(_HALF.fullmatch(part) for part in parts[:-1] if not part.endswith(_MARKS)):
        return [text]
    return [part if part.endswith(_MARKS) else f"{part}?" for part in parts]


def depends_on_context(part: str) -> bool:
    """Return whether a question refers to something named before it, or leaves it out."""
    return len(part.split()) <= _BARE or _REFERS_BACK.search(part) is not None


def is_compound(text: str) -> bool:
    """Return whether a question needs more than one place. Meant for some hundred characters: time grows quickly."""
    return _COMPOUND.search(text) is not None
