"""What a model writes, as it comes: its words with our numbers, and what it tells beside them."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from indexes.types import Hit
from rag.answering.sentinels import Sentinels
from rag.safety.output_filter import Screen, ScreenedStream
from rag.types import Confidence, CutShort, Piece, Usage


class Draft:
    """An answer before it is checked."""

    def __init__(self, hits: Sequence[Hit], question: str = "") -> None:
        self.passages = [hit.passage for hit in hits]
        self.markers = ScreenedStream(self.passages, question)
        self.reply = ""
        """As the model wrote it, with its own numbers."""
        self.usage = Usage()
        self.confidence: float | None = None
        self.cut_short = ""
        self._sentinels = Sentinels()

    @property
    def text(self) -> str:
        """What was shown of it: nothing where the model declined."""
        return self.markers.text

    @property
    def unanswered(self) -> str:
        screen = Screen(frozenset())
        return screen.feed(self._sentinels.unanswered) + screen.finish()

    async def read(self, pieces: AsyncIterator[Piece]) -> AsyncGenerator[str]:
        """The text in pieces, as it is settled. To the end where the model declines: the usage comes last."""
        async for piece in pieces:
            match piece:
                case Usage():
                    self.usage = piece
                case Confidence(value):
                    self.confidence = value
                case CutShort(reason):
                    self.cut_short = reason
                case str() if text := self._taken(piece):
                    yield text
        if text := self.markers.feed(self._sentinels.finish()) + self.markers.finish():
            yield text

    def _taken(self, piece: str) -> str:
        self.reply += piece
        return self.markers.feed(self._sentinels.feed(piece))
