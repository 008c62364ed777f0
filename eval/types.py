"""The nouns of an evaluation."""

from dataclasses import dataclass

from rag.types import Turn


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the documents answer: a file, and a page of it where pages are known."""

    path: str
    page: int | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class GoldCase:
    """A question, the answers that are right, and where they stand; no answers where the documents give none."""

    id: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    answerable: bool
    kind: str
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A cited or retrieved place, as far as it is scored."""

    file: str
    page: int | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the engine made of a gold case. ``error`` says why there is no answer."""

    id: str
    answer: str
    citations: tuple[Place, ...]
    contexts: tuple[Place, ...]
    abstained: bool
    latency: float
    """Seconds."""
    error: str | None = None
