"""A folder of documents that changes at random, and what an index must hold of each."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fakes.encoder import WordsEncoder
from indexes.errors import ReadError
from indexes.ingest.splitting import PassageSplitter
from indexes.readers.registry import read_file
from indexes.types import Document, Passage

PASSAGE_TOKENS = 48
"""Few, so that a small folder gives passages enough for several commits."""
_FEWEST, _MOST = 6, 22
_OVERHAULS = 0.1
_THINGS = "anchor barley candle dune ember ferry garnet harbour ivy jetty kiln lantern meadow nettle orchard".split()
_UNREADABLE = b"\0\1\2 no text"


@dataclass(frozen=True, slots=True)
class Version:
    """One file as it was read at one time."""

    path: str
    sha256: str
    text: str
    passages: tuple[Passage, ...]
    """Their ids are not the index's."""


@dataclass(slots=True)
class Folder:
    """``versions`` holds what can be read of each file; None where a file fails."""

    root: Path
    random: Random
    versions: dict[str, Version | None] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    """Every word that was ever a document's own."""
    earlier: dict[str, set[Version]] = field(default_factory=lambda: defaultdict(set))
    """All that could ever be read of each file."""
    _names: int = 0

    def change(self) -> str:
        """One to eight changes; returns what was done, for people to read."""
        return " ".join(self._change_once() for _ in range(self.random.randint(1, 8)))

    def _change_once(self) -> str:
        if len(self.versions) < _FEWEST:
            return self.add()
        removing: list[Callable[[], str]] = [self.remove] if len(self.versions) > _FEWEST else []
        adding: list[Callable[[], str]] = [self.add, self.copy] if len(self.versions) < _MOST else []
        changing = [self.edit, self.edit, self.rename, self.rename_and_edit, self.swap, self.spoil, self.touch]
        changing += [self.edit_all] if self.random.random() < _OVERHAULS else []
        return self.random.choice([*changing, *removing, *adding])()

    def add(self) -> str:
        path = self._new_path()
        self._write(path, self._content())
        return f"+{path}"

    def copy(self) -> str:
        source, path = self._any(), self._new_path()
        self._write(path, (self.root / source).read_bytes())
        return f"{source}={path}"

    def edit_all(self) -> str:
        """Enough for several commits."""
        return " ".join(self._edit(path) for path in sorted(self.versions))

    def edit(self) -> str:
        return self._edit(self._any())

    def _edit(self, path: str) -> str:
        """A new version keeps some of the old one's paragraphs."""
        old = (self.root / path).read_bytes()
        kept = [] if old.startswith(_UNREADABLE) else old.split(b"\n\n")[1:]
        kept = self.random.sample(kept, self.random.randint(0, len(kept)))
        self._write(path, b"\n\n".join([self._content(), *kept]))
        return f"~{path}"

    def rename(self) -> str:
        path, new = self._any(), self._new_path()
        self._move(path, new)
        return f"{path}>{new}"

    def rename_and_edit(self) -> str:
        path, new = self._any(), self._new_path()
        self._move(path, new)
        self._write(new, (self.root / new).read_bytes() + b"\n\n" + self._content())
        return f"{path}>~{new}"

    def swap(self) -> str:
        one, other = self.random.sample(sorted(self.versions), 2)
        (self.root / one).rename(self.root / "aside")
        (self.root / other).rename(self.root / one)
        (self.root / "aside").rename(self.root / other)
        self._note(one)
        self._note(other)
        return f"{one}<>{other}"

    def spoil(self) -> str:
        path = self._any()
        self._write(path, _UNREADABLE + str(self.random.random()).encode())
        return f"!{path}"

    def touch(self) -> str:
        path = self._any()
        os.utime(self.root / path)
        return f".{path}"

    def remove(self) -> str:
        path = self._any()
        (self.root / path).unlink()
        del self.versions[path]
        return f"-{path}"

    def _any(self) -> str:
        return self.random.choice(sorted(self.versions))

    def _new_path(self) -> str:
        self._names += 1
        return self.random.choice(("", "sub/")) + f"d{self._names}.{self.random.choice(('md', 'txt'))}"

    def _content(self) -> bytes:
        word = f"w{self.random.getrandbits(40)}"
        self.words.add(word)
        parts = [f"# Of {word}"]
        for part in range(self.random.choice((1, 3, 8, 40))):
            things = ", ".join(self.random.sample(_THINGS, 6))
            parts.append(f"Part {part} of {word} tells of {things}. It was written for {word} alone, and then kept.")
        return "\n\n".join(parts).encode()

    def _move(self, path: str, new: str) -> None:
        (self.root / path).rename(self._room(new))
        del self.versions[path]
        self._note(new)

    def _write(self, path: str, content: bytes) -> None:
        self._room(path).write_bytes(content)
        self._note(path)

    def _room(self, path: str) -> Path:
        (self.root / path).parent.mkdir(exist_ok=True)
        return self.root / path

    def _note(self, path: str) -> None:
        self.versions[path] = version = read_version(self.root, path)
        self.earlier[path] |= {version} - {None}


def splitter(encoder: WordsEncoder) -> PassageSplitter:
    return PassageSplitter(encoder.count_tokens, PASSAGE_TOKENS)


def read_version(root: Path, path: str) -> Version | None:
    """What an index must hold of a file; None where it cannot be read."""
    try:
        extraction = read_file(root / path)
    except ReadError:
        return None
    sha256 = hashlib.sha256((root / path).read_bytes()).hexdigest()
    document = Document("", path, extraction.title, "", sha256, extraction.text, extraction.sections)
    return Version(path, sha256, document.text, tuple(splitter(WordsEncoder()).split(document)))
