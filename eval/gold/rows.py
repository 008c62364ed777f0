"""A row of gold as it is written, and the case that it becomes."""

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
    model_validator,
)

from eval.types import GoldCase, GoldEvidence
from indexes.errors import FootnoteError
from rag.types import Turn


class GoldError(FootnoteError):
    """A gold file is wrong: the message names the file, the line and the key."""

    kind = "bad-gold"


def _said(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


def _within(path: str) -> str:
    """A gold file is no way to read any other file of the machine."""
    if "\0" in path or path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ValueError("is no path within the folder of documents")
    return path


def _ascending(lines: tuple[int, int]) -> tuple[int, int]:
    if lines[0] > lines[1]:
        raise ValueError("the last line comes before the first")
    return lines


NonEmptyText = Annotated[str, AfterValidator(_said)]


class PlaceRow(BaseModel):
    """``start`` and ``end``, as benchmarks have them, are characters of the file as it lies in the set's ``docs/``."""

    path: Annotated[NonEmptyText, AfterValidator(_within)] = Field(validation_alias=AliasChoices("path", "file"))
    page: PositiveInt | None = None
    section: NonEmptyText | None = None
    lines: Annotated[tuple[PositiveInt, PositiveInt], AfterValidator(_ascending)] | None = None
    quote: NonEmptyText | None = None
    start: NonNegativeInt | None = None
    end: NonNegativeInt | None = None

    def evidence(self, docs: Path) -> GoldEvidence:
        """Raises ``GoldError`` where a benchmark's characters are not to be had."""
        quote = self.quote
        if quote is None and self.start is not None and self.end is not None:
            quote = _text(docs / self.path)[self.start : self.end]
            if not quote.strip():
                raise GoldError(f"{self.path} has no text from character {self.start} to {self.end}")
        return GoldEvidence(self.path, self.page, self.section, self.lines, quote)


class TurnRow(BaseModel):
    role: Literal["user", "assistant"]
    text: str = Field(validation_alias=AliasChoices("text", "content"))


class CaseRow(BaseModel):
    """``answers`` and ``evidence``, or a benchmark's ``answer`` and ``gold``; other keys are passed over."""

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
        """Where nothing is to be answered, some write in words that nothing is."""
        if self.answers is None:
            given = self.answer if isinstance(self.answer, list) else [_plain(self.answer)]
            self.answers = [answer for answer in given if self.answerable and answer.strip()]
        return self

    def case(self, docs: Path) -> GoldCase:
        """Raises ``GoldError`` where evidence is not to be had."""
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
    """The first thing that is wrong, in words, with its key."""
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"no {key!r}"
    told = first["msg"].removeprefix("Value error, ").removeprefix("Invalid JSON: ")
    return f"{key}: {told}" if key else f"not a gold row: {told}"


def _plain(answer: str | float | None) -> str:
    return "" if answer is None else answer if isinstance(answer, str) else f"{answer:.15g}"


@lru_cache(maxsize=4)
def _text(file: Path) -> str:
    """Benchmarks ask many questions of a file in turn."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GoldError(f"{file}, of which characters are given, cannot be read: {error}") from error
