"""Imports question sets of other formats as our sets: a folder with ``docs/`` and ``questions.jsonl``."""

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
"""At most in a file's name; file systems take 255."""
_Model = TypeVar("_Model", bound=BaseModel)


class ImportFormatError(FootnoteError):
    """The source is not of its format: the message names the file and the place in it."""

    kind = "bad-import"


class _Answer(BaseModel):
    text: NonEmptyText
    answer_start: NonNegativeInt


class _Question(BaseModel):
    id: NonEmptyText
    question: str
    answers: list[_Answer] = []
    is_impossible: bool = False

    def case(self, context: str, path: str, article: str, where: str) -> GoldCase:
        """Return the case; its quote is the sentences from the first answer to the last.

        It is the whole paragraph where the article has those sentences twice.
        """
        answers, evidence = [] if self.is_impossible else self.answers, tuple[GoldEvidence, ...]()
        for answer in answers:
            if not context.startswith(answer.text, answer.answer_start):
                raise ImportFormatError(
                    f"{where}: {answer.text!r} is not at character {answer.answer_start} of its context."
                )
        if answers:
            start = min(answer.answer_start for answer in answers)
            end = max(answer.answer_start + len(answer.text) for answer in answers)
            within = [span for span in sentence_spans(context) if span[0] < end and start < span[1]]
            quote = context[within[0][0] : within[-1][1]] if within else context
            evidence = (GoldEvidence(path, quote=quote if article.count(quote) == 1 else context),)
        texts = tuple(dict.fromkeys(answer.text for answer in answers))
        return GoldCase(self.id, self.question.strip(), texts, evidence, answerable=bool(answers), kind="squad")


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
    """A set that is being written: its folder, and how much it holds."""

    folder: Path
    documents: int = 0
    questions: int = 0
    left_out: list[str] = field(default_factory=list)
    """What was empty, as a text each."""
    _names: set[str] = field(default_factory=set)
    _ids: set[str] = field(default_factory=set)

    def document(self, name: str, title: str, text: str) -> str:
        """Write a document and return its path: a safe name, unique also where case is ignored."""
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
        """Write a question. Raises ``ImportFormatError`` where an earlier one has its id."""
        if case.id in self._ids:
            raise ImportFormatError(f"{where}: id: {case.id!r} was there before.")
        self._ids.add(case.id)
        with (self.folder / "questions.jsonl").open("a", encoding="utf-8") as file:
            file.write(write_gold([case]))
        self.questions += 1


def import_squad(source: Path, out: Path) -> ImportedSet:
    """Import SQuAD 1.1 or 2.0: one document per article; the evidence is the sentences that hold the answers.

    Raises ``ImportFormatError``; then nothing is written.
    """
    try:
        squad = _Squad.model_validate_json(source.read_bytes())
    except OSError as error:
        raise ImportFormatError(f"{source} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise ImportFormatError(f"{source} is not SQuAD: {validation_message(error)}.") from error
    with _new_set(out) as gold_set:
        for number, article in enumerate(squad.data):
            text = "\n\n".join(paragraph.context for paragraph in article.paragraphs)
            path = gold_set.document(article.title, article.title.replace("_", " "), text)
            questions = [
                (f"{source}: data.{number}.paragraphs.{i}.qas.{j}", paragraph.context, question)
                for i, paragraph in enumerate(article.paragraphs)
                for j, question in enumerate(paragraph.qas)
            ]
            for where, context, question in questions:
                if question.question.strip():
                    gold_set.question(question.case(context, path, text, where), where)
                else:
                    gold_set.left_out.append(f"{where} asks nothing")
    return gold_set


def import_beir(source: Path, out: Path) -> ImportedSet:
    """Import a BEIR folder: corpus.jsonl, queries.jsonl, qrels/test.tsv. A question's tags give each file's BEIR id.

    Raises ``ImportFormatError``; then nothing is written.
    """
    relevant = _read_qrels(source / "qrels" / "test.tsv")
    with _new_set(out) as gold_set:
        paths = dict[str, str]()
        for where, document in _json_rows(source / "corpus.jsonl", _Document):
            if document.id in paths:
                raise ImportFormatError(f"{where}: _id: {document.id!r} was there before.")
            if document.text.strip() or (document.title or "").strip():
                paths[document.id] = gold_set.document(document.id, document.title or "", document.text)
            else:
                gold_set.left_out.append(f"{where} says nothing")
        for where, query in _json_rows(source / "queries.jsonl", _Query):
            if query.id in relevant:
                files = dict[str, str]()
                for line, name in relevant.pop(query.id):
                    if name not in paths:
                        raise ImportFormatError(
                            f"{line}: there is no document {name!r} in corpus.jsonl, or it is empty."
                        )
                    files[name] = paths[name]
                evidence = tuple(map(GoldEvidence, files.values()))
                tags = tuple(f"{path}={name}" for name, path in files.items())
                case = GoldCase(query.id, query.text, (), evidence, answerable=True, kind="beir", tags=tags)
                gold_set.question(case, where)
        if relevant:
            raise ImportFormatError(f"{source}/qrels/test.tsv: there is no query {next(iter(relevant))!r}.")
    return gold_set


def _read_qrels(file: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the relevant documents of each query, each with its file and line."""
    documents = defaultdict[str, list[tuple[str, str]]](list)
    for number, line in _numbered_lines(file):
        row = line.decode(errors="replace").split("\t")
        if number == 1 and row[:1] == ["query-id"]:
            continue
        try:
            query, document, score = row
            relevant = int(score) > 0
        except ValueError as error:
            raise ImportFormatError(f"{file}:{number}: not a query, a document and a whole number.") from error
        if relevant:
            documents[query].append((f"{file}:{number}", document))
    return documents


def _json_rows(file: Path, model: type[_Model]) -> Iterator[tuple[str, _Model]]:
    """Yield each line's object with its file and line number."""
    for number, line in _numbered_lines(file):
        try:
            yield f"{file}:{number}", model.model_validate_json(line)
        except ValidationError as error:
            raise ImportFormatError(f"{file}:{number}: {validation_message(error)}.") from error


def _numbered_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with file.open("rb") as lines:
            yield from ((number, line.rstrip(b"\r\n")) for number, line in enumerate(lines, 1) if line.strip())
    except OSError as error:
        raise ImportFormatError(f"{file} cannot be read: {error.strerror}.") from error


@contextmanager
def _new_set(out: Path) -> Iterator[ImportedSet]:
    """Write a set beside its place, then move it there: it is whole or absent."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ImportFormatError(f"{out} exists and is not empty: give a new folder.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-", ignore_cleanup_errors=True) as beside:
            gold_set = ImportedSet(Path(beside) / out.name)
            (gold_set.folder / "docs").mkdir(parents=True)
            yield gold_set
            if not gold_set.questions:
                raise ImportFormatError(f"There are no questions for {out}.")
            if out.exists():
                out.rmdir()
            shutil.move(gold_set.folder, out)
    except OSError as error:
        raise ImportFormatError(f"{out} cannot be written: {error.strerror}.") from error
