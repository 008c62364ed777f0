"""Passages in any number, to measure size: real ones recombined, or words by a law. None is stored."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexes.ingest.documents import document_id
from indexes.ingest.embedding import encoded_hash, encoder_text
from indexes.protocols import Encoder, Splitter
from indexes.readers.registry import read_file
from indexes.storage.catalog import FileState, FileVersion
from indexes.text.sentences import sentence_spans
from indexes.text.tokenization import STOP_WORDS
from indexes.types import Document, Locator, Passage, Section

PER_DOCUMENT = 12
KEPT_SHARE = 0.6
"""The share of a source passage's sentences that its copies keep."""
NOISE = 0.3
"""The length of the noise added to a copy's unit vector."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A real passage, its sentences and its vector."""

    passage: Passage
    sentences: Sequence[str]
    vector: NDArray[np.float32]


def read_sources(docs: Path, encoder: Encoder, splitter: Splitter, most: int, rng: random.Random) -> list[Source]:
    """Return about ``most`` passages of whole documents, taken at random."""
    files = sorted(path for path in docs.rglob("*") if path.suffix in {".md", ".txt"})
    rng.shuffle(files)
    passages: list[Passage] = []
    while files and len(passages) < most:
        file = files.pop()
        content, path = read_file(file), file.relative_to(docs).as_posix()
        document = Document(document_id(path), path, content.title, "text/plain", "", content.text, content.sections)
        passages += splitter.split(document)
    vectors = encoder.encode([encoder_text(passage) for passage in passages])
    return [
        Source(p, [p.text[a:b] for a, b in sentence_spans(p.text)], v) for p, v in zip(passages, vectors, strict=True)
    ]


def recombine(sets: Sequence[Sequence[Source]], passages: int, seed: int) -> Iterator[FileVersion]:
    """Yield documents of ``PER_DOCUMENT`` passages, modelled on consecutive passages of one set."""
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    for number, start in enumerate(range(0, passages, PER_DOCUMENT)):
        sources = rng.choice(sets)
        first = rng.randrange(len(sources))
        models = [sources[(first + n) % len(sources)] for n in range(min(PER_DOCUMENT, passages - start))]
        pieces = [_mix(model, rng.choices(sources, k=2), rng, noise) for model in models]
        yield _make_document(f"{number % 100:02}/{number:06}.txt", number, models, pieces)


def _mix(
    model: Source, others: Sequence[Source], rng: random.Random, noise: np.random.Generator
) -> tuple[str, NDArray[np.float32]]:
    """A text as long as the model's, of its sentences and others', and their vectors mixed by length."""
    own = [(sentence, model.vector) for sentence in model.sentences if rng.random() < KEPT_SHARE] or [
        (model.sentences[0], model.vector)
    ]
    added = [(sentence, other.vector) for other in others for sentence in other.sentences]
    rng.shuffle(added)
    chosen, room = own, len(model.passage.text) - sum(len(sentence) for sentence, _ in own)
    for sentence, vector in added:
        if len(sentence) <= room:
            chosen, room = [*chosen, (sentence, vector)], room - len(sentence)
    rng.shuffle(chosen)
    mixed = np.sum([len(sentence) * vector for sentence, vector in chosen], axis=0)
    error = noise.standard_normal(len(mixed))
    vector = mixed / np.linalg.norm(mixed) + NOISE * error / np.linalg.norm(error)
    return " ".join(sentence for sentence, _ in chosen), np.asarray(vector / np.linalg.norm(vector), np.float32)


def _make_document(
    path: str, number: int, models: Sequence[Source], pieces: Sequence[tuple[str, NDArray[np.float32]]]
) -> FileVersion:
    """Its title has a number, so that no text mentions it: titles of real documents are unique too."""
    text = "\n\n".join(piece for piece, _ in pieces)
    title = f"{models[0].passage.title}, part {number}"
    document = Document(document_id(path), path, title, "text/plain", path, text, (Section(0, len(text)),))
    stored, start = [], 0
    for n, (model, (piece, vector)) in enumerate(zip(models, pieces, strict=True)):
        place = replace(document.locate(start, start + len(piece)), heading=model.passage.locator.heading)
        passage = Passage(f"{path}:{n}", document.id, path, title, model.passage.context, piece, place)
        stored.append((passage, encoded_hash(passage), vector.tobytes()))
        start += len(piece) + 2
    return FileVersion(FileState(path, path, len(text), 1), [(document, stored)])


class Zipf:
    """Words distributed by the law of Zipf and Mandelbrot; the commonest are English stop words."""

    def __init__(self, words: int, seed: int) -> None:
        self._words = np.array([*sorted(STOP_WORDS), *(_make_word(n) for n in range(words - len(STOP_WORDS)))])
        self._shares = np.cumsum(1 / (np.arange(words) + 2.7) ** 1.07)
        self._rng = np.random.default_rng(seed)

    def texts(self, passages: int, length: int) -> list[str]:
        """Return texts of so many words each."""
        drawn = self._rng.random((passages, length)) * self._shares[-1]
        return [" ".join(row) for row in self._words[np.searchsorted(self._shares, drawn)]]

    def question(self) -> str:
        """Return 3 to 8 words without stop words, with the distribution of the texts."""
        least = self._shares[len(STOP_WORDS) - 1]
        drawn = least + self._rng.random(self._rng.integers(3, 9)) * (self._shares[-1] - least)
        return " ".join(self._words[np.searchsorted(self._shares, drawn)])

    def documents(self, passages: int, length: int) -> Iterator[FileVersion]:
        """Yield documents without end, each of one line; its passages share a vector."""
        for number in count():
            path, texts = f"{number:06}.txt", self.texts(passages, length)
            text = " ".join(texts)
            document = Document(document_id(path), path, path, "text/plain", path, text, (Section(0, len(text)),))
            vector = np.eye(4, dtype=np.float32)[number % 4].tobytes()
            stored, start = [], 0
            for n, piece in enumerate(texts):
                place = Locator(start, start + len(piece), 1, 1)
                stored.append((Passage(f"{path}:{n}", document.id, path, path, "", piece, place), path, vector))
                start += len(piece) + 1
            yield FileVersion(FileState(path, path, len(text), 1), [(document, stored)])


def _make_word(number: int) -> str:
    """Of syllables, and different for each number."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprtvz" for vowel in "aou"]
    word = syllables[number % len(syllables)]
    while number := number // len(syllables):
        word += syllables[number % len(syllables)]
    return f"{word}k"
