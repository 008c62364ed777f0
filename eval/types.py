"""The data types of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import FiniteFloat

from rag.types import Decliner, Turn, Usage, Verdict

_UNKNOWN = Usage()
Status = Literal["answered", "partly", "unverified", "declined", "retrieved", "failed"]
"""As ``rag.types.Status``; ``retrieved`` where nothing was to be answered, ``failed`` where there is an error."""


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """Where the documents answer: a file and, as far as known, its page, section, lines and quote."""

    path: str
    page: int | None = None
    section: str | None = None
    """A heading: all text under it."""
    lines: tuple[int, int] | None = None
    """First and last, counted as a citation's: from 1 on the page, or in the file where there are no pages."""
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class GoldCase:
    """A question, its right answers and their evidence; no answers where the documents give none."""

    id: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[GoldEvidence, ...]
    answerable: bool
    kind: str = ""
    tags: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """A place in an indexed document: ``start`` and ``end`` are characters of ``Document.text``."""

    path: str
    page: int | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage that was retrieved."""

    place: Location
    title: str
    heading: tuple[str, ...]
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class CitedQuote:
    """A footnote of an answer."""

    number: int
    place: Location
    quote: str
    support: float


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence of an answer with its markers, and the result of its verification."""

    text: str
    citations: tuple[int, ...]
    support: float
    verdict: Verdict
    contradicted: bool = False
    """Whether its source says otherwise."""


@dataclass(frozen=True, slots=True)
class Row:
    """The engine's answer to a gold case: a line of ``rows.jsonl``."""

    id: str
    status: Status
    gold: tuple[Location, ...] = ()
    """The case's evidence in the index; no ``start`` and ``end`` if it is a whole page or file, or was not found."""
    retrieved: tuple[RetrievedPassage, ...] = ()
    """Best first."""
    answer: str = ""
    """Markers included."""
    citations: tuple[CitedQuote, ...] = ()
    sentences: tuple[AnswerSentence, ...] = ()
    confidence: float | None = None
    model: str = ""
    usage: Usage = _UNKNOWN
    cost: float | None = None
    """In the currency of ``llm.input_price``; None if tokens or prices are unknown."""
    cached: bool = False
    """Whether a model's reply came from the cache: then the timings are not this run's."""
    timings: Mapping[str, float] | None = None
    """Seconds by stage, ``total`` among them."""
    error: str | None = None
    """Why there is no answer."""
    unanswered: str = ""
    """The part of the question that the answer leaves open."""
    declined_by: Decliner | Literal["check"] | None = None
    """As ``rag.types.Answer.declined_by``; ``check`` in runs of earlier versions."""

    @property
    def declined(self) -> bool:
        """Whether the status is ``declined``."""
        return self.status == "declined"

    @property
    def answers(self) -> bool:
        """Whether it gives an answer: in full, in part, or one that no source bears out."""
        return self.status in ("answered", "partly", "unverified")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one question, from 0 to 1 unless ``about`` says otherwise."""

    name: str
    about: str
    better: Literal["higher", "lower"] = "higher"
    kind: Literal["rate", "mean"] = "mean"
    """A rate's values are 0 or 1."""
    guarded: bool = False
    """Whether a gate checks it by default."""
    margin: float = 0.0
    """How much worse its mean may become before a gate checks it."""
    of_answer: bool = False
    """Whether the answer decides if it applies: precision of citations needs citations."""


@dataclass(frozen=True, slots=True)
class CaseScores:
    """The metrics that apply to a question: a line of ``scores.jsonl``."""

    id: str
    kind: str
    cluster: str
    """The document's path, else the question's id: errors on one document are correlated."""
    status: Status
    scores: Mapping[str, FiniteFloat]
    gold: str = ""
    """Hash of the case: it changes when the question is edited."""
