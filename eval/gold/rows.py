"""A row of gold as it is written, and the case that it becomes."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from eval.types import GoldCase, GoldEvidence
from indexes.errors import FootnoteError
from rag.types import Turn


class GoldError(FootnoteError):
    """A gold file is wrong: the message names the file, the line and the key."""

    kind = "bad-gold"


def _check_text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


NonEmptyText = Annotated[str, AfterValidator(_check_text)]


class PlaceRow(BaseModel):
    """Evidence as it is written. Benchmarks give ``start`` and ``end``, characters of the file in ``docs/``."""

    path: NonEmptyText = Field(validation_alias=AliasChoices("path", "file"))
    page: PositiveInt | None = None
    section: NonEmptyText | None = None
    lines: tuple[PositiveInt, PositiveInt] | None = None
    quote: NonEmptyText | None = None
    start: NonNegativeInt | None = None
    end: NonNegativeInt | None = None

    @field_validator("path")
    @classmethod
    def _within_documents(cls, path: str) -> str:
        """A gold file must not make us read other files of the machine."""
        if "\0" in path or path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise ValueError("is no path within the folder of documents")
        return path

    @field_validator("lines")
    @classmethod
    def _ascending(cls, lines: tuple[int, int] | None) -> tuple[int, int] | None:
        if lines and lines[0] > lines[1]:
            raise ValueError("the last line comes before the first")
        return lines

    def evidence(self, docs: Path) -> GoldEvidence:
        """Return the evidence, with the quote at ``start``. Raises ``GoldError`` where the file has no such text."""
        quote = self.quote
        if quote is None and self.start is not None and self.end is not None:
            quote = _read_text(docs / self.path)[self.start : self.end]
            if not quote.strip():
                raise GoldError(f"{self.path} has no text from character {self.start} to {self.end}")
        return GoldEvidence(self.path, self.page, self.section, self.lines, quote)


class TurnRow(BaseModel):
    """A turn of the conversation before the question."""

    role: Literal["user", "assistant"]
    text: str = Field(validation_alias=AliasChoices("text", "content"))


class CaseRow(BaseModel):
    """A gold question as it is written: our keys, or a benchmark's ``answer`` and ``gold``. Other keys are ignored."""

    id: NonEmptyText
    question: NonEmptyText
    answers: list[NonEmptyText] | None = None
    answer: str | int | float | list[str] | None = None
    evidence: list[PlaceRow] = Field(validation_alias=AliasChoices("evidence", "gold"))
    answerable: bool
    kind: str | None = Field(None, validation_alias=AliasChoices("kind", "type"))
    tags: list[NonEmptyText] | None = None
    history: list[TurnRow] | None = None

    @model_validator(mode="after")
    def _answers_of_a_benchmark(self) -> Self:
        """Unanswerable questions may have an answer in words that says so: it is dropped."""
        if self.answers is None:
            answer = f"{self.answer:.15g}" if isinstance(self.answer, (int, float)) else self.answer or ""
            answers = answer if isinstance(answer, list) else [answer]
            self.answers = [text for text in answers if self.answerable and text.strip()]
        return self

    def case(self, docs: Path) -> GoldCase:
        """Return the case, whose documents are in the folder ``docs``. Raises ``GoldError``."""
        return GoldCase(
            id=self.id,
            question=self.question,
            answers=tuple(self.answers or ()),
            evidence=tuple(place.evidence(docs) for place in self.evidence),
            answerable=self.answerable,
            kind=self.kind or "",
            tags=tuple(self.tags or ()),
            history=tuple(Turn(turn.role, turn.text) for turn in self.history or ()),
        )


def validation_message(error: ValidationError) -> str:
    """Return the first problem in words, with its key."""
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"no {key!r}"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Invalid JSON: ")
    return f"{key}: {message}" if key else f"not a gold row: {message}"


def numbered_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the file's lines that are not empty, numbered from 1. Raises ``GoldError``."""
    try:
        lines = file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise GoldError(f"{file} cannot be read: {error.strerror}.") from error
    yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


@lru_cache(maxsize=4)  # benchmarks ask many questions about one file in turn
def _read_text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GoldError(f"{file}, of which characters are given, cannot be read: {error}") from error
