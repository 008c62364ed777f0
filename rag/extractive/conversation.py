"""The offline answerer in a conversation: what a question stands for is answered, and each that is joined in it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from indexes.protocols import Encoder
from rag.prompting import prompts
from rag.prompting.prompts import Source
from rag.protocols import ChatModel
from rag.question.decomposition import leans, questions_in
from rag.question.followups import standing
from rag.types import Confidence, Piece, Turn

_WHOLE = 0.5
"""What likeness to the whole question counts, beside that to a part of it."""


class OfflineConversation:
    """Asks ``model``, which reads a question by its words alone, what is meant by the words of a conversation.

    Of a question about the answer before, that is the question before: its answer is its proof. Of several joined in
    one, each; those that have no answer are told as a model tells them.
    """

    def __init__(self, model: ChatModel, encoder: Encoder) -> None:
        self._model = model
        self._encoder = encoder

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, system: str, turns: Sequence[Turn]) -> AsyncGenerator[Piece]:
        text, sources = prompts.read_user_turn(turns[-1])
        asked = standing([*(turn.text for turn in turns[:-1] if turn.role == "user"), text])
        parts, earlier = questions_in(asked[-1]), asked[-2:-1]
        given = await asyncio.to_thread(self._ordered, asked[-1], parts, sources)
        replies = [await self._reply(system, part, given[part], _before(part, parts, earlier)) for part in parts]
        if len(parts) == 1 or not any(reply.answers for reply in replies):
            replies = replies[:1] if len(parts) == 1 else [await self._reply(system, asked[-1], sources, earlier)]
        for piece in _joined(parts, replies):
            yield piece

    def _ordered(self, whole: str, parts: Sequence[str], sources: Sequence[Source]) -> Mapping[str, Sequence[Source]]:
        """The sources by their likeness to each of several parts, and to the whole: a part may leave out what it is
        asked of."""
        if len(parts) == 1 or not sources:
            return dict.fromkeys(parts, sources)
        found = self._encoder.encode([f"{source.context}\n{source.text}" for source in sources])
        *each, together = self._encoder.encode_query([*parts, whole]) @ found.T
        order = [(-(row + _WHOLE * together)).argsort() for row in each]
        return {part: [sources[n] for n in places] for part, places in zip(parts, order, strict=True)}

    async def _reply(self, system: str, question: str, sources: Sequence[Source], earlier: Sequence[str]) -> "_Reply":
        turns = [*(Turn("user", before) for before in earlier), prompts.user_turn(question, sources)]
        text, confidence = "", 0.0
        async with aclosing(self._model.stream(system, turns)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Confidence):
                    confidence = piece.value
                elif isinstance(piece, str):
                    text += piece
        return _Reply(text, confidence)


@dataclass(frozen=True, slots=True)
class _Reply:
    text: str
    confidence: float

    @property
    def answers(self) -> bool:
        return not self.text.startswith(prompts.NO_ANSWER)


def _before(part: str, parts: Sequence[str], earlier: Sequence[str]) -> Sequence[str]:
    """What a part's words may lean on: what was asked before, and the first part where it points back."""
    if part == parts[0]:
        return earlier
    return ["\n".join([parts[0], *earlier])] if leans(part) else ()


def _joined(parts: Sequence[str], replies: Sequence[_Reply]) -> list[Piece]:
    """One reply: each line once, then the parts that have no answer; as sure as of what it answers least surely."""
    answered = [reply for reply in replies if reply.answers]
    if not answered:
        return [Confidence(max(reply.confidence for reply in replies)), prompts.NO_ANSWER]
    lines = dict.fromkeys(line for reply in answered for line in reply.text.splitlines())
    left = [part for part, reply in zip(parts, replies, strict=False) if not reply.answers]
    told = [f"{line}\n" for line in lines] + [f"{prompts.NOT_ANSWERED}: {part}\n" for part in left]
    return [Confidence(min(reply.confidence for reply in answered)), *told]
