"""What a model is given: of what was found the most valuable, of what was said the latest, as its window holds them."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from indexes.text.sentences import sentence_spans
from indexes.text.token_count import estimate_tokens
from indexes.types import Hit, Passage
from rag.citations.markers import without_markers
from rag.errors import QuestionTooLongError
from rag.prompting import prompts
from rag.safety.invisible_text import strip_invisible
from rag.types import Context, LeftOut, Question, Turn

Counter = Callable[[str], int]
"""Tokens in a text."""
_SAID_SHARE = 0.25
"""Of the room that is left, what the conversation may take."""
_MESSAGE = 8
"""Tokens by which servers mark a message's bounds, about twice what is usual."""
_TOKEN_CHARS = 20
"""No token of prose is as long: what stands beyond need not be counted."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a model reads and writes at once, in its tokens; of those, ``reply`` are kept for its answer."""

    tokens: float = float("inf")
    reply: int = 0
    count: Counter = estimate_tokens

    def left(self, *texts: str) -> float:
        return self.tokens - self.reply - sum(self.count(text) + _MESSAGE for text in texts)


OPEN = Window()
"""Without an end: of a model that is none."""


def fit(question: Question, hits: Sequence[Hit], window: Window = OPEN, system: str = prompts.SYSTEM) -> Context:
    """Choose the hits and earlier turns that the window has room for.

    Raises ``QuestionTooLongError`` if it has no room for the question and a sentence of a source.
    """
    room = window.left(system, prompts.user_turn(question.text, ()).text)
    said = [prompts.said(turn) for turn in latest(question.history, room * _SAID_SHARE, window.count)]
    while said and said[0].role == "assistant":  # servers' templates take no conversation that the model begins
        said = said[1:]
    given = _given(hits, room - sum(window.count(turn.text) + _MESSAGE for turn in said), window.count)
    if hits and not given:
        raise QuestionTooLongError(
            f"The question leaves no room for a source in the {window.tokens:,} tokens that the model takes, of which "
            f"{window.reply:,} are for its answer: shorten it, or raise llm.context_tokens if the model takes more."
        )
    shortened = sum(one.passage.text != hit.passage.text for one, hit in zip(given, hits, strict=False))
    left_out = LeftOut(len(hits) - len(given), shortened, len(question.history) - len(said))
    return Context(tuple(given), tuple(said), left_out)


def latest(turns: Sequence[Turn], room: float, count: Counter, each: float = float("inf")) -> list[Turn]:
    """The latest turns that have room in all, and ``each`` for itself: of one that has not, the beginning is kept.

    The numbers of earlier answers name other sources, and are left out.
    """
    kept: list[Turn] = []
    for turn in reversed(turns):
        whole = without_markers(strip_invisible(turn.text))
        text = _beginning(whole, min(room, each) - _MESSAGE, count)
        if text:
            kept.append(Turn(turn.role, text))
        if text != whole and room <= each:
            break
        room -= count(text) + _MESSAGE
    return kept[::-1]


def _given(hits: Sequence[Hit], room: float, count: Counter) -> list[Hit]:
    """Best first and whole, while there is room; of the first that has not enough, what stands in its beginning."""
    given: list[Hit] = []
    for number, hit in enumerate(hits, start=1):
        size = _size(number, hit.passage, count)
        if size > room:
            if short := _shortened(number, hit.passage, room, count):
                given.append(replace(hit, passage=short))
            break
        given.append(hit)
        room -= size
    return given


def _shortened(number: int, passage: Passage, room: float, count: Counter) -> Passage | None:
    """Up to the last sentence that has room, where it stood in its document; None where the first has none."""

    def until(end: int) -> Passage:
        return replace(passage, text=passage.text[:end], locator=passage.locate(0, end))

    ends = [end for _, end in sentence_spans(passage.text)]
    fitting = bisect_right(ends, room, key=lambda end: _size(number, until(end), count))
    return until(ends[fitting - 1]) if fitting else None


def _size(number: int, passage: Passage, count: Counter) -> int:
    return count(f"{prompts.block(prompts.source(number, passage))}\n\n")


def _beginning(text: str, room: float, count: Counter) -> str:
    if room == float("inf") or count(text) <= room:
        return text
    text = text[: max(0, int(room)) * _TOKEN_CHARS]
    return text[: bisect_right(range(1, len(text) + 1), room, key=lambda end: count(text[:end]))]
