"""The nouns of an answer: frozen, typed, and free of any vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from indexes.types import ALL, PUBLIC, Audience, Filters, Hit, Locator, Passage, Query

Status = Literal["answered", "partly", "unverified", "declined"]
Verdict = Literal["supported", "weak", "unsupported", "uncited"]
Decliner = Literal["search", "model"]
Span: TypeAlias = tuple[int, int]
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question, with its conversation, its audience and the filters on documents."""

    text: str
    history: tuple[Turn, ...] = ()
    audience: Audience = PUBLIC
    filters: Filters = ALL
    recency_days: float | None = None
    """As ``Query.recency_days``."""
    language: str | None = None
    """The tag of the language to answer in, as ``make_language`` returns it. None means the question's own."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Everything that had no room in the model's context window."""

    passages: int = 0
    """The least valuable of those found."""
    shortened: int = 0
    """Passages that were cut after a sentence."""
    turns: int = 0
    """The oldest of the conversation."""

    def __str__(self) -> str:
        """Say so in a sentence; empty if nothing was left out."""
        passages, shortened = (f"{n} passage{'s' * (n != 1)}" for n in (self.passages, self.shortened))
        turns = f"{self.turns} earlier message{'s' * (self.turns != 1)} of the conversation"
        parts = [f"{passages} found"] * bool(self.passages) + [f"{shortened} in full"] * bool(self.shortened)
        parts += [turns] * bool(self.turns)
        return f"The model's context window had no room for {', '.join(parts)}." if parts else ""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The query and its hits, best first."""

    query: Query
    hits: tuple[Hit, ...]
    left_out: LeftOut = LeftOut()
    """The part of the hits and the conversation that the model was not given."""
    unmatched_filters: bool = False
    """Whether no document that the asker may read is within the filters, so that nothing was searched."""
    searched_languages: tuple[str, ...] = ()
    """The languages of the documents, by name, if the question is in another and was searched for as it stands."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A footnote: ``document.text[locator.char_start:locator.char_end] == quote``."""

    number: int
    passage: Passage
    quote: str
    locator: Locator
    answer_spans: tuple[Span, ...]
    """The spans of its markers in ``Answer.text``, brackets included."""
    support: float
    """How well the quote supports the first sentence that cites it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A checked sentence of the answer: ``answer.text[start:end]``, with its markers."""

    text: str
    start: int
    end: int
    citations: tuple[int, ...]
    support: float
    verdict: Verdict
    finding: str = ""
    """In words: a fact that its sources lack or contradict, a figure calculated from theirs, which of its citations
    does not say it, or why it could not be compared; or empty."""
    foreign: bool = False
    """Whether it is in another language than its source, and unproven: only figures and names were compared."""
    contradicted: bool = False
    """Whether it is unsupported because its source says otherwise, rather than nothing of it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the model's server counted them; None if it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    """The part of the input that the server had cached, and bills for less."""
    cost: float | None = None
    """In the currency of ``llm.input_price``; None if prices or tokens are unknown."""

    def __add__(self, other: "Usage") -> "Usage":
        """Add the counts of two calls. An unknown count adds nothing."""
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
    """The search query of a question, and the usage of rewriting it."""

    query: Query
    usage: Usage | None = None
    """The usage of the call to a model, even a vain one; None if there was no call."""


@dataclass(frozen=True, slots=True)
class Opinions:
    """The probability that each claim follows from its premise, or None if there is no opinion; and the usage."""

    probabilities: tuple[float | None, ...]
    usage: Usage | None = None
    """The usage of the call to a model, even a vain one; None if there was no call."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure a writer is that the passages answer, 0 to 1."""

    value: float


@dataclass(frozen=True, slots=True)
class CutShort:
    """The end of a reply before the model was done."""

    reason: str
    """In words, to stand after a colon."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A line of an answer, word for word from a passage: ``passage.text[start:end]``, on one line.

    The cells of a table's row may have their heads before them.
    """

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


@dataclass(frozen=True, slots=True)
class Discarded:
    """A model's word that the text before this was its reasoning, and the answer begins here."""


ModelPiece: TypeAlias = str | Usage | Confidence | CutShort | Discarded
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
    """A place worth a look, although it does not answer the question."""

    path: str
    title: str
    locator: Locator


@dataclass(frozen=True, slots=True)
class Answer:
    """The text, its proof, and how it came about."""

    question: Question
    text: str
    """Markdown with markers ``[1]``, ``[2]``… numbered in order of first use."""
    status: Status
    """``unverified`` if a model wrote the text and no source bears out any of it."""
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    """The sentences that claim something. Headings, lead-ins to lists and code claim nothing."""
    retrieval: Retrieval
    model: str
    confidence: float = 0.0
    """From 0 to 1: the writer's own, or else the mean support of the sentences."""
    usage: Usage = Usage()
    """The sum over all calls."""
    cut_short: str = ""
    """Why the model was stopped before it was done; empty if it was not."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage: ``retrieve``, ``first_token``, ``generate``, ``check``, ``total``; ``rewrite`` and ``retry`` if
    a model was called for them."""
    unanswered: str = ""
    """The part of the question that the documents do not answer; only if it is neither declined nor ``answered``."""
    declined_by: Decliner | None = None
    """What declined: the search found nothing near, or the model said so."""
    nearest: tuple[Near, ...] = ()
    """If it is declined or unverified: the places nearest to the question, best first, one for each document."""
    cached: bool = False
    """Whether it comes from the cache. Then no model was used."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages are found, and the writer starts."""

    retrieval: Retrieval


@dataclass(frozen=True, slots=True)
class Delta:
    """More of the answer's text. Joined, the deltas are the streamed text."""

    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The checked answer. Its text replaces the streamed text."""

    answer: Answer


Event: TypeAlias = Retrieved | Delta | Completed
