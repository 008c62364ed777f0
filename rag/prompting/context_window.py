"""Fits a model's context window: the best passages and the latest turns that it has room for."""

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
_HISTORY_SHARE = 0.25
"""Share of the room left that the conversation may take."""
_MESSAGE = 8
"""Tokens with which servers mark a message's bounds: about twice the usual number."""
_TOKEN_CHARS = 20
"""Characters. No token of prose is as long, so text beyond need not be counted."""


@dataclass(frozen=True, slots=True)
class Window:
    """A model's context window in tokens, of which ``reply`` are kept for its answer."""

    tokens: float = float("inf")
    reply: int = 0
    count: Counter = estimate_tokens

    def left(self, *texts: str) -> float:
        """Return the tokens left beside these messages."""
        return self.tokens - self.reply - sum(self.count(text) + _MESSAGE for text in texts)


OPEN = Window()
"""Without an end: of a model that is none."""


def fit(question: Question, hits: Sequence[Hit], window: Window = OPEN, system: str = prompts.SYSTEM) -> Context:
    """Choose the hits and earlier turns that the window has room for.

    Raises ``QuestionTooLongError`` if it has no room for the question and a sentence of a source.
    """
    room = window.left(system, prompts.user_turn(question.text, ()).text)
    turns = [prompts.history_turn(turn) for turn in latest(question.history, room * _HISTORY_SHARE, window.count)]
    while turns and turns[0].role == "assistant":  # servers' templates take no conversation that the model begins
        turns = turns[1:]
    given = _fitting_hits(hits, room - sum(window.count(turn.text) + _MESSAGE for turn in turns), window.count)
    if hits and not given:
        raise QuestionTooLongError(
            f"The question leaves no room for a source in the {window.tokens:,} tokens that the model takes, of which "
            f"{window.reply:,} are for its answer: shorten it, or raise llm.context_tokens if the model takes more."
        )
    shortened = sum(fitted.passage.text != hit.passage.text for fitted, hit in zip(given, hits, strict=False))
    left_out = LeftOut(len(hits) - len(given), shortened, len(question.history) - len(turns))
    return Context(tuple(given), tuple(turns), left_out)


def latest(turns: Sequence[Turn], room: float, count: Counter, each: float = float("inf")) -> list[Turn]:
    """Return the latest turns that fit in ``room`` tokens, each cut to ``each`` tokens.

    Markers are left out: the numbers of earlier answers name other sources.
    """
    kept: list[Turn] = []
    for turn in reversed(turns):
        text = whole = without_markers(strip_invisible(turn.text))
        limit = min(room, each) - _MESSAGE
        if limit != float("inf") and count(whole) > limit:
            text = whole[: max(0, int(limit)) * _TOKEN_CHARS]
            text = text[: bisect_right(range(1, len(text) + 1), limit, key=lambda end: count(text[:end]))]
        if text:
            kept.append(Turn(turn.role, text))
        if text != whole and room <= each:
            break
        room -= count(text) + _MESSAGE
    return kept[::-1]


def _fitting_hits(hits: Sequence[Hit], room: float, count: Counter) -> list[Hit]:
    """Return the hits that fit, best first. The first that does not is cut after its last fitting sentence."""

    def size(number: int, passage: Passage) -> int:
        return count(f"{prompts.block(prompts.source(number, passage))}\n\n")

    fitting: list[Hit] = []
    for number, hit in enumerate(hits, start=1):
        passage = hit.passage
        if size(number, passage) > room:
            cuts = [
                replace(passage, text=passage.text[:end], locator=passage.locate(0, end))
                for _, end in sentence_spans(passage.text)
            ]
            whole = bisect_right(cuts, room, key=lambda cut: size(number, cut))
            if whole:
                fitting.append(replace(hit, passage=cuts[whole - 1]))
            break
        fitting.append(hit)
        room -= size(number, passage)
    return fitting
