"""The nouns of an answer: frozen, typed, and free of any vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from indexes.types import ALL, PUBLIC, Audience, Filters, Hit, Locator, Passage, Query

Status = Literal["answered", "partly", "declined"]
Verdict = Literal["supported", "weak", "unsupported", "uncited"]
Decliner = Literal["search", "model", "check"]
Span: TypeAlias = tuple[int, int]
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, after what was said before, by whom, and of which documents."""

    text: str
    history: tuple[Turn, ...] = ()
    audience: Audience = PUBLIC
    filters: Filters = ALL
    recency_days: float | None = None
    """As ``Query.recency_days``."""
    language: str | None = None
    """The tag of the one to answer in, where a model answers, as ``make_language`` gives it; else the question's."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What had no room in the model's context window."""

    passages: int = 0
    """Of those found, the least valuable."""
    shortened: int = 0
    """Passages that were given up to the end of a sentence only."""
    turns: int = 0
    """Of the conversation, the oldest."""

    def __str__(self) -> str:
        """In a sentence; nothing where nothing was left out."""
        counts = ((self.passages, "passage", "found"), (self.shortened, "passage", "in full"))
        parts = [f"{_counted(number, noun)} {what}" for number, noun, what in counts if number]
        parts += [f"{_counted(self.turns, 'earlier message')} of the conversation"] if self.turns else []
        return f"The model's context window had no room for {', '.join(parts)}." if parts else ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was searched for, and what was found, best first."""

    query: Query
    hits: tuple[Hit, ...]
    left_out: LeftOut = LeftOut()
    """Of the hits and of the conversation, what the model was not given."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A footnote: ``document.text[locator.char_start:locator.char_end] == quote``."""

    number: int
    passage: Passage
    quote: str
    locator: Locator
    answer_spans: tuple[Span, ...]
    """Where its markers stand in ``Answer.text``, brackets included."""
    support: float
    """How well the quote bears out the sentence that cites it first, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer, and what came of checking it: ``answer.text[start:end]`` with its markers."""

    text: str
    start: int
    end: int
    citations: tuple[int, ...]
    support: float
    verdict: Verdict
    finding: str = ""
    """A fact in it that its sources have not, or say otherwise, in words, or why it could not be compared; or empty."""
    foreign: bool = False
    """Whether it is in another language than its source and not borne out: only figures and names were compared."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the model's own server counted them; None where it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    """Of the input, what the server had read before, and bills for less."""
    cost: float | None = None
    """In the currency of ``llm.input_price``; None where prices or tokens are not known."""

    def __add__(self, other: "Usage") -> "Usage":
        """What was counted of both: of two calls, one may not be told."""
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cached_input_tokens, other.cached_input_tokens),
            _sum(self.cost, other.cost),
        )


def _sum(one: _Number | None, other: _Number | None) -> _Number | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What is searched for in place of a question, and what it took to find the words."""

    query: Query
    usage: Usage | None = None
    """Of the call to a model, were it in vain; None where none was made."""


@dataclass(frozen=True, slots=True)
class Opinions:
    """How likely each claim follows from its premise, 0 to 1, None where nothing was said of it; and what it took."""

    probabilities: tuple[float | None, ...]
    usage: Usage | None = None
    """Of a call to a model, were it in vain; None where none was made."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure a model is that the sources answer, 0 to 1; told by those that know."""

    value: float


@dataclass(frozen=True, slots=True)
class CutShort:
    """A reply ended before the model was done."""

    reason: str
    """In words that follow a colon."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A line of an answer, word for word from a passage: ``passage.text[start:end]``, on one line."""

    text: str
    passage: Passage
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The part of the question that the writer says the passages do not answer; empty if there is none."""

    part: str


@dataclass(frozen=True, slots=True)
class RawReply:
    """A model's whole reply, as the model wrote it."""

    text: str


ModelPiece: TypeAlias = str | Usage | Confidence | CutShort
"""A piece of a chat model's reply."""
Piece: TypeAlias = ModelPiece | Quoted | Unanswered | RawReply
"""A piece of a writer's answer. In text, ``[n]`` cites the n-th passage that the writer was given."""


@dataclass(frozen=True, slots=True)
class Context:
    """The passages and earlier turns that a writer is given, and the rest that had no room."""

    hits: tuple[Hit, ...]
    turns: tuple[Turn, ...] = ()
    left_out: LeftOut = LeftOut()


@dataclass(frozen=True, slots=True)
class Revision:
    """A request to write an answer again: the first reply, and its sentences that no source bears out."""

    reply: str
    doubtful: tuple[str, ...]
    nothing_else: bool
    """Whether no sentence was borne out."""


@dataclass(frozen=True, slots=True)
class Near:
    """A place in a document that may be worth a look, though it does not answer."""

    path: str
    title: str
    locator: Locator


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, the proof of it, and how it came about."""

    question: Question
    text: str
    """Markdown with markers ``[1]``, ``[2]``… numbered in order of first use."""
    status: Status
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    """Those that claim something: a heading, a line that leads in to a list, and code are none."""
    retrieval: Retrieval
    model: str
    confidence: float = 0.0
    """From 0 to 1: the model's own where it tells, else how well its sentences are borne out, on average."""
    usage: Usage = Usage()
    """Of all calls that it took."""
    cut_short: str = ""
    """Why the model was stopped before it was done; empty where it was not."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage: ``rewrite``, where a model was asked to; ``retrieve``, ``first_token``, ``generate``,
    ``check``, ``retry``, where the model was asked again; ``total``."""
    unanswered: str = ""
    """The part of the question that the documents do not answer; where the status is ``partly``."""
    declined_by: Decliner | None = None
    """Where it is declined: nothing near was found, the model said so, or nothing that it said was borne out."""
    nearest: tuple[Near, ...] = ()
    """Where it is declined: what lies near the question all the same, best first, a place a document."""
    cached: bool = False
    """Whether it was kept from an earlier time that the same was asked: then nothing was used."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages are there; the model starts to write."""

    retrieval: Retrieval


@dataclass(frozen=True, slots=True)
class Delta:
    """More of the answer's text: the deltas, joined, are the text as it was streamed."""

    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The checked answer. Its text stands in for what was streamed."""

    answer: Answer


Event: TypeAlias = Retrieved | Delta | Completed
