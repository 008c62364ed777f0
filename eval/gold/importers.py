"""Question sets of others become sets of ours: a folder with ``docs/`` and ``questions.jsonl``."""

import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, NonNegativeInt, ValidationError

from eval.gold.files import write_gold
from eval.gold.rows import NonEmptyText, validation_message
from eval.types import GoldCase, GoldEvidence
from indexes.errors import FootnoteError
from indexes.text.sentences import sentence_spans

_NAME_BYTES = 120
"""Of a file's name; file systems take 255."""
_Model = TypeVar("_Model", bound=BaseModel)


class ImportFormatError(FootnoteError):
    """What was to be imported is not of that format: the message names the file and the place in it."""

    kind = "bad-import"


class _Answer(BaseModel):
    text: NonEmptyText
    answer_start: NonNegativeInt


class _Question(BaseModel):
    id: NonEmptyText
    question: str
    answers: list[_Answer] = []
    is_impossible: bool = False


class _Paragraph(BaseModel):
    context: str
    qas: list[_Question]


class _Article(BaseModel):
    title: str
    paragraphs: list[_Paragraph]


class _Squad(BaseModel):
    data: list[_Article]


class _Document(BaseModel):
    id: NonEmptyText = Field(validation_alias="_id")
    title: str | None = None
    text: str


class _Query(BaseModel):
    id: NonEmptyText = Field(validation_alias="_id")
    text: NonEmptyText


@dataclass
class ImportedSet:
    """A set as it is written."""

    folder: Path
    documents: int = 0
    questions: int = 0
    left_out: list[str] = field(default_factory=list)
    """What is no question or no document, in words."""
    _names: set[str] = field(default_factory=set)
    _ids: set[str] = field(default_factory=set)

    def document(self, name: str, title: str, text: str) -> str:
        """Its path: a safe name, and one of its own also where letters of both cases are alike."""
        safe = re.sub(r"[^\w.-]+", "_", name).strip("._") or "untitled"
        safe = safe.encode()[:_NAME_BYTES].decode(errors="ignore")
        names = chain([safe], (f"{safe}-{number}" for number in count(2)))
        unused = next(name for name in names if name.casefold() not in self._names)
        self._names.add(unused.casefold())
        heading = f"# {' '.join(title.split())}\n\n" if title.strip() else ""
        (self.folder / "docs" / f"{unused}.md").write_text(f"{heading}{text}\n", encoding="utf-8")
        self.documents += 1
        return f"{unused}.md"

    def question(self, case: GoldCase, where: str) -> None:
        """Raises ``ImportFormatError`` where an earlier question has its id: gold has each once."""
        if case.id in self._ids:
            raise ImportFormatError(f"{where}: id: {case.id!r} was there before.")
        self._ids.add(case.id)
        with (self.folder / "questions.jsonl").open("a", encoding="utf-8") as file:
            file.write(write_gold([case]))
        self.questions += 1


def import_squad(source: Path, out: Path) -> ImportedSet:
    """SQuAD 1.1 or 2.0: a document an article; the evidence is the sentences in which the answers stand.

    Raises ``ImportFormatError``; then nothing is written.
    """
    try:
        squad = _Squad.model_validate_json(source.read_bytes())
    except OSError as error:
        raise ImportFormatError(f"{source} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise ImportFormatError(f"{source} is not SQuAD: {validation_message(error)}.") from error
    with _new_set(out) as made:
        for number, article in enumerate(squad.data):
            _import_article(made, article, f"{source}: data.{number}")
    return made


def _import_article(made: ImportedSet, article: _Article, where: str) -> None:
    text = "\n\n".join(paragraph.context for paragraph in article.paragraphs)
    path = made.document(article.title, article.title.replace("_", " "), text)
    for number, paragraph in enumerate(article.paragraphs):
        for place, asked in enumerate(paragraph.qas):
            at = f"{where}.paragraphs.{number}.qas.{place}"
            if asked.question.strip():
                made.question(_squad_case(asked, paragraph.context, path, text, at), at)
            else:
                made.left_out.append(f"{at} asks nothing")


def _squad_case(asked: _Question, context: str, path: str, article: str, where: str) -> GoldCase:
    answers = [] if asked.is_impossible else asked.answers
    for answer in answers:
        if not context.startswith(answer.text, answer.answer_start):
            raise ImportFormatError(
                f"{where}: {answer.text!r} is not at character {answer.answer_start} of its context."
            )
    return GoldCase(
        id=asked.id,
        question=asked.question.strip(),
        answers=tuple(dict.fromkeys(answer.text for answer in answers)),
        evidence=(GoldEvidence(path, quote=_quote(answers, context, article)),) if answers else (),
        answerable=bool(answers),
        kind="squad",
    )


def _quote(answers: list[_Answer], context: str, article: str) -> str:
    """The sentences from the first answer to the last; the paragraph where the article says them again elsewhere."""
    start = min(answer.answer_start for answer in answers)
    end = max(answer.answer_start + len(answer.text) for answer in answers)
    within = [span for span in sentence_spans(context) if span[0] < end and start < span[1]]
    quote = context[within[0][0] : within[-1][1]] if within else context
    return quote if article.count(quote) == 1 else context


def import_beir(source: Path, out: Path) -> ImportedSet:
    """A BEIR folder: corpus.jsonl, queries.jsonl, qrels/test.tsv. A question's tags tell which id each file had.

    Raises ``ImportFormatError``; then nothing is written.
    """
    relevant = _relevant(source / "qrels" / "test.tsv")
    with _new_set(out) as made:
        paths = dict[str, str]()
        for where, document in _lines(source / "corpus.jsonl", _Document):
            if document.id in paths:
                raise ImportFormatError(f"{where}: _id: {document.id!r} was there before.")
            if document.text.strip() or (document.title or "").strip():
                paths[document.id] = made.document(document.id, document.title or "", document.text)
            else:
                made.left_out.append(f"{where} says nothing")
        for where, query in _lines(source / "queries.jsonl", _Query):
            if query.id in relevant:
                made.question(_beir_case(query, relevant.pop(query.id), paths), where)
        if relevant:
            raise ImportFormatError(f"{source}/qrels/test.tsv: there is no query {next(iter(relevant))!r}.")
    return made


def _beir_case(query: _Query, relevant: list[tuple[str, str]], paths: dict[str, str]) -> GoldCase:
    for where, name in relevant:
        if name not in paths:
            raise ImportFormatError(f"{where}: there is no document {name!r} in corpus.jsonl, or it says nothing.")
    found = {name: paths[name] for _, name in relevant}
    return GoldCase(
        id=query.id,
        question=query.text,
        answers=(),
        evidence=tuple(GoldEvidence(path) for path in found.values()),
        answerable=True,
        kind="beir",
        tags=tuple(f"{path}={name}" for name, path in found.items()),
    )


def _relevant(file: Path) -> dict[str, list[tuple[str, str]]]:
    """By query, the documents that are relevant to it, each with the line that says so."""
    found = defaultdict[str, list[tuple[str, str]]](list)
    for number, line in _numbered(file):
        row = line.decode(errors="replace").split("\t")
        if number == 1 and row[:1] == ["query-id"]:
            continue
        try:
            query, document, score = row
            relevant = int(score) > 0
        except ValueError as error:
            raise ImportFormatError(f"{file}:{number}: not a query, a document and a whole number.") from error
        if relevant:
            found[query].append((f"{file}:{number}", document))
    return found


def _lines(file: Path, model: type[_Model]) -> Iterator[tuple[str, _Model]]:
    """Each line's object, with its file and number."""
    for number, line in _numbered(file):
        try:
            yield f"{file}:{number}", model.model_validate_json(line)
        except ValidationError as error:
            raise ImportFormatError(f"{file}:{number}: {validation_message(error)}.") from error


def _numbered(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with file.open("rb") as lines:
            yield from ((number, line.rstrip(b"\r\n")) for number, line in enumerate(lines, 1) if line.strip())
    except OSError as error:
        raise ImportFormatError(f"{file} cannot be read: {error.strerror}.") from error


@contextmanager
def _new_set(out: Path) -> Iterator[ImportedSet]:
    """Whole or not at all: it is made beside its place and moved there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ImportFormatError(f"{out} is there and not empty: give a folder that is new.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-", ignore_cleanup_errors=True) as beside:
            made = ImportedSet(Path(beside) / out.name)
            (made.folder / "docs").mkdir(parents=True)
            yield made
            if not made.questions:
                raise ImportFormatError(f"There are no questions for {out}.")
            if out.exists():
                out.rmdir()
            shutil.move(made.folder, out)
    except OSError as error:
        raise ImportFormatError(f"{out} cannot be written: {error.strerror}.") from error
