"""Proposes English questions about a passage by rule, where a sentence or a table's row is simple enough."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from eval.drafting.sentence_questions import MONEY, MONTH, NUMBER, PERCENT, sentence_questions
from eval.drafting.table_cells import Cell, askable_cells, cell_question
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
_MIN_WORDS, _MAX_WORDS = 6, 40
_FACT = re.compile(
    rf"{MONEY}(?:(?: to |–){MONEY})?(?![\w.,-]*\d)|(?:{NUMBER}(?: ?%)?(?: to |–|-)|(?<![\w.,$£€-])){PERCENT}|"
    rf"(?<![\w-])(?:\d{{1,2}} )?{MONTH}(?: \d{{1,2}},)? \d{{4}}\b|(?<=\b[Ii]n )[12]\d{{3}}(?=[ .])|"
    rf"{NUMBER} (?:million |billion |working |calendar )?(?:days|weeks|months|years|hours|minutes|people|pages)\b"
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
        for question, answer in sentence_questions(sentence, passage.text):
            bare = "" if _NAME.search(question[1:]) else question
            yield Proposal("sentence", with_title(bare, passage) if bare else question, answer, start, end, bare)
        if fact := _FACT.search(sentence):
            topic = _NUMBERING.sub("", passage.locator.heading[-1]) if passage.locator.heading else ""
            own = set(stems(topic)) - set(stems(document_name(passage)))  # what it says beyond the document's name
            if len(own & set(stems(sentence))) * 2 >= len(own) > 0 and not topic.endswith(("?", ":")):
                question = f"What does “{document_name(passage)}” say about “{topic}”?"
                yield Proposal("heading", question, sentence, start, end)
            gap = f"{sentence[: fact.start()]}____{sentence[fact.end() :]}"
            yield Proposal("cloze", with_title(f"What is missing here: “{gap}”", passage), fact[0], start, end)
