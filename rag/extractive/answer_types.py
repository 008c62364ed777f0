"""What a question asks for: the kind of thing, and whether a sentence holds one that the question did not itself."""

import re
from typing import Literal

from indexes.text.number_words import MONTHS, SMALL_CARDINALS, any_of
from indexes.text.tokenization import figures, words

Kind = Literal["figure", "date", "name", "place", "reason", "other"]

_QUESTION_WORDS: tuple[tuple[str, Kind], ...] = (
    (
        r"how (?:much|many|long|often|old|far|high|large|big|tall|deep|fast|wide|heavy)|what (?:\w+ ){0,3}(?:share|"
        r"percentage|percent|number|amount|price|yield|proportion|rate|threshold|limit|cost|fee|temperature|weight|"
        r"length|height|total)",
        "figure",
    ),
    (r"when|(?:what|which) (?:\w+ )?(?:year|date|day|month|time|century|decade)|how (?:soon|recent)", "date"),
    (r"who|whom|whose|(?:what|which) (?:company|firm|person|team|author|actor|singer|president)", "name"),
    (r"where|(?:what|which) (?:country|city|town|state|place|region|island|continent)", "place"),
    (r"why|what (?:\w+ )?(?:reasons?|causes?|caused|purpose|led)|how come", "reason"),
)
_KINDS = tuple((re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), kind) for pattern, kind in _QUESTION_WORDS)
_DATE = re.compile(
    rf"\b(?:1[0-9]|20)\d\d(?:\b|s\b|\d{{4}}\b)|\b\d{{1,2}}[:.]\d\d\b|\b(?:{any_of(month[:3] for month in MONTHS)})"
    r"[a-z]*\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\bcentur(?:y|ies)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(
    rf"\b(?:in|since|by|early|late|mid|from|until|during|before|after|{any_of(MONTHS)})[ -](?:1[5-9]|20)\d\d\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w-]+")
_NUMBER_WORD = re.compile(
    rf"\b(?:{any_of([*SMALL_CARDINALS][1:13])}|half|third|quarter|dozen|hundred|thousand|million|"
    r"billion|twice|once|daily|weekly|monthly|annually)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:in|at|from|to|near|of|into|on|through|across|between|towards?|around|north|south|east|west)\s+(?:the\s+)?[A-Z]"
)
_REASON = re.compile(
    r"\b(?:because|since|due|thus|therefore|hence|reasons?|causes?|caused|result\w*|so that|in order to|led to|"
    r"leads? to|to (?:ensure|help|prevent|avoid|make|get|keep|allow|protect))\b",
    re.IGNORECASE,
)


def kind_of(question: str) -> Kind:
    """By its question words, the first that says it."""
    return next((kind for pattern, kind in _KINDS if pattern.search(question)), "other")


def holds(kind: Kind, text: str, question: str) -> float:
    """Whether a sentence holds what is asked for, and the question did not itself: 1 or 0, ½ where that is unclear."""
    match kind:
        case "figure":
            return float(bool(figures(_YEAR.sub("", text)) - figures(question)) or bool(_NUMBER_WORD.search(text)))
        case "date":
            return float(bool(_DATE.search(text)))
        case "name":
            return float(bool({word for name in _NAME.findall(text) for word in words(name)} - set(words(question))))
        case "place":
            return float(bool(_PLACE.search(text)))
        case "reason":
            return float(bool(_REASON.search(text)))
        case "other":
            return 0.5
