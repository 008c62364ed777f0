"""An answer as it is written, before it is checked."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from indexes.types import Passage
from rag.citations.markers import Mark
from rag.safety.output_filter import FilteredMarkerStream, OutputFilter
from rag.types import Confidence, CutShort, Piece, Quoted, RawReply, Unanswered, Usage


class Draft:
    """The text a writer wrote, with numbered markers, and everything it reported beside the text."""

    def __init__(self, passages: Sequence[Passage], question: str = "") -> None:
        self.passages = passages
        self.reply = ""
        """The model's own words, with the model's own numbers."""
        self.unanswered = ""
        self.usage = Usage()
        self.confidence: float | None = None
        self.cut_short = ""
        self._stream = FilteredMarkerStream(passages, question)

    @property
    def text(self) -> str:
        """The text that was shown. It is empty if the writer declined."""
        return self._stream.text

    @property
    def marks(self) -> list[Mark]:
        """The markers in ``text``, in order."""
        return self._stream.marks()

    async def read(self, pieces: AsyncIterator[Piece]) -> AsyncGenerator[str]:
        """Yield the text as it settles. Read to the end even if the model declines: its usage comes last."""
        async for piece in pieces:
            if text := self._take(piece):
                yield text
        if text := self._stream.finish():
            yield text

    def _take(self, piece: Piece) -> str:
        match piece:
            case str():
                return self._stream.feed(piece)
            case Quoted():
                return self._stream.quote(piece)
            case Usage():
                self.usage = piece
            case Confidence(value):
                self.confidence = value
            case CutShort(reason):
                self.cut_short = reason
            case RawReply(reply):
                self.reply = reply
            case Unanswered(part):
                output_filter = OutputFilter(frozenset())
                self.unanswered = output_filter.feed(part) + output_filter.finish()
        return ""
