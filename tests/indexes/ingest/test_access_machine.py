"""Folders, names, rules, edits, models and kills in any order: nothing protected becomes wider without leave."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Self

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from fakes.encoder import WordsEncoder
from fakes.no_chroma import NoChroma
from indexes.access.rules import AccessRule, is_wider, readers_of, readers_of_both
from indexes.errors import EncoderMismatchError, FolderError, IndexMissingError, WiderAccessError
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import SyncListener
from indexes.ingest.uploads import Uploads
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
    st.sampled_from(["a.md", "b.md", "c.zip"]),
)
GLOBS = st.sampled_from(["hr/**", "docs/hr/**", "**/hr/*", "open/**", "**/a.md", "*.md", "HR/**", "**/c.zip/*", "**"])
GROUPS = st.sampled_from([("hr",), ("board",), ("hr", "board"), (), (EVERYONE,)])
RULES = st.lists(st.builds(AccessRule, GLOBS, GROUPS), max_size=3)
ROOT = st.sampled_from([*FOLDERS, "./docs/", "open/../hr", "docs/hr", "open/a.md"])
ROOTS = st.lists(ROOT, min_size=1, max_size=3, unique_by=lambda root: Path("/", root).resolve())
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
        self.known = Known()
        for folder in FOLDERS:
            self.write(f"{folder}/hr/a.md")
        self.sync(99)

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    @rule(path=FILES)
    def write(self, path: str) -> None:
        self.words += 1
        self.make_room(path)
        text = f"About w{1000 + self.words}."
        if path.endswith(".zip"):
            with zipfile.ZipFile(self.place / path, "w") as file:
                file.writestr("p.md", text)
        else:
            (self.place / path).write_text(text)

    @rule(path=FILES, to=FILES)
    def move(self, path: str, to: str) -> None:
        """Over another one, where there is one."""
        if (self.place / path).exists() and alike(path, to):
            self.make_room(to, keep=path)
            (self.place / path).replace(self.place / to)

    @rule(path=FILES, to=FILES)
    def copy(self, path: str, to: str) -> None:
        if (self.place / path).exists() and alike(path, to) and path != to:
            text = (self.place / path).read_bytes()
            self.make_room(to)
            (self.place / to).write_bytes(text)

    @rule(path=FILES, to=FILES)
    def link(self, path: str, to: str) -> None:
        if (self.place / path).exists() and alike(path, to) and path != to:
            self.make_room(to)
            (self.place / to).symlink_to(self.place / path)

    @rule(path=FILES)
    def remove(self, path: str) -> None:
        (self.place / path).unlink(missing_ok=True)

    @rule(path=FILES)
    def take_away(self, path: str) -> None:
        """Out of all folders, until it is brought back somewhere else."""
        if (self.place / path).is_file() and not (self.place / path).is_symlink():
            (self.place / path).replace(self.place / f"away{Path(path).suffix}")

    @rule(to=FILES)
    def bring_back(self, to: str) -> None:
        if (taken := self.place / f"away{Path(to).suffix}").exists():
            self.make_room(to)
            taken.replace(self.place / to)

    def make_room(self, path: str, *, keep: str = "") -> None:
        """Have a folder, and no link that a write would follow."""
        (self.place / path).parent.mkdir(parents=True, exist_ok=True)
        if path != keep:
            (self.place / path).unlink(missing_ok=True)

    @rule(text=st.sampled_from(["Upload one.", "Upload two."]), groups=st.sampled_from([["hr"], [EVERYONE]]))
    def upload(self, text: str, groups: list[str]) -> None:
        Uploads(self.place / "index").add(io.BytesIO(text.encode()), "a.md", "", groups)

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

    @rule(lives=st.sampled_from([0, 1, 2, 3, 99, 99, 99]), whole=st.sampled_from([True, True, True, False]))
    def sync(self, lives: int, whole: bool = True) -> None:
        """All or the uploads alone, up to the end or until it is killed."""
        before = self.held()
        self.known.see(before)
        try:
            with suppress(InterruptedError, EncoderMismatchError):
                self.run(Dying(self.model, lives), whole=whole)
        except FolderError:
            assert self.held() == before
        except WiderAccessError:
            assert self.held() == before
            assert self.known.opened(before, self.given())
        assert self.known.opened(before, self.held()) == []

    def run(self, encoder: WordsEncoder, *, whole: bool) -> None:
        splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)
        with IndexWriter(self.place / "index", encoder, splitter, ReadingLimits(), self.rules, NoChroma) as writer:
            if whole:
                roots = [self.place / root for root in self.roots]
                writer.run(roots, SyncListener(), allow_delete=True, allow_unmatched_rules=True, **self.leave)
            else:
                writer.run_uploads(SyncListener())

    leave: ClassVar[Mapping[str, bool]] = {}

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
        for root in map(self.place.joinpath, self.roots):
            for file in [root] if root.is_file() else root.resolve().rglob("*.*"):
                path = self.path_of(file, root)
                readers = frozenset({EVERYONE})
                for other in {path, *self.real_paths(file)}:
                    for name in (other, f"{other}/p.md") if file.suffix == ".zip" else (other,):
                        names = [name, name.partition("/")[2]] if len(self.roots) > 1 and root.is_dir() else [name]
                        readers = readers_of_both(readers, frozenset(readers_of(names[0], self.rules, *names[1:])))
                held[f"{path}/p.md" if file.suffix == ".zip" else path] = words_of(file), readers
        return held

    def path_of(self, file: Path, root: Path) -> str:
        if root.is_file():
            return root.name
        below = str(file.relative_to(root.resolve()))
        return f"{root.resolve().name}/{below}" if len(self.roots) > 1 else below

    def real_paths(self, file: Path) -> list[str]:
        roots = [self.place / root for root in self.roots]
        real = file.resolve()
        return [self.path_of(real, r) for r in roots if r.is_dir() and real.is_relative_to(r.resolve())]


class Known:
    """Who could read what, when it was last in the index: by path, and by its words."""

    def __init__(self) -> None:
        self.by_path: dict[str, frozenset[str]] = {}
        self.by_text: dict[str, frozenset[str]] = {}

    def see(self, held: Held) -> None:
        self.by_path |= {path: readers for path, (_, readers) in held.items()}
        for text in {text for text, _ in held.values()}:
            self.by_text[text] = frozenset().union(*(readers for other, readers in held.values() if other == text))

    def opened(self, before: Held, now: Held) -> list[str]:
        """The documents that are wider now, at the same path or at another one. Uploads name their readers."""
        return [
            path
            for path, (text, readers) in now.items()
            if is_wider(readers, self.by_path.get(path, readers))
            or (is_wider(readers, self.by_text.get(text, readers)) and is_new(path, text, before))
        ]


def is_new(path: str, text: str, before: Held) -> bool:
    """Whether the text was not at the path before. Who uploads a text says who may read it."""
    return not path.startswith("uploads/") and before.get(path, ("",))[0] != text


def alike(path: str, to: str) -> bool:
    return Path(path).suffix == Path(to).suffix


def words_of(file: Path) -> str:
    if file.suffix != ".zip":
        return file.read_text()
    with zipfile.ZipFile(file) as packed:
        return packed.read("p.md").decode()


def explore(machine: type[AccessMachine], examples: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    chosen = settings(
        max_examples=examples,
        phases=phases,
        stateful_step_count=25,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    run_state_machine_as_test(machine, settings=chosen)  # type: ignore[no-untyped-call]  # hypothesis has no types here


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexes.ingest.sync.Sandbox", InProcess)
    monkeypatch.setattr("indexes.ingest.sync.BATCH", 1)  # each document is committed by itself


def test_no_sequence_without_leave_widens_what_was_protected() -> None:
    explore(AccessMachine, 60)


class WithLeave(AccessMachine):
    """Runs with the user's leave, as if nothing were guarded."""

    leave = MappingProxyType({"allow_wider_access": True})


def test_the_machine_finds_out_if_nothing_is_guarded() -> None:
    with pytest.raises(AssertionError):
        explore(WithLeave, 30, [Phase.generate])
