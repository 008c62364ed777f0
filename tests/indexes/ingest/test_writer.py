"""A folder of an index, written by one embedding model after another."""

import io
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from fakes.encoder import WordsEncoder
from indexes.access.rules import AccessRule
from indexes.errors import DeletionGuardError, EncoderMismatchError, IndexUnreadableError
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import SyncListener, SyncReport
from indexes.ingest.uploads import Uploads
from indexes.ingest.writer import IndexWriter
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file, chroma_folder, model_of
from indexes.types import Matrix, Scope
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors

TEXTS = {"a.txt": "Aardvarks dig.", "b.txt": "Beavers build."}


class Failing(WordsEncoder):
    """Breaks off at a text that tells of beavers."""

    def encode(self, texts: Sequence[str], /) -> Matrix:
        if any("Beavers" in text for text in texts):
            raise InterruptedError
        return super().encode(texts)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def write(index: Path, docs: Path) -> Callable[..., SyncReport]:
    def run(encoder: WordsEncoder, *roots: Path) -> SyncReport:
        splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)
        with IndexWriter(index, encoder, splitter, ReadingLimits()) as writer:
            return writer.run(roots or [docs], SyncListener())

    return run


def answers(index: Path, encoder: WordsEncoder) -> dict[str, str]:
    """The path of what lies nearest to each text, by the generation that answers."""
    generation = Generations(index).current
    assert model_of(generation) == encoder.name
    catalog = Catalog(catalog_file(generation))
    vectors = ChromaVectors(EmbeddedChroma(chroma_folder(generation)), catalog)
    try:
        found = {
            text: vectors.search(row, limit=1)
            for text, row in zip(TEXTS.values(), encoder.encode([*TEXTS.values()]), strict=True)
        }
        return {
            text: catalog.search_rows.embedded_as([ids[0][0]], Scope())[0].passage.path for text, ids in found.items()
        }
    finally:
        vectors.close()
        catalog.close()


ALL = {text: path for path, text in TEXTS.items()}
OLD, NEW = WordsEncoder("old"), WordsEncoder("new", dimensions=64)


def test_a_new_model_answers_when_its_generation_is_whole(write: Callable[..., SyncReport], index: Path) -> None:
    write(OLD)
    assert write(NEW).added == ["a.txt", "b.txt"]
    assert answers(index, NEW) == ALL
    assert write(NEW).unchanged == ["a.txt", "b.txt"]


def test_the_old_model_answers_until_then_and_what_was_committed_is_not_embedded_again(
    write: Callable[..., SyncReport], index: Path, docs: Path
) -> None:
    (docs / "a.txt").write_text(" ".join(f"Aardvarks dig hole {n}." for n in range(4000)))
    write(OLD)
    with pytest.raises(InterruptedError):
        write(Failing("new", dimensions=64))
    assert answers(index, OLD)["Beavers build."] == "b.txt"
    resumed = WordsEncoder("new", dimensions=64)
    report = write(resumed)
    assert (report.added, report.unchanged) == (["b.txt"], ["a.txt"])
    assert not any("Aardvarks" in text for text in resumed.encoded)
    assert answers(index, NEW)["Beavers build."] == "b.txt"


def test_a_file_that_cannot_be_read_any_more_goes_on_answering_after_the_switch(
    write: Callable[..., SyncReport], index: Path, docs: Path
) -> None:
    write(OLD)
    (docs / "b.txt").write_bytes(b"\0\1\2 binary now")
    report = write(NEW)
    assert (report.added, [*report.failed]) == (["a.txt"], ["b.txt"])
    assert answers(index, NEW) == ALL
    (docs / "b.txt").write_text("Beavers build.")
    assert write(NEW).failed == {}


def test_an_old_model_that_is_taken_up_again_is_brought_up_to_date(
    write: Callable[..., SyncReport], index: Path, docs: Path
) -> None:
    write(OLD)
    write(NEW)
    (docs / "a.txt").rename(docs / "c.txt")
    again = WordsEncoder("old")
    write(again)
    assert answers(index, OLD) == {"Aardvarks dig.": "c.txt", "Beavers build.": "b.txt"}
    assert not any("Beavers" in text for text in again.encoded)


def test_a_model_that_was_given_up_leaves_nothing(write: Callable[..., SyncReport], index: Path) -> None:
    write(OLD)
    with pytest.raises(InterruptedError):
        write(Failing("given up"))
    write(OLD)
    assert [*(index / "generations").iterdir()] == []
    write(NEW)
    write(NEW)  # whoever had the old one open has had time to see the switch
    assert {file.name for file in index.iterdir()} == {"current", "generations", "writer.lock"}


def test_another_model_does_not_lose_what_the_guard_would_keep(
    write: Callable[..., SyncReport], index: Path, tmp_path: Path
) -> None:
    write(OLD)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "z.txt").write_text("Zebras.")
    with pytest.raises(DeletionGuardError):
        write(NEW, tmp_path / "elsewhere")
    assert answers(index, OLD) == ALL


def test_an_index_that_was_killed_at_its_birth_is_made(write: Callable[..., SyncReport], index: Path) -> None:
    index.mkdir()
    catalog_file(index).touch()
    write(OLD)
    born_dead = index / "generations" / "x"
    born_dead.mkdir(parents=True)
    catalog_file(born_dead).touch()
    write(NEW)
    assert answers(index, NEW) == ALL


def test_what_a_kill_left_of_a_generation_is_dropped(write: Callable[..., SyncReport], index: Path) -> None:
    left = index / "generations" / "half" / "chroma"
    left.mkdir(parents=True)
    write(WordsEncoder("words"))
    assert not left.parent.exists()


@pytest.mark.parametrize("pointer", ["", "generations/gone", "../elsewhere", "/tmp", "generations/../..", b"\xff"])
def test_a_pointer_that_names_no_generation_is_refused_and_nothing_is_dropped(
    write: Callable[..., SyncReport], index: Path, pointer: str | bytes
) -> None:
    write(OLD)
    write(NEW)
    before = sorted(index.rglob("*"))
    (index / "current").write_bytes(pointer if isinstance(pointer, bytes) else pointer.encode())
    with pytest.raises(IndexUnreadableError, match="does not say which generation of the index answers"):
        write(NEW)
    assert sorted(index.rglob("*")) == before


def test_a_damaged_catalog_costs_no_other_generation(write: Callable[..., SyncReport], index: Path) -> None:
    write(OLD)
    write(NEW)
    catalog_file(Generations(index).current).write_bytes(b"rubbish " * 1000)
    with pytest.raises(IndexUnreadableError):
        write(NEW)
    assert model_of(index) == "old"


def test_rubbish_among_the_generations_is_in_nobodys_way(write: Callable[..., SyncReport], index: Path) -> None:
    write(OLD)
    (index / "generations").mkdir()
    (index / "generations" / ".DS_Store").touch()
    (index / "generations" / "x" / "catalog.sqlite3").mkdir(parents=True)
    write(NEW)
    assert answers(index, NEW) == ALL


class Refusing(WordsEncoder):
    def encode(self, texts: Sequence[str], /) -> Matrix:
        raise InterruptedError


def test_what_was_deleted_or_closed_holds_at_once_also_while_another_model_is_embedded(
    index: Path, docs: Path, write: Callable[..., SyncReport]
) -> None:
    write(OLD)
    (docs / "a.txt").unlink()
    encoder = Refusing("new")
    splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)
    rules = [AccessRule("b.txt", ("staff",))]
    with IndexWriter(index, encoder, splitter, ReadingLimits(), rules) as writer, pytest.raises(InterruptedError):
        writer.run([docs], SyncListener())
    with closing(Catalog(catalog_file(index))) as catalog:
        assert [*catalog.files()] == ["b.txt"]
        assert catalog.readers() == {("b.txt", "b.txt"): {"staff"}}


def test_an_index_among_the_documents_is_not_indexed(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"about": "aardvarks"}')
    for _ in range(2):
        splitter = PassageSplitter(OLD.count_tokens, OLD.max_tokens)
        with IndexWriter(tmp_path / "var" / "index", OLD, splitter, ReadingLimits()) as writer:
            report = writer.run([tmp_path], SyncListener())
    assert (report.unchanged, report.skipped) == (["a.json"], {"var/index": "an index of Footnote"})


def test_uploads_go_on_to_the_next_model_and_a_run_over_them_alone_touches_nothing_else(
    write: Callable[..., SyncReport], docs: Path, index: Path
) -> None:
    write(OLD)
    path = Uploads(index).add(io.BytesIO(b"Cats climb."), "c.txt", "", ["hr"])
    (docs / "a.txt").unlink()
    splitter = PassageSplitter(OLD.count_tokens, OLD.max_tokens)
    with IndexWriter(index, OLD, splitter, ReadingLimits()) as writer:
        report = writer.run_uploads(SyncListener())
    assert (report.added, report.removed) == ([path], [])
    with closing(Catalog(catalog_file(Generations(index).current))) as catalog:
        assert catalog.files().keys() == {"a.txt", "b.txt", path}
        assert catalog.readers()[path, path] == {"hr"}
    with IndexWriter(index, NEW, splitter, ReadingLimits()) as writer, pytest.raises(EncoderMismatchError):
        writer.run_uploads(SyncListener())
    write(NEW)
    with closing(Catalog(catalog_file(Generations(index).current))) as catalog:
        assert catalog.get("encoder") == NEW.name
        assert catalog.files().keys() == {"b.txt", path}
        assert catalog.readers()[path, path] == {"hr"}


def test_uploads_that_vanish_all_at_once_are_kept_in_the_index(write: Callable[..., SyncReport], index: Path) -> None:
    uploads = Uploads(index)
    paths = [uploads.add(io.BytesIO(b"Cats climb."), f"{number}.txt", "", ["everyone"]) for number in range(12)]
    write(OLD)
    for path in paths:
        uploads.remove(path)
    splitter = PassageSplitter(OLD.count_tokens, OLD.max_tokens)
    with IndexWriter(index, OLD, splitter, ReadingLimits()) as writer, pytest.raises(DeletionGuardError):
        writer.run_uploads(SyncListener())
    (index / "uploads" / "everyone").rmdir()
    (index / "uploads").rmdir()
    with IndexWriter(index, OLD, splitter, ReadingLimits()) as writer:
        assert writer.run_uploads(SyncListener()).removed == []
    with closing(Catalog(catalog_file(Generations(index).current))) as catalog:
        assert catalog.files().keys() >= {*paths}
