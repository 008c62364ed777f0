"""Changes, failures, restarts and damage in any order: the index is what a dictionary says."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from fakes.encoder import WordsEncoder
from indexes.access.rules import AccessRule, readers_of
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import SyncListener
from indexes.ingest.verification import verify
from indexes.ingest.writer import FULL_LEAVE, IndexWriter
from indexes.readers.sandbox import ReadingLimits
from indexes.search.retrievers import DenseRetriever, LexicalRetriever
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file, chroma_folder
from indexes.storage.lock import writer_lock
from indexes.types import PUBLIC, Audience, Query
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors

PATHS = st.sampled_from(["a.md", "b.txt", "c.md", "hr/d.md", "hr/e.txt"])
AUDIENCES = [PUBLIC, Audience(frozenset({"staff"})), Audience(frozenset({"board", "guests"}))]
RULES: list[Sequence[AccessRule]] = [
    (),
    (AccessRule("hr/**", ("staff",)),),
    (AccessRule("*.md", ("staff", "board")), AccessRule("hr/*.txt", ())),
]
MODELS = {"words": WordsEncoder("words", max_tokens=48), "others": WordsEncoder("others", dimensions=96, max_tokens=48)}
EVERYTHING, SHORT = 1000, 200


class SyncMachine(RuleBasedStateMachine):
    """``folder`` has each file's own word, None where it cannot be read; ``answering`` those that were committed."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="machine-"))
        self.docs, self.index = self.place / "docs", self.place / "index"
        (self.docs / "hr").mkdir(parents=True)
        self.folder: dict[str, str | None] = {}
        self.answering: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.rules = self.wanted = RULES[0]
        self.opened: Path | None = None
        self.model = "words"
        self.write("a.md", parts=30)
        self.sync()

    def teardown(self) -> None:
        self.close()
        shutil.rmtree(self.place)

    @rule(path=PATHS, parts=st.sampled_from([1, 1, 5, 30]))
    def write(self, path: str, parts: int) -> None:
        word = self.folder[path] = f"w{1000 + len(self.texts)}"
        told = [f"Part {part} of {word} tells of {word} once more, in as many words." for part in range(parts)]
        self.texts[word] = "\n\n".join([f"# Of {word}", *told])
        (self.docs / path).write_text(self.texts[word])

    @rule(path=PATHS)
    def spoil(self, path: str) -> None:
        self.folder[path] = None
        (self.docs / path).write_bytes(b"\0\1 no text")

    @rule(path=PATHS, to=PATHS)
    def rename(self, path: str, to: str) -> None:
        """Over another one, where there is one."""
        if path in self.folder and path != to:
            (self.docs / path).replace(self.docs / to)
            self.folder[to] = self.folder.pop(path)

    @rule(path=PATHS, to=PATHS)
    def copy(self, path: str, to: str) -> None:
        if path in self.folder and path != to:
            shutil.copy(self.docs / path, self.docs / to)
            self.folder[to] = self.folder[path]

    @precondition(lambda self: len(self.folder) > 1)
    @rule(path=PATHS)
    def remove(self, path: str) -> None:
        if path in self.folder:
            del self.folder[path]
            (self.docs / path).unlink()

    @rule(rules=st.sampled_from(RULES))
    def decide_who_may_read(self, rules: Sequence[AccessRule]) -> None:
        self.wanted = rules

    @rule()
    def sync(self) -> None:
        encoder = MODELS[self.model]
        splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)
        with IndexWriter(self.index, encoder, splitter, ReadingLimits(), self.wanted) as writer:
            report = writer.run([self.docs], SyncListener(), **FULL_LEAVE)
        spoilt = {path for path, word in self.folder.items() if word is None}
        assert report.failed.keys() == spoilt
        kept = {path: word for path, word in self.answering.items() if path in spoilt}
        self.answering = kept | {path: word for path, word in self.folder.items() if word}
        self.rules = self.wanted
        self.assert_answers()
        assert {fault.split(":")[0] for fault in verify(self.catalog, self.vectors)} == spoilt

    @rule()
    def index_with_the_other_model(self) -> None:
        self.model = next(model for model in MODELS if model != self.model)
        self.sync()

    @rule()
    def restart(self) -> None:
        self.close()
        self.assert_answers()

    @rule()
    def rebuild(self) -> None:
        with writer_lock(self.index):
            self.vectors.publish(force=True)
        self.assert_answers()
        assert self.vectors.faults() == []

    @rule(how=st.sampled_from(["deleted", "emptied", "graph cut", "database cut", "graph gone"]))
    def damage_chroma(self, how: str) -> None:
        self.close()
        chroma = chroma_folder(Generations(self.index).current)
        if how == "deleted" and chroma.exists():
            shutil.rmtree(chroma)
        for file in [file for file in chroma.rglob("*") if file.is_file()]:
            if how == "emptied" or (how, file.name) == ("graph gone", "link_lists.bin"):
                file.unlink()
            elif (how, file.name) in (("graph cut", "data_level0.bin"), ("database cut", "chroma.sqlite3")):
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        self.assert_answers()

    def assert_answers(self) -> None:
        self.open()
        assert self.catalog.files().keys() == self.answering.keys()
        for audience in AUDIENCES:
            visible = {path: word for path, word in self.answering.items() if self.may_read(path, audience)}
            for word in self.texts:
                self.assert_found(word, {path for path in visible if visible[path] == word}, audience)
            self.assert_nothing_else(visible, audience)

    def may_read(self, path: str, audience: Audience) -> bool:
        return audience.may_read(readers_of(path, self.rules))

    def assert_found(self, word: str, paths: set[str], audience: Audience) -> None:
        """A document that holds a word is found by it, in its words and by its vector; and only there."""
        hits = LexicalRetriever(self.catalog).retrieve(Query(word, audience=audience), limit=EVERYTHING)
        assert {hit.passage.path for hit in hits} == paths
        for hit in hits:
            document = self.catalog.document(hit.passage.document_id)
            assert document
            place = hit.passage.locator
            assert document.text == self.texts[word]
            assert document.text[place.char_start : place.char_end] == hit.passage.text
        passages = Counter((hit.passage.path, hit.passage.text) for hit in hits)
        assert set(passages.values()) <= {1}

    def assert_nothing_else(self, visible: Mapping[str, str], audience: Audience) -> None:
        hits = self.dense.retrieve(Query("Part 0 tells of it once more", audience=audience), limit=EVERYTHING)
        assert len({hit.passage.id for hit in hits}) == len(hits)
        assert {hit.passage.path for hit in hits} == visible.keys()
        for word in visible.values():
            query = f"Of {word}\n{self.texts[word]}" if len(self.texts[word]) < SHORT else f"Part 0 of {word}"
            nearest = self.dense.retrieve(Query(query, audience=audience), limit=1)[0]
            assert visible[nearest.passage.path] == word

    def open(self) -> None:
        """As a server does: once, and again where another generation answers."""
        generation = Generations(self.index).current
        if self.opened != generation:
            self.close()
            self.opened = generation
            self.catalog = Catalog(catalog_file(generation))
            self.vectors = ChromaVectors(EmbeddedChroma(chroma_folder(generation)), self.catalog)
            self.dense = DenseRetriever(self.catalog, self.vectors, MODELS[self.model])

    def close(self) -> None:
        if self.opened:
            self.vectors.close()
            self.catalog.close()
        self.opened = None


@pytest.mark.timeout(600)  # a busy machine, and 150 runs
def test_whatever_happens_in_whatever_order_the_index_is_what_a_dictionary_says() -> None:
    chosen = settings(
        max_examples=10,
        stateful_step_count=15,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    run_state_machine_as_test(SyncMachine, settings=chosen)  # type: ignore[no-untyped-call]  # hypothesis has no types here
