"""Questions that a plain English sentence answers, made by rule."""

import re
from collections.abc import Callable, Iterator

from eval.drafting.table_cells import PERSON
from indexes.text.number_words import MONTH_NAMES, any_of

_DETERMINERS = frozenset("The A An Our Each Every All".split())
_MAX_ANSWER_WORDS = 12
_NOUN = r"(?:The|A|An|Our|Each|Every|All) [^,;:()]{3,60}?"
_NP = rf"(?P<np>{_NOUN}|[A-Z][\w'’-]+(?: (?:of |the |for )?[A-Z0-9][\w'’-]*){{0,4}})"
_ABOUT = r"(?:about |around |roughly |nearly |almost |up to |at least |at most |only |more than |fewer than )?"
MONTH = f"(?:{any_of(MONTH_NAMES)})"
_TIME = rf"(?:\d(?:[\w.,:]*\w)?|the \w+day|{MONTH}|the end of)[^,;:()]{{0,40}}?"
_CLAUSE = re.compile(
    r"\b(?:that|which|who|whose|it|they|we|you|he|she|if|when|because|while|is|are|was|were|has|have|had|must|may|can|"
    r"should|will|and|or|but|not|no|said|says|of this|same|such)\b"
)
_IS = re.compile(
    rf"(?P<np>{_NOUN}) (?P<be>is|are|was|were) (?P<answer>{_ABOUT}(?:[$£€]?\d|[A-Z][a-z])(?:[^,;:()]|,(?=\d))*?)"
    r"(?:(?:,(?!\d)| and | but | which | who | unless | if | when ).*)?\.$"
)
_WHEN_DONE = re.compile(
    rf"{_NP} (?P<be>is|are|was|were) (?P<done>\w+(?:ed|en|own|ilt|old|ade|ught|ound|ent)\b[^,;:()]{{0,60}}?) "
    rf"(?P<answer>(?:in|on|by|since|until|within|before|after) {_TIME})(?:, .*)?\.$"
)
_WHEN_MAY = re.compile(
    rf"{_NP} (?P<be>must|may|can|should|will) (?P<done>[a-z][^,;:()]{{3,80}}?) "
    rf"(?P<answer>(?:early in|late in|in|on|by|within|before|after|until|no later than) {_TIME})(?:, .*)?\.$"
)
_VERBS = "|".join(
    "has have holds? needs? takes? costs? receives? employs? contains? includes? requires? ships? covers? produces?"
    " offers? lasts? serves? owns? runs? pays? charges? sells? makes? builds? allows? carries carry".split()
)
MONEY = r"[$£€]\d(?:[\d.,]*\d)?(?: (?:million|billion|trillion))?"
NUMBER = r"(?<![\w.,$£€-])\d(?:[\d.,]*\d)?"
PERCENT = r"\d(?:[\d.,]*\d)? ?(?:%|per cent\b|percent\b)"
_QUANTITY = re.compile(
    rf"{_NP} (?P<verb>{_VERBS}) (?P<answer>{_ABOUT}(?:{MONEY}|{NUMBER}(?: (?:million|billion))? "
    r"(?P<unit>[a-z]+(?: of [a-z]+(?: [a-z]+)?)?)))(?P<rest> [^,;:()]{0,50}?)?(?:, .*| and .*|; .*)?\.$"
)
_DURATION = re.compile(r"(?:second|minute|hour|day|week|month|year)s?$")


def sentence_questions(sentence: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield questions and answers; a first word that the text elsewhere writes small is no name."""
    patterns: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], str]], ...] = (
        (_IS, _ask_what),
        (_WHEN_DONE, _ask_when),
        (_WHEN_MAY, _ask_when),
        (_QUANTITY, _ask_how_much),
    )
    for pattern, ask in patterns:
        match = pattern.match(sentence)
        if match and not _CLAUSE.search(match["np"].lower()) and len(match["answer"].split()) <= _MAX_ANSWER_WORDS:
            subject = match["np"]
            first = re.split(r"\W", subject, maxsplit=1)[0]
            if first in _DETERMINERS or re.search(rf"\b{re.escape(first.lower())}\b", text):
                subject = subject[0].lower() + subject[1:]
            yield ask(match, subject), match["answer"].strip()


def _ask_what(match: re.Match[str], subject: str) -> str:
    person = re.fullmatch(r"[A-Z][\w'’-]+(?: (?:de |van |von )?[A-Z][\w'’-]+){1,2}", match["answer"].strip())
    word = "Who" if person and PERSON.search(match["np"].split(" of ")[0]) else "What"
    return f"{word} {match['be']} {subject}?"


def _ask_when(match: re.Match[str], subject: str) -> str:
    return f"When {match['be']} {subject} {match['done']}?"


def _ask_how_much(match: re.Match[str], subject: str) -> str:
    verb, unit = match["verb"], match["unit"] or ""
    do = "does" if verb.endswith("s") else "do"
    infinitive = {"has": "have", "carries": "carry"}.get(verb, verb.removesuffix("s"))
    rest = f"{do} {subject} {infinitive}{match['rest'] or ''}?"
    if not unit:
        return f"How much {rest}"
    if infinitive in ("take", "last") and _DURATION.match(unit):
        return f"How long {rest}"
    return f"How many {unit} {rest}"
