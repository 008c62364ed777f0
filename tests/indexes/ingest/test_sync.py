"""An index made equal to a folder, whatever happens to either."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest

from fakes.encoder import WordsEncoder
from fakes.sync_bench import Bench
from indexes.access.labels import LabelRule
from indexes.access.rules import AccessRule
from indexes.errors import (
    DeletionGuardError,
    EncoderMismatchError,
    FolderError,
    IndexLockedError,
    IndexUnreadableError,
)
from indexes.ingest.changes import SyncPlan, plan_changes
from indexes.ingest.folder_scan import scan_folders
from indexes.ingest.sync import SyncListener
from indexes.search.retrievers import LexicalRetriever
from indexes.storage.catalog import Catalog
from indexes.storage.lock import writer_lock
from indexes.types import Audience, Filters, Matrix, Query
from indexes.vectors.index import ChromaVectors


@pytest.fixture
def bench(tmp_path: Path, catalog: Catalog, vectors: ChromaVectors) -> Bench:
    folder = tmp_path / "docs"
    folder.mkdir()
    return Bench(folder, catalog, vectors)


def test_what_a_sync_did_is_told(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    bench.write("sub/b.md", "# Bees\nAbout bees.")
    bench.write("c.xyz", "unknown")
    bench.write("d.pdf", "no PDF")
    first = bench.sync()
    assert (first.added, first.skipped) == (["a.txt", "sub/b.md"], {"c.xyz": "a format that is not read"})
    assert first.failed == {"d.pdf": "is not a PDF, or damaged"}
    assert first.passages == 2

    bench.write("a.txt", "About anteaters.")
    bench.write("e.txt", "About eels.")
    (bench.folder / "sub" / "b.md").unlink()
    second = bench.sync()
    assert (second.added, second.changed, second.removed) == (["e.txt"], ["a.txt"], ["sub/b.md"])
    assert [bench.ask(word) for word in ("aardvarks", "anteaters", "bees", "eels")] == [
        set(),
        {"a.txt"},
        set(),
        {"e.txt"},
    ]


def test_nothing_new_is_nothing_read_encoded_or_counted(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    bench.sync()
    revision = bench.catalog.revision
    report = bench.sync()
    assert (report.unchanged, report.added, report.changed) == (["a.txt"], [], [])
    assert (bench.encoder.calls, bench.catalog.revision) == (0, revision)


def test_a_file_written_again_with_the_same_content_is_unchanged(bench: Bench) -> None:
    file = bench.write("a.txt", "About aardvarks.")
    bench.sync()
    os.utime(file, (1, 1))
    report = bench.sync()
    assert (report.unchanged, report.changed, bench.encoder.calls) == (["a.txt"], [], 0)
    assert bench.catalog.files()["a.txt"].changed_ns == file.stat().st_ctime_ns


def test_two_files_of_one_size_and_date_that_swap_their_names_are_noticed(bench: Bench) -> None:
    files = [bench.write("a.txt", "About ants."), bench.write("b.txt", "About bees.")]
    for file in files:
        os.utime(file, (1, 1))
    bench.sync()
    for old, new in (("a", "c"), ("b", "a"), ("c", "b")):
        (bench.folder / f"{old}.txt").rename(bench.folder / f"{new}.txt")
    assert bench.sync().changed == ["a.txt", "b.txt"]
    assert (bench.ask("ants"), bench.ask("bees")) == ({"b.txt"}, {"a.txt"})


def test_text_that_moves_between_files_is_not_encoded_again_however_far_apart_they_are_read(bench: Bench) -> None:
    texts = [" ".join(f"File {n} tells of matter {part}." for part in range(2000)) for n in range(2)]
    for n, text in enumerate(texts):
        bench.write(f"{n}.md", f"# Same\n{text}")
    bench.sync()
    for n, text in enumerate(reversed(texts)):
        bench.write(f"{n}.md", f"# Same\n{text}")
    assert len(bench.sync().changed) == 2
    assert bench.encoder.calls == 0


def test_a_moved_file_that_cannot_be_read_any_more_answers_where_it_was(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    bench.write("b.txt", "About bees.")
    bench.sync()
    (bench.folder / "a.txt").rename(bench.folder / "c.pdf")
    report = bench.sync()
    assert (report.removed, report.renamed, [*report.failed]) == ([], {}, ["c.pdf"])
    assert bench.ask("aardvarks") == {"a.txt"}


def test_what_is_deleted_is_gone_though_nothing_can_be_embedded(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    bench.write("b.txt", "About bees.")
    bench.sync()
    (bench.folder / "a.txt").unlink()
    bench.write("c.txt", "About cats.")
    bench.encoder = Retrained()
    with pytest.raises(EncoderMismatchError):
        bench.sync()
    assert (bench.ask("aardvarks"), bench.ask("bees")) == (set(), {"b.txt"})


def test_a_renamed_file_is_not_encoded_again(bench: Bench) -> None:
    bench.write("a.md", "# Aardvarks\nThey eat ants.")
    bench.sync()
    (bench.folder / "a.md").rename(bench.folder / "b.md")
    report = bench.sync()
    assert (report.added, report.removed) == (["b.md"], ["a.md"])
    assert bench.encoder.encoded == []
    assert bench.ask("aardvarks") == {"b.md"}


def test_only_the_passages_that_changed_are_encoded(bench: Bench) -> None:
    parts = [f"Part {n} is about the number {n}. " * 20 for n in range(6)]
    bench.write("a.txt", "\n\n".join(parts))
    bench.sync()
    everything = len(bench.encoder.encoded)
    bench.write("a.txt", "\n\n".join([*parts, "A last part about aardvarks."]))
    bench.sync()
    assert 0 < len(bench.encoder.encoded) <= 2 < everything


def test_two_identical_files_are_two_documents_encoded_once(bench: Bench) -> None:
    bench.write("a.md", "# Aardvarks\nThey eat ants.")
    bench.write("b.md", "# Aardvarks\nThey eat ants.")
    bench.sync()
    assert bench.ask("aardvarks") == {"a.md", "b.md"}
    assert sum("ants" in text for text in bench.encoder.encoded) == 1
    (bench.folder / "a.md").unlink()
    bench.sync()
    assert bench.ask("aardvarks") == {"b.md"}


def test_an_update_that_fails_leaves_the_old_version_answering_until_it_can_be_read(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    bench.sync()
    bench.write("a.txt", b"\0\1\2 binary now")
    for _ in range(2):
        assert "binary" in bench.sync().failed["a.txt"]
        assert bench.ask("aardvarks") == {"a.txt"}
    bench.write("a.txt", "About bees, at last.")
    assert bench.sync().changed == ["a.txt"]
    assert (bench.ask("aardvarks"), bench.ask("bees")) == (set(), {"a.txt"})


def test_one_bad_file_does_not_keep_the_others_out(bench: Bench) -> None:
    bench.write("a.txt", "")
    bench.write("b.docx", b"PK\x03\x04 no document")
    bench.write("c.txt", "About cats.")
    bench.write("d.pdf", b"%PDF-1.4 cut")
    report = bench.sync()
    assert (report.added, [*report.failed]) == (["c.txt"], ["a.txt", "b.docx", "d.pdf"])


def test_notes_tell_what_could_not_be_read(bench: Bench) -> None:
    samples = Path(__file__).parents[3] / "samples" / "handbook" / "leave-policy.pdf"
    bench.write("a.pdf", with_empty_page(samples))
    report = bench.sync()
    assert report.added == ["a.pdf"]
    assert report.notes["a.pdf"].startswith(("no text on page ", "no text was found on page "))


def with_empty_page(file: Path) -> bytes:
    import io

    import pypdfium2 as pdfium

    with pdfium.PdfDocument(file) as pdf:
        pdf.new_page(300, 300).close()
        made = io.BytesIO()
        pdf.save(made)
    return made.getvalue()


def test_a_listener_hears_every_file_once_and_what_is_published(bench: Bench) -> None:
    heard: list[str] = []

    class Ear(SyncListener):
        def planned(self, plan: SyncPlan) -> None:
            heard.append(f"{len(plan.added)} added")

        def done(self, path: str, passages: int) -> None:
            heard.append(f"{path} {passages}")

        def publishing(self, passages: int) -> None:
            heard.append(f"publishing {passages}")

        def published(self, passages: int) -> None:
            heard.append(f"published {passages}")

    bench.write("a.txt", "About aardvarks.")
    bench.write("b.pdf", "no PDF")
    bench.sync(listener=Ear())
    assert heard == ["2 added", "b.pdf 0", "a.txt 1", "publishing 1", "published 1"]


def test_more_removals_than_look_meant_need_leave(bench: Bench) -> None:
    for n in range(30):
        bench.write(f"{n:02}.txt", f"About {n} aardvarks.")
    bench.sync()
    for n in range(11):
        (bench.folder / f"{n:02}.txt").unlink()
    revision = bench.catalog.revision
    with pytest.raises(DeletionGuardError, match="11 of the index's 30 files are not in the given folders"):
        bench.sync()
    assert bench.catalog.revision == revision
    assert len(bench.sync(allow_delete=True).removed) == 11


def test_one_file_given_for_its_folder_removes_nothing_unasked(bench: Bench) -> None:
    file = bench.write("a.txt", "Aardvarks dig.")
    bench.write("b.txt", "Beavers build.")
    bench.sync()
    with pytest.raises(DeletionGuardError, match=r"made from another folder.*--allow-delete"):
        bench.sync(file)
    assert set(bench.catalog.files()) == {"a.txt", "b.txt"}


def test_few_removals_need_none(bench: Bench) -> None:
    for n in range(12):
        bench.write(f"{n:02}.txt", f"About {n} aardvarks.")
    bench.sync()
    for n in range(10):
        (bench.folder / f"{n:02}.txt").unlink()
    assert len(bench.sync().removed) == 10


class Retrained(WordsEncoder):
    """Another model under the same name."""

    def encode(self, texts: Sequence[str], /) -> Matrix:
        return super().encode([text[::-1] for text in texts])


def test_another_model_of_the_same_name_embeds_nothing(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    bench.sync()
    bench.encoder = Retrained()
    bench.write("b.txt", "About bees.")
    with pytest.raises(EncoderMismatchError, match="'words' is not the one that made this index"):
        bench.sync()
    assert [*bench.catalog.files()] == ["a.txt"]
    bench.encoder = WordsEncoder()
    assert bench.sync().added == ["b.txt"]


def test_no_such_folder_is_an_error_in_words(bench: Bench) -> None:
    with pytest.raises(FolderError, match="There is no folder"):
        bench.sync(bench.folder / "nowhere")


def test_an_emptied_folder_removes_nothing(bench: Bench) -> None:
    file = bench.write("a.txt", "About aardvarks.")
    bench.sync()
    file.unlink()
    bench.write("b.xyz", "unknown")
    with pytest.raises(FolderError, match=r"Nothing to index in .*: no file is a document \(\.pdf"):
        bench.sync()
    assert bench.ask("aardvarks") == {"a.txt"}


def test_a_single_file_is_named_by_itself(bench: Bench) -> None:
    assert bench.sync(bench.write("sub/a.txt", "About aardvarks.")).added == ["a.txt"]


def test_files_of_several_roots_are_named_after_them(bench: Bench) -> None:
    bench.write("one/a.txt", "About aardvarks.")
    bench.write("two/a.txt", "About bees.")
    single = bench.write("three/c.txt", "About cats.")
    assert [*scan_folders([bench.folder / "one", bench.folder / "two", single])[0]] == [
        "c.txt",
        "one/a.txt",
        "two/a.txt",
    ]


def test_two_roots_of_one_name_are_refused_where_their_files_clash(bench: Bench) -> None:
    bench.write("x/docs/a.txt", "About aardvarks.")
    bench.write("y/docs/a.txt", "About bees.")
    with pytest.raises(FolderError, match=r"Two files would be docs/a\.txt in the index"):
        scan_folders([bench.folder / "x" / "docs", bench.folder / "y" / "docs"])


def test_hidden_files_and_links_that_lead_outside_are_left_out(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("A secret.")
    bench.write(".hidden.txt", "Hidden.")
    bench.write(".git/a.txt", "Hidden.")
    inside = bench.write("a.txt", "About aardvarks.")
    (bench.folder / "outside.txt").symlink_to(secret)
    (bench.folder / "up").symlink_to(tmp_path)
    (bench.folder / "broken.txt").symlink_to(tmp_path / "nowhere")
    (bench.folder / "inside.txt").symlink_to(inside)
    os.mkfifo(bench.folder / "pipe.txt")
    assert bench.sync().added == ["a.txt", "inside.txt"]


def test_a_name_that_is_not_utf_8_is_indexed_under_one_that_can_be_shown(bench: Bench) -> None:
    with open(os.fsencode(bench.folder) + b"/caf\xe9.txt", "wb") as file:  # noqa: PTH123 - pathlib takes no bytes
        file.write(b"About coffee.")
    report = bench.sync()
    assert (report.added, report.failed) == (["caf\\xe9.txt"], {})
    assert bench.ask("coffee") == {"caf\\xe9.txt"}
    assert bench.sync().unchanged == ["caf\\xe9.txt"]


def test_a_plan_changes_nothing(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    assert plan_changes([bench.folder], bench.catalog.files()).added == ("a.txt",)
    assert bench.catalog.revision == 0


HOLD = """
import sys, time
from pathlib import Path
from indexes.access.labels import LabelRule
from indexes.storage.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_told_within_a_second_who_holds_the_lock_and_a_killed_one_holds_nothing(
    tmp_path: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == b"held\n"
            began = time.monotonic()
            with pytest.raises(IndexLockedError, match=f"process {holder.pid} on "), writer_lock(tmp_path):
                pass
            assert time.monotonic() - began < 1
        finally:
            holder.kill()
    with writer_lock(tmp_path):
        pass
    with writer_lock(tmp_path):
        pass


def test_two_writers_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with writer_lock(tmp_path), pytest.raises(IndexLockedError), writer_lock(tmp_path):
        pass


def test_an_index_folder_that_is_a_file_is_an_error_in_words(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(IndexUnreadableError, match="No index can be written in"), writer_lock(file):
        pass


def test_a_rule_that_changes_holds_at_the_next_sync_and_embeds_nothing(bench: Bench) -> None:
    bench.write("hr/pay.txt", "Aardvarks earn plenty.")
    bench.write("news.txt", "Beavers build.")
    bench.sync()
    bench.sync(rules=[AccessRule("hr/**", ("hr",))])
    assert bench.encoder.encoded == []
    assert bench.ask("aardvarks") == set()
    assert bench.ask("beavers") == {"news.txt"}
    hr = Audience(frozenset({"hr"}))
    assert [
        hit.passage.path for hit in LexicalRetriever(bench.catalog).retrieve(Query("aardvarks", audience=hr), limit=9)
    ]
    bench.sync(allow_wider_access=True)
    assert bench.ask("aardvarks") == {"hr/pay.txt"}


def test_label_rules_that_change_hold_at_the_next_sync_and_embed_nothing(bench: Bench) -> None:
    bench.write("hr/pay.txt", "Aardvarks earn plenty.")
    bench.write("news.txt", "Aardvarks build.")
    bench.sync(rules=[LabelRule("**", ("all",))])
    revision = bench.catalog.revision
    rules = [LabelRule("**", ("all",)), AccessRule("x/**", ("x",)), LabelRule("hr/**", ("pay",))]
    bench.sync(rules=rules, allow_unmatched_rules=True)
    assert (bench.encoder.encoded, bench.catalog.revision) == ([], revision + 1)
    assert bench.ask("aardvarks", Filters(labels=("pay",))) == {"hr/pay.txt"}
    assert bench.ask("aardvarks", Filters(labels=("all", "pay"))) == {"hr/pay.txt", "news.txt"}
    bench.write("hr/new.txt", "New aardvarks.")
    bench.sync(rules=rules)
    assert bench.ask("aardvarks", Filters(labels=("pay",))) == {"hr/pay.txt", "hr/new.txt"}
    bench.sync()
    assert (bench.encoder.encoded, bench.ask("aardvarks", Filters(labels=("pay", "all")))) == ([], set())


def test_a_mail_is_of_the_day_it_gives_and_a_file_of_its_own(bench: Bench) -> None:
    sent = bench.write("a.eml", "From: a@b.example\nDate: Mon, 3 Mar 2003 09:14:00 +0100\n\nAardvarks dig.\n")
    written = bench.write("b.txt", "Aardvarks dig.")
    for file in (sent, written):
        os.utime(file, (datetime(2014, 5, 6, 12).timestamp(),) * 2)
    bench.sync()
    assert bench.ask("aardvarks", Filters(until=date(2003, 3, 3))) == {"a.eml"}
    assert bench.ask("aardvarks", Filters(since=date(2014, 5, 6), until=date(2014, 5, 6))) == {"b.txt"}


def test_a_file_that_is_given_another_date_is_of_that_day_and_not_embedded_again(bench: Bench) -> None:
    file = bench.write("b.txt", "Aardvarks dig.")
    bench.sync()
    os.utime(file, (datetime(2014, 5, 6, 12).timestamp(),) * 2)
    assert bench.sync().unchanged == ["b.txt"]
    assert (bench.encoder.encoded, bench.ask("aardvarks", Filters(until=date(2014, 5, 6)))) == ([], {"b.txt"})


@pytest.mark.parametrize(("seconds", "day"), [(-(10**10), date(1970, 1, 1)), (10**10, date(2286, 11, 20))])
def test_a_file_may_have_any_date(bench: Bench, seconds: int, day: date) -> None:
    os.utime(bench.write("b.txt", "Aardvarks dig."), (seconds, seconds))
    bench.sync()
    (document,) = bench.catalog.documents_in("b.txt")
    assert abs(bench.catalog.search_rows.dates([document.id])[document.id] - day).days <= 1  # wherever the clock stands


def test_a_new_file_is_never_open_to_those_its_rule_keeps_out(bench: Bench) -> None:
    bench.write("hr/pay.txt", "Aardvarks earn plenty.")
    bench.sync(rules=[AccessRule("hr/**", ())])
    assert bench.ask("aardvarks") == set()


def test_a_renamed_file_is_told_as_one(bench: Bench) -> None:
    bench.write("old.txt", "Aardvarks dig.").rename(bench.folder / "old.txt")
    bench.write("kept.txt", "Beavers build.")
    bench.sync()
    (bench.folder / "old.txt").rename(bench.folder / "new.txt")
    assert bench.sync().renamed == {"new.txt": "old.txt"}


def test_another_length_of_passages_splits_every_file_again(bench: Bench) -> None:
    bench.write("a.txt", " ".join(f"Aardvark {n} digs a hole." for n in range(40)))
    bench.sync()
    before = bench.catalog.counts()[1]
    assert bench.sync(max_tokens=40).changed == ["a.txt"]
    assert bench.catalog.counts()[1] > before
    assert bench.sync(max_tokens=40).unchanged == ["a.txt"]
