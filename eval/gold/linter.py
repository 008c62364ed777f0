"""Checks gold against the index that it is asked of: a gold file that is wrong measures nothing."""

import asyncio
import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import AliasChoices, BaseModel

from eval.gold.evidence import Documents
from eval.gold.files import GoldError, gold_lines
from eval.gold.lint_evidence import lint_answers, lint_evidence
from eval.gold.rows import CaseRow, PlaceRow
from eval.types import GoldCase
from indexes.protocols import Encoder
from indexes.text.tokenization import figures, words
from rag.answering.assistant import Assistant
from rag.answering.query_rewriting import search_query
from rag.engine.engine import Engine
from rag.errors import QuestionError
from rag.extractive.writer import ExtractiveWriter
from rag.question.validation import make_question
from rag.types import Answer, Question

Level = Literal["error", "warning", "note"]
_ALIKE = 0.95
"""Cosine of two questions from which on they may be one."""
_FEW = 5
"""Questions of a kind below which nothing can be said of it."""
_MISSPELT = 0.8
"""Likeness to a known key from which on a key may be one."""
_NAMED = 5
"""Of many things, those that are named."""


def _keys_of(model: type[BaseModel]) -> set[str]:
    """By which a row is read."""
    aliases = ((name, of.validation_alias) for name, of in model.model_fields.items())
    return {key for name, of in aliases for key in (map(str, of.choices) if isinstance(of, AliasChoices) else [name])}


_CASE_KEYS, _PLACE_KEYS = _keys_of(CaseRow), _keys_of(PlaceRow)


@dataclass(frozen=True, slots=True)
class LintFinding:
    """An error makes scores wrong; a warning is for a person to look at; a note says what the gold leaves out."""

    level: Level
    text: str
    line: int | None = None
    """None where it is the whole file's."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class GoldLine:
    """A gold case with its line, and as it is asked."""

    line: int
    case: GoldCase
    question: Question

    def finding(self, level: Level, text: str) -> LintFinding:
        return LintFinding(level, text, self.line, self.case.id)


def read_gold_lines(file: Path) -> tuple[list[GoldLine], list[LintFinding]]:
    """What can be asked, and what is wrong with the other lines. Raises ``GoldError`` where there is no gold at all."""
    asked, findings = list[GoldLine](), list[LintFinding]()
    for line, case in gold_lines(file):
        if isinstance(case, GoldError):
            findings.append(LintFinding("error", str(case).removeprefix(f"{file}:{line}: "), line))
            continue
        try:
            asked.append(GoldLine(line, case, make_question(case.question, case.history)))
        except QuestionError as error:
            findings.append(LintFinding("error", str(error), line, case.id))
    if not asked and not findings:
        findings.append(LintFinding("error", "it holds no questions."))
    return asked, [*findings, *_unknown_keys(file)]


def _unknown_keys(file: Path) -> Iterator[LintFinding]:
    """A key that is misspelt is passed over when gold is read. A benchmark's own keys are no mistake."""
    if file.suffix.lower() == ".csv":
        columns = next(csv.reader(file.read_text("utf-8-sig").splitlines()), [])
        yield from (LintFinding("warning", told, 1) for told in _strange(columns, _CASE_KEYS | _PLACE_KEYS, ours=False))
        return
    for number, line in enumerate(file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        row = _object(line)
        ours = bool(row.keys() & {"answers", "evidence"})
        places = [row.get("evidence"), row.get("gold")]
        keys = [
            key for items in places if isinstance(items, list) for one in items if isinstance(one, dict) for key in one
        ]
        strange = [*_strange(row, _CASE_KEYS, ours=ours), *_strange(keys, _PLACE_KEYS, ours=ours)]
        yield from (LintFinding("warning", told, number, str(row.get("id", ""))) for told in strange)


def _object(line: bytes) -> dict[str, object]:
    """Empty where the line is none: what it is instead was told when it was read."""
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _strange(keys: Iterable[str], known: Set[str], *, ours: bool) -> Iterator[str]:
    """All that are not known, or only those that are nearly a known one."""
    for key in dict.fromkeys(keys):
        near = get_close_matches(key, known, n=1, cutoff=_MISSPELT)
        if key not in known and (ours or near):
            yield f"it has a key “{key}”, which is passed over{f': is “{near[0]}” meant' if near else ''}."


def lint_gold(asked: Sequence[GoldLine], engine: Engine) -> Iterator[LintFinding]:
    """Everything but ``find_unexpected_answers``, which takes its time."""
    paths = sorted(path for path, _ in engine.catalog.readers())
    yield from _repeated(asked, engine.encoder)
    for one in asked:
        yield from _shape(one)
        yield from _evidence(one, engine.catalog.document_at, paths)
    yield from _left_out([one.case for one in asked], paths)


def find_unexpected_answers(unanswerable: Iterable[GoldLine], engine: Engine) -> Iterator[LintFinding | None]:
    """For each, what the offline answerer finds all the same; None where it declines as well."""
    writer = ExtractiveWriter(engine.encoder, min_confidence=engine.settings.answer.min_confidence)
    assistant = Assistant(engine, writer, limit=engine.settings.retrieval.limit)
    for one in unanswerable:
        yield _answered(one, asyncio.run(assistant.answer(one.question)))


def _shape(one: GoldLine) -> Iterator[LintFinding]:
    case = one.case
    if not case.answerable and (case.answers or case.evidence):
        yield one.finding("error", "it is said to have no answer, and has answers or evidence.")
    if case.answerable and not (case.answers or case.evidence):
        yield one.finding("warning", "it has neither answers nor evidence: nothing can be measured by it.")


def _evidence(one: GoldLine, documents: Documents, paths: Sequence[str]) -> Iterator[LintFinding]:
    faults = [fault for item in one.case.evidence for fault in lint_evidence(item, documents, paths)]
    yield from (one.finding(fault.level, fault.text) for fault in faults)
    if not any(fault.level == "error" for fault in faults) and (told := lint_answers(one.case, documents)):
        yield one.finding("warning", told)


def _answered(one: GoldLine, answer: Answer) -> LintFinding | None:
    if answer.status == "declined":
        return None
    cited = answer.citations[0]
    return one.finding(
        "note",
        f"it is said to have no answer; does {cited.passage.path}, {cited.locator}, give one "
        f"(confidence {answer.confidence:.2f})? “{' '.join(cited.quote.split())}”",
    )


def _repeated(asked: Sequence[GoldLine], encoder: Encoder) -> Iterator[LintFinding]:
    ids, questions = dict[str, int](), dict[tuple[str, ...], int]()
    for one in asked:
        first = ids.setdefault(one.case.id, one.line)
        if first != one.line:
            yield one.finding("error", f"its id is that of line {first} too.")
        same = questions.setdefault(_read(one), one.line)
        if same != one.line:
            yield one.finding("warning", f"it asks the same as line {same}.")
    yield from _alike([one for one in asked if questions[_read(one)] == one.line], encoder)


def _alike(asked: Sequence[GoldLine], encoder: Encoder) -> Iterator[LintFinding]:
    """Questions that differ in a figure are two: of 2019 and of 2020."""
    if len(asked) < 2:
        return
    texts = [search_query(one.question).whole for one in asked]
    vectors = encoder.encode(texts)
    for n, one in enumerate(asked[1:], 1):
        cosines = vectors[:n] @ vectors[n]
        near = int(np.argmax(cosines))
        if cosines[near] >= _ALIKE and figures(texts[near]) == figures(texts[n]):
            yield one.finding(
                "warning", f"it asks nearly the same as line {asked[near].line}: “{asked[near].case.question}”"
            )


def _read(one: GoldLine) -> tuple[str, ...]:
    return tuple(words(search_query(one.question).whole))


def _left_out(cases: Sequence[GoldCase], paths: Sequence[str]) -> Iterator[LintFinding]:
    without = sorted(set(paths) - {item.path for case in cases for item in case.evidence})
    if without:
        share = f"{len(paths) - len(without)} of {len(paths)} documents have a question"
        yield LintFinding("note", f"{share}; none asks about {_some(without)}.")
    few = [f"{kind} ({n})" for kind, n in sorted(Counter(case.kind for case in cases if case.kind).items()) if n < _FEW]
    if few:
        yield LintFinding("note", f"kinds with fewer than {_FEW} questions, of which little can be said: {_some(few)}.")
    unanswered = sum(case.answerable and not case.answers for case in cases)
    if unanswered:
        yield LintFinding(
            "note", f"{unanswered} answerable questions have no answers: they measure what is found alone."
        )


def _some(names: Iterable[str]) -> str:
    named = list(names)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
