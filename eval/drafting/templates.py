"""What may be asked of a passage, by rule: in English, and only where a sentence or a table's row is plain enough."""

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

_LEANING = frozenset(
    "it its they their them this that these those he she his her we you i such there here however but and so then also"
    " both either neither only another others one yet still instead together".split()
)
"""First words of a sentence that says something only after the one before it."""
_BACKWARD = re.compile(
    r"^(?:For|In|On|At|With|To|By|Under|From|If)\b[^,]*\b(?:this|these|those|such|example|addition|summary)\b"
)
_DETERMINERS = frozenset("The A An Our Each Every All".split())
_MOST_WORDS, _FEWEST_WORDS = 40, 6
_MOST_ANSWER = 12
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
"""What a gap may stand for."""
_NUMBERING = re.compile(r"^(?:\d+[.)])*\d*[.)]?\s+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question, its answer, and the span of the passage's text in which it stands."""

    rule: Rule
    question: str
    answer: str
    start: int
    end: int
    bare: str = ""
    """Of a sentence: the question without its document's name, where it needs one."""
    cell: Cell | None = None
    """Of a table: what is asked for."""


def proposals(passage: Passage, document: Document) -> Iterator[Proposal]:
    """Best first, of each rule the best at most; none where the passage is not plain enough."""
    tables = [
        Proposal("table", cell_question(cell), cell.value, cell.start, cell.end, cell=cell)
        for cell in askable_cells(passage, document)
    ]
    found = [*tables, *_of_sentences(passage)]
    for rule in RULES:
        of_rule = [one for one in found if one.rule == rule and not _gives_away(one)]
        if of_rule:
            yield min(of_rule, key=_chance)


def document_name(passage: Passage) -> str:
    """The document as a question calls it."""
    return passage.title.replace("_", " ") or passage.path


def with_title(question: str, passage: Passage) -> str:
    """The question, asked of the passage's document."""
    return f"According to “{document_name(passage)}”, {question[0].lower()}{question[1:]}"


def _chance(proposal: Proposal) -> int:
    """The same each time, and no column or place in the passage before the others."""
    return zlib.crc32(proposal.question.encode())


def _gives_away(proposal: Proposal) -> bool:
    return contains_answer(proposal.question, proposal.answer)


def contains_answer(text: str, answer: str) -> bool:
    """Whether it says the answer, as words."""
    return f" {' '.join(words(answer))} " in f" {' '.join(words(text))} "


def depends_on_context(sentence: str) -> bool:
    """Whether it says something only after the sentence before it."""
    said = words(sentence)
    return not said or said[0] in _LEANING or bool(_BACKWARD.search(sentence))


def _of_sentences(passage: Passage) -> Iterator[Proposal]:
    title = document_name(passage)
    for start, end in sentence_spans(passage.text):
        sentence = " ".join(passage.text[start:end].split())
        if not _plain(sentence):
            continue
        for question, answer in _asked(sentence, passage.text):
            needs = not _has_name(question)
            asks = with_title(question, passage) if needs else question
            yield Proposal("sentence", asks, answer, start, end, question if needs else "")
        if fact := _FACT.search(sentence):
            if topic := _topic(passage, sentence):
                yield Proposal("heading", f"What does “{title}” say about “{topic}”?", sentence, start, end)
            gap = f"{sentence[: fact.start()]}____{sentence[fact.end() :]}"
            yield Proposal("cloze", with_title(f"What is missing here: “{gap}”", passage), fact[0], start, end)


def _plain(sentence: str) -> bool:
    """Whole prose that stands alone."""
    length = len(sentence.split())
    whole = sentence[:1].isupper() and sentence.endswith(".") and not is_table_row(sentence)
    return whole and _FEWEST_WORDS <= length <= _MOST_WORDS and not depends_on_context(sentence)


def _asked(sentence: str, text: str) -> Iterator[tuple[str, str]]:
    patterns: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], str]], ...] = (
        (_IS, _ask_what),
        (_WHEN_DONE, _ask_when),
        (_WHEN_MAY, _ask_when),
        (_QUANTITY, _ask_how_much),
    )
    for pattern, ask in patterns:
        found = pattern.match(sentence)
        if found and not _CLAUSE.search(found["np"].lower()) and len(found["answer"].split()) <= _MOST_ANSWER:
            yield ask(found, _inside(found["np"], text)), found["answer"].strip()


def _ask_what(found: re.Match[str], subject: str) -> str:
    named = re.fullmatch(r"[A-Z][\w'’-]+(?: (?:de |van |von )?[A-Z][\w'’-]+){1,2}", found["answer"].strip())
    word = "Who" if named and PERSON.search(found["np"].split(" of ")[0]) else "What"
    return f"{word} {found['be']} {subject}?"


def _ask_when(found: re.Match[str], subject: str) -> str:
    return f"When {found['be']} {subject} {found['done']}?"


def _ask_how_much(found: re.Match[str], subject: str) -> str:
    verb, unit = found["verb"], found["unit"] or ""
    do = "does" if verb.endswith("s") else "do"
    plain = {"has": "have", "carries": "carry"}.get(verb, verb.removesuffix("s"))
    asked = f"{do} {subject} {plain}{found['rest'] or ''}?"
    if not unit:
        return f"How much {asked}"
    if plain in ("take", "last") and _DURATION.match(unit):
        return f"How long {asked}"
    return f"How many {unit} {asked}"


def _topic(passage: Passage, sentence: str) -> str:
    """The heading nearest to the text, where that names more than the document and the sentence speaks of it."""
    heading = _NUMBERING.sub("", passage.locator.heading[-1]) if passage.locator.heading else ""
    own = set(stems(heading)) - set(stems(document_name(passage)))
    spoken = own & set(stems(sentence))
    return heading if len(spoken) * 2 >= len(own) > 0 and not heading.endswith(("?", ":")) else ""


def _has_name(question: str) -> bool:
    """Whether it says of whom or what it speaks by more than a common word."""
    return bool(re.search(r"(?<!^)(?<!\? )\b(?:[A-Z][\w-]{2,}|\w*\d\w*)", question[1:]))


def _inside(phrase: str, text: str) -> str:
    """As it stands within a sentence: a first word that the text elsewhere writes small is no name."""
    first = re.split(r"\W", phrase, maxsplit=1)[0]
    common = first in _DETERMINERS or re.search(rf"\b{re.escape(first.lower())}\b", text)
    return phrase[0].lower() + phrase[1:] if common else phrase
