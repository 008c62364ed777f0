"""Checks gold against the index that it is asked of: a gold file that is wrong measures nothing."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from eval.gold.coverage import coverage_notes
from eval.gold.files import GoldError, gold_lines
from eval.gold.lint_evidence import lint_answers, lint_evidence
from eval.gold.lint_keys import misspelt_keys
from eval.types import GoldCase
from indexes.protocols import Encoder
from indexes.text.tokenization import figures, words
from rag.answering.assistant import Assistant
from rag.answering.query_rewriting import search_query
from rag.engine.engine import Engine
from rag.errors import QuestionError
from rag.extractive.writer import ExtractiveWriter
from rag.question.validation import make_question
from rag.types import Question

Level = Literal["error", "warning", "note"]
_SIMILAR = 0.95
"""Cosine of two questions from which on they may be one."""


@dataclass(frozen=True, slots=True)
class LintFinding:
    """An error makes scores wrong; a warning is for a person to look at; a note says what the gold leaves out."""

    level: Level
    text: str
    line: int | None = None
    """None if it concerns the whole file."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class GoldLine:
    """A gold case with its line number and its question as the engine is asked it."""

    line: int
    case: GoldCase
    question: Question

    def finding(self, level: Level, text: str) -> LintFinding:
        """Return a finding about this line."""
        return LintFinding(level, text, self.line, self.case.id)

    def words(self) -> tuple[str, ...]:
        """Return the words that are searched for: equal for questions that ask the same."""
        return tuple(words(search_query(self.question).whole))


def read_gold_lines(file: Path) -> tuple[list[GoldLine], list[LintFinding]]:
    """Return the questions that can be asked, and what is wrong with the other lines.

    Raises ``GoldError`` where there is no gold at all.
    """
    rows, findings = list[GoldLine](), list[LintFinding]()
    for line, case in gold_lines(file):
        if isinstance(case, GoldError):
            findings.append(LintFinding("error", str(case).removeprefix(f"{file}:{line}: "), line))
            continue
        try:
            rows.append(GoldLine(line, case, make_question(case.question, case.history)))
        except QuestionError as error:
            findings.append(LintFinding("error", str(error), line, case.id))
    if not rows and not findings:
        findings.append(LintFinding("error", "it holds no questions."))
    findings += [LintFinding("warning", text, line, id_) for line, id_, text in misspelt_keys(file)]
    return rows, findings


def lint_gold(rows: Sequence[GoldLine], engine: Engine) -> Iterator[LintFinding]:
    """Yield all findings but those of ``find_unexpected_answers``, which takes longer."""
    paths, documents = sorted(path for path, _ in engine.catalog.readers()), engine.catalog.document_at
    yield from _lint_repetitions(rows, engine.encoder)
    for row in rows:
        case = row.case
        if not case.answerable and (case.answers or case.evidence):
            yield row.finding("error", "it is marked as having no answer, and has answers or evidence.")
        if case.answerable and not (case.answers or case.evidence):
            yield row.finding("warning", "it has neither answers nor evidence: it measures nothing.")
        problems = [problem for item in case.evidence for problem in lint_evidence(item, documents, paths)]
        yield from (row.finding(problem.level, problem.text) for problem in problems)
        if not any(problem.level == "error" for problem in problems) and (text := lint_answers(case, documents)):
            yield row.finding("warning", text)
    yield from (LintFinding("note", text) for text in coverage_notes([row.case for row in rows], paths))


def find_unexpected_answers(unanswerable: Iterable[GoldLine], engine: Engine) -> Iterator[LintFinding | None]:
    """For each question, yield what the offline answerer finds all the same; None where it declines as well."""
    writer = ExtractiveWriter(engine.encoder, min_confidence=engine.settings.answer.min_confidence)
    assistant = Assistant(engine, writer, limit=engine.settings.retrieval.limit)
    for row in unanswerable:
        answer = asyncio.run(assistant.answer(row.question))
        if answer.status == "declined":
            yield None
            continue
        citation = answer.citations[0]
        yield row.finding(
            "note",
            f"it is marked as having no answer; does {citation.passage.path}, {citation.locator}, give one "
            f"(confidence {answer.confidence:.2f})? “{' '.join(citation.quote.split())}”",
        )


def _lint_repetitions(rows: Sequence[GoldLine], encoder: Encoder) -> Iterator[LintFinding]:
    """Yield questions with the same id, the same words or nearly the same meaning.

    Questions with different figures are different: one asks about 2019, the other about 2020.
    """
    ids, questions = dict[str, int](), dict[tuple[str, ...], GoldLine]()
    for row in rows:
        if (first := ids.setdefault(row.case.id, row.line)) != row.line:
            yield row.finding("error", f"its id is that of line {first} too.")
        if (same := questions.setdefault(row.words(), row).line) != row.line:
            yield row.finding("warning", f"it asks the same as line {same}.")
    distinct = list(questions.values())
    if len(distinct) < 2:
        return
    texts = [search_query(row.question).whole for row in distinct]
    vectors = encoder.encode(texts)
    for n, row in enumerate(distinct[1:], 1):
        cosines = vectors[:n] @ vectors[n]
        nearest = int(np.argmax(cosines))
        if cosines[nearest] >= _SIMILAR and figures(texts[nearest]) == figures(texts[n]):
            other = distinct[nearest]
            yield row.finding("warning", f"it asks nearly the same as line {other.line}: “{other.case.question}”")
