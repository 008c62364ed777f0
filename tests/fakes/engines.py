"""What the fixtures of ``conftest`` hand out: engines that are quick to open, and runs of the command line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - as every import of types here

from indexes.protocols import Encoder
from indexes.types import Matrix
from rag.engine.engine import Engine, Generation
from rag.settings import Settings

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
CORPUS = ROOT.parent / "shared" / "corpus"
"""Press articles, which are not part of the repository."""


class RememberingEncoder:
    """A real encoder that embeds each text once: questions over one index meet the same sentences again and again."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def dimensions(self) -> int:
        return self._encoder.dimensions

    @property
    def max_tokens(self) -> int:
        return self._encoder.max_tokens

    def count_tokens(self, text: str) -> int:
        return self._encoder.count_tokens(text)

    def encode(self, texts: Sequence[str], /) -> Matrix:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(new, self._encoder.encode(new), strict=True)
        return np.stack([self._known[text] for text in texts]) if texts else self._encoder.encode(texts)

    def encode_query(self, texts: Sequence[str], /) -> Matrix:
        """Those it is given embed a question as they do a text."""
        return self.encode(texts)


@dataclass(frozen=True)
class WarmGeneration(Generation):
    warm: RememberingEncoder

    @cached_property
    def encoder(self) -> Encoder:
        return self.warm


class WarmEngine(Engine):
    """An engine whose embedding model is loaded already."""

    def __init__(self, settings: Settings, warm: RememberingEncoder) -> None:
        super().__init__(settings)
        self._warm = warm

    def open_generation(self, folder: Path) -> Generation:
        return WarmGeneration(self.settings, folder, self._warm)


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left."""

    code: int
    out: str
    err: str


OpenEngine = Callable[..., Engine]
RunFootnote = Callable[..., Ran]
