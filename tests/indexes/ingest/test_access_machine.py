"""Folders, names, rules, edits, models and kills in any order: nothing protected becomes wider without leave."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from fakes.encoder import WordsEncoder
from fakes.no_chroma import NoChroma
from indexes.access.rules import AccessRule, is_wider, readers_of
from indexes.errors import IndexMissingError, WiderAccessError
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import SyncListener
from indexes.ingest.writer import IndexWriter
from indexes.readers.registry import read_file
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file
from indexes.types import EVERYONE, Extraction, Matrix

FOLDERS = ("docs", "hr", "open")
FILES = st.builds(
    "{}/{}{}".format,
    st.sampled_from(FOLDERS),
    st.sampled_from(["", "hr/", "docs/hr/"]),
    st.sampled_from(["a.md", "b.md"]),
)
GLOBS = st.sampled_from(["hr/**", "docs/hr/**", "**/hr/*", "open/**", "**/a.md", "*.md", "HR/**", "**"])
GROUPS = st.sampled_from([("hr",), ("board",), ("hr", "board"), (), (EVERYONE,)])
RULES = st.lists(st.builds(AccessRule, GLOBS, GROUPS), max_size=3)
ROOTS = st.lists(st.sampled_from(FOLDERS), min_size=1, max_size=3, unique=True)
MODELS = ("words", "others")
Held = Mapping[str, tuple[str, frozenset[str]]]
"""The documents of an index by path: their words and their readers."""


class Dying(WordsEncoder):
    """Is killed after so many batches."""

    def __init__(self, name: str, lives: int) -> None:
        super().__init__(name)
        self.lives = lives

    def encode(self, texts: Sequence[str], /) -> Matrix:
        self.lives -= 1
        if self.lives < 0:
            raise InterruptedError
        return super().encode(texts)


class InProcess:
    """Reads files without a worker."""

    def __init__(self, _: ReadingLimits) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, path: Path) -> Extraction:
        return read_file(path)


class AccessMachine(RuleBasedStateMachine):
    """Three folders, of which some are indexed."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="access-"))
        self.rules: list[AccessRule] = [AccessRule("hr/**", ("hr",))]
        self.roots, self.model, self.words = ["docs"], MODELS[0], 0
        for folder in FOLDERS:
            self.write(f"{folder}/hr/a.md")
        self.sync(99)

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    @rule(path=FILES)
    def write(self, path: str) -> None:
        self.words += 1
        (self.place / path).parent.mkdir(parents=True, exist_ok=True)
        (self.place / path).write_text(f"About w{1000 + self.words}.")

    @rule(path=FILES, to=FILES)
    def move(self, path: str, to: str) -> None:
        """Over another one, where there is one."""
        if (self.place / path).exists():
            (self.place / to).parent.mkdir(parents=True, exist_ok=True)
            (self.place / path).replace(self.place / to)

    @rule(path=FILES, to=FILES)
    def copy(self, path: str, to: str) -> None:
        if (self.place / path).exists() and path != to:
            (self.place / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.place / path, self.place / to)

    @rule(path=FILES)
    def remove(self, path: str) -> None:
        (self.place / path).unlink(missing_ok=True)

    @rule(folder=st.sampled_from(FOLDERS), to=st.sampled_from(FOLDERS))
    def swap_folders(self, folder: str, to: str) -> None:
        (self.place / folder).replace(self.place / "away")
        if folder != to:
            (self.place / to).replace(self.place / folder)
        (self.place / "away").replace(self.place / to)

    @rule(rules=RULES)
    def decide_who_may_read(self, rules: list[AccessRule]) -> None:
        self.rules = rules

    @rule(roots=ROOTS)
    def choose_folders(self, roots: list[str]) -> None:
        self.roots = roots

    @rule()
    def choose_the_other_model(self) -> None:
        self.model = next(model for model in MODELS if model != self.model)

    @precondition(lambda self: self.holds_documents())
    @rule(lives=st.sampled_from([0, 1, 2, 3, 99, 99, 99]))
    def sync(self, lives: int) -> None:
        """Up to the end, or until it is killed."""
        before = self.held()
        try:
            with suppress(InterruptedError):
                self.run(Dying(self.model, lives))
        except WiderAccessError:
            assert self.held() == before
            assert opened(before, self.given())
        assert opened(before, self.held()) == []

    def run(self, encoder: WordsEncoder) -> None:
        splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)
        with IndexWriter(self.place / "index", encoder, splitter, ReadingLimits(), self.rules, NoChroma) as writer:
            roots = [self.place / folder for folder in self.roots]
            writer.run(roots, SyncListener(), allow_delete=True, allow_unmatched_rules=True)

    def holds_documents(self) -> bool:
        return any(path.is_file() for folder in self.roots for path in (self.place / folder).rglob("*"))

    def held(self) -> Held:
        with suppress(IndexMissingError), closing(Catalog(catalog_file(self.generation()))) as catalog:
            documents = [document for path in catalog.files() for document in catalog.documents_in(path)]
            return {document.path: (document.text, frozenset(document.readers)) for document in documents}
        return {}

    def generation(self) -> Path:
        return Generations(self.place / "index").current

    def given(self) -> Held:
        """What the rules give to the files that are there."""
        held = {}
        for folder in self.roots:
            for file in (self.place / folder).rglob("*.md"):
                below = str(file.relative_to(self.place / folder))
                names = [f"{folder}/{below}", below] if len(self.roots) > 1 else [below]
                held[names[0]] = file.read_text(), frozenset(readers_of(names[0], self.rules, *names[1:]))
        return held


def opened(before: Held, now: Held) -> list[str]:
    """The documents that are wider now: at the same path, or moved to another one."""
    wider = [path for path in before.keys() & now.keys() if is_wider(now[path][1], before[path][1])]
    for text in {text for text, _ in before.values()}:
        there, here = ({path for path in held if held[path][0] == text} for held in (before, now))
        left = [before[path][1] for path in there - here]
        if left:
            could = frozenset().union(*left)
            wider += [path for path in here - there if is_wider(now[path][1], could)]
    return wider


def test_no_sequence_without_leave_widens_what_was_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexes.ingest.sync.Sandbox", InProcess)
    monkeypatch.setattr("indexes.ingest.sync.BATCH", 1)  # each document is committed by itself
    chosen = settings(
        max_examples=60,
        stateful_step_count=25,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    run_state_machine_as_test(AccessMachine, settings=chosen)  # type: ignore[no-untyped-call]  # hypothesis has no types here
