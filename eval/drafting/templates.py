"""Proposes English questions about a passage by rule, where a sentence or a table's row is simple enough."""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from eval.drafting.table_cells import PERSON, Cell, askable_cells, cell_question
from indexes.text.number_words import MONTH_NAMES, any_of
from indexes.text.sentences import is_table_row, sentence_spans
from indexes.text.tokenization import stems, words
from indexes.types import Document, Passage

Rule = Literal["table", "sentence", "heading", "cloze"]
RULES: tuple[Rule, ...] = ("table", "sentence", "heading", "cloze")
"""Best first."""

_CONTEXT_WORDS = frozenset(
    "it its they their them this that these those he she his her we you i such there here however but and so then also"
    " both either neither only another others one yet still instead together".split()
)
"""First words of a sentence that depends on the one before it."""
_BACKWARD = re.compile(
    r"^(?:For|In|On|At|With|To|By|Under|From|If)\b[^,]*\b(?:this|these|those|such|example|addition|summary)\b"
)
_DETERMINERS = frozenset("The A An Our Each Every All".split())
_MIN_WORDS, _MAX_WORDS = 6, 40
_MAX_ANSWER_WORDS = 12
_NOUN = r"(?:The|A|An|Our|Each|Every|All) [^,;:()]{3,60}?"
_NP = rf"(?P<np>{_NOUN}|[A-Z][\w'’-]+(?: (?:of |the |for )?[A-Z0-9][\w'’-]*){{0,4}})"
_ABOUT = r"(?:about |around |roughly |nearly |almost |up to |at least |at most |only |more than |fewer than )?"
_MONTH = f"(?:{any_of(MONTH_NAMES)})"
_TIME = rf"(?:\d(?:[\w.,:]*\w)?|the \w+day|{_MONTH}|the end of)[^,;:()]{{0,40}}?"
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
_MONEY = r"[$£€]\d(?:[\d.,]*\d)?(?: (?:million|billion|trillion))?"
_NUMBER = r"(?<![\w.,$£€-])\d(?:[\d.,]*\d)?"
_PERCENT = r"\d(?:[\d.,]*\d)? ?(?:%|per cent\b|percent\b)"
_QUANTITY = re.compile(
    rf"{_NP} (?P<verb>{_VERBS}) (?P<answer>{_ABOUT}(?:{_MONEY}|{_NUMBER}(?: (?:million|billion))? "
    r"(?P<unit>[a-z]+(?: of [a-z]+(?: [a-z]+)?)?)))(?P<rest> [^,;:()]{0,50}?)?(?:, .*| and .*|; .*)?\.$"
)
_DURATION = re.compile(r"(?:second|minute|hour|day|week|month|year)s?$")
_FACT = re.compile(
    rf"{_MONEY}(?:(?: to |–){_MONEY})?(?![\w.,-]*\d)|(?:{_NUMBER}(?: ?%)?(?: to |–|-)|(?<![\w.,$£€-])){_PERCENT}|"
    rf"(?<![\w-])(?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}},)? \d{{4}}\b|(?<=\b[Ii]n )[12]\d{{3}}(?=[ .])|"
    rf"{_NUMBER} (?:million |billion |working |calendar )?(?:days|weeks|months|years|hours|minutes|people|pages)\b"
)
"""What a cloze question may leave out."""
_NAME = re.compile(r"(?<!^)(?<!\? )\b(?:[A-Z][\w-]{2,}|\w*\d\w*)")
"""A word after the first that names something: a capital or a digit."""
_NUMBERING = re.compile(r"^(?:\d+[.)])*\d*[.)]?\s+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question, its answer, and the span of the passage's text that holds the answer."""

    rule: Rule
    question: str
    answer: str
    start: int
    end: int
    bare: str = ""
    """For the rule ``sentence``: the question without its document's name, if it needs that name."""
    cell: Cell | None = None
    """For the rule ``table``: the cell that is asked for."""


def proposals(passage: Passage, document: Document) -> Iterator[Proposal]:
    """Yield the best proposal of each rule, best rule first; none where the passage is not simple enough."""
    tables = [
        Proposal("table", cell_question(cell), cell.value, cell.start, cell.end, cell=cell)
        for cell in askable_cells(passage, document)
    ]
    candidates = [p for p in (*tables, *_sentence_proposals(passage)) if not contains_answer(p.question, p.answer)]
    for rule in RULES:
        if of_rule := [candidate for candidate in candidates if candidate.rule == rule]:
            # a hash: the same one each time, without a preference for a column or a place in the passage
            yield min(of_rule, key=lambda candidate: zlib.crc32(candidate.question.encode()))


def document_name(passage: Passage) -> str:
    """Return the name by which a question calls the document."""
    return passage.title.replace("_", " ") or passage.path


def with_title(question: str, passage: Passage) -> str:
    """Return the question, addressed to the passage's document."""
    return f"According to “{document_name(passage)}”, {question[0].lower()}{question[1:]}"


def contains_answer(text: str, answer: str) -> bool:
    """Whether the text has the answer's words in sequence."""
    return f" {' '.join(words(answer))} " in f" {' '.join(words(text))} "


def depends_on_context(sentence: str) -> bool:
    """Whether the sentence is understood only after the one before it."""
    sentence_words = words(sentence)
    return not sentence_words or sentence_words[0] in _CONTEXT_WORDS or bool(_BACKWARD.search(sentence))


def _sentence_proposals(passage: Passage) -> Iterator[Proposal]:
    for start, end in sentence_spans(passage.text):
        sentence = " ".join(passage.text[start:end].split())
        is_prose = sentence[:1].isupper() and sentence.endswith(".") and not is_table_row(sentence)
        if not is_prose or not _MIN_WORDS <= len(sentence.split()) <= _MAX_WORDS or depends_on_context(sentence):
            continue
        for question, answer in _sentence_questions(sentence, passage.text):
            bare = "" if _NAME.search(question[1:]) else question
            yield Proposal("sentence", with_title(bare, passage) if bare else question, answer, start, end, bare)
        if fact := _FACT.search(sentence):
            if topic := _topic(passage, sentence):
                question = f"What does “{document_name(passage)}” say about “{topic}”?"
                yield Proposal("heading", question, sentence, start, end)
            gap = f"{sentence[: fact.start()]}____{sentence[fact.end() :]}"
            yield Proposal("cloze", with_title(f"What is missing here: “{gap}”", passage), fact[0], start, end)


def _sentence_questions(sentence: str, text: str) -> Iterator[tuple[str, str]]:
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


def _topic(passage: Passage, sentence: str) -> str:
    """Return the nearest heading, if it names more than the document and the sentence mentions it."""
    heading = _NUMBERING.sub("", passage.locator.heading[-1]) if passage.locator.heading else ""
    own = set(stems(heading)) - set(stems(document_name(passage)))
    mentioned = own & set(stems(sentence))
    return heading if len(mentioned) * 2 >= len(own) > 0 and not heading.endswith(("?", ":")) else ""
