"""Folders made, or changed meanwhile, by someone who means no good: nothing hangs, nothing outside is read."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from fakes.sync_bench import Bench
from indexes.access.rules import AccessRule
from indexes.errors import ReadError
from indexes.ingest.changes import SyncPlan
from indexes.ingest.files import copy_for_reading, open_unlinked
from indexes.ingest.folder_scan import scan_folders
from indexes.ingest.sync import SyncListener
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.vectors.index import ChromaVectors

SECRET = "A secret about walruses."


@pytest.fixture
def bench(tmp_path: Path, catalog: Catalog, vectors: ChromaVectors) -> Bench:
    folder = tmp_path / "docs"
    folder.mkdir()
    return Bench(folder, catalog, vectors)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "b.txt").write_text(SECRET)
    return folder


class Meanwhile(SyncListener):
    """Does something between the listing of the folder and the reading of its files."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def planned(self, plan: SyncPlan) -> None:
        self._act()


def test_links_out_in_a_loop_or_to_nowhere_are_skipped_by_name(bench: Bench, outside: Path) -> None:
    bench.write("a.txt", "About aardvarks.")
    (bench.folder / "out.txt").symlink_to(outside / "b.txt")
    (bench.folder / "up").symlink_to("..")
    (bench.folder / "self").symlink_to(".")
    (bench.folder / "loop.txt").symlink_to("loop.txt")
    (bench.folder / "gone.txt").symlink_to("nowhere.txt")
    (bench.folder / "indirect.txt").symlink_to("up/outside/b.txt")
    report = bench.sync()
    assert report.added == ["a.txt"]
    assert report.skipped == {
        "gone.txt": "a link that leads nowhere",
        "indirect.txt": "a link that leads out of the folder",
        "loop.txt": "a link that leads nowhere",
        "out.txt": "a link that leads out of the folder",
        "self": "a link to a folder",
        "up": "a link to a folder",
    }
    assert bench.ask("walruses") == set()


def test_pipes_sockets_and_devices_are_not_opened(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    os.mkfifo(bench.folder / "pipe.txt")
    (bench.folder / "null.txt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(bench.folder / "s.txt"))
        no_file = "neither a file nor a folder"
        expected = {"null.txt": "a link that leads out of the folder", "pipe.txt": no_file, "s.txt": no_file}
        if os.geteuid() == 0:
            try:
                os.mknod(bench.folder / "zero.txt", 0o20666, os.makedev(1, 5))
                expected["zero.txt"] = no_file
            except PermissionError:  # a container without that capability
                pass
        began = time.monotonic()
        report = bench.sync()
    assert (report.added, report.skipped) == (["a.txt"], expected)
    assert time.monotonic() - began < 20


def test_a_file_that_becomes_a_pipe_a_link_or_nothing_after_the_listing_is_refused_and_the_old_answers(
    bench: Bench, outside: Path
) -> None:
    names = ["pipe.txt", "link.txt", "gone.txt", "good.txt"]
    for name in names:
        bench.write(name, f"About aardvarks in {name}.")
    bench.sync()
    for name in names:
        bench.write(name, f"About many more bees in {name}.")

    def swap() -> None:
        for name in names[:3]:
            (bench.folder / name).unlink()
        os.mkfifo(bench.folder / "pipe.txt")
        (bench.folder / "link.txt").symlink_to(outside / "b.txt")

    report = bench.sync(listener=Meanwhile(swap))
    assert report.failed == {
        "pipe.txt": "is no file any more",
        "link.txt": "is no file of the folder any more: a link has taken its place",
        "gone.txt": "cannot be opened: No such file or directory",
    }
    assert (report.changed, bench.ask("bees")) == (["good.txt"], {"good.txt"})
    assert bench.ask("aardvarks") == set(names[:3])
    assert bench.ask("walruses") == set()


def test_a_folder_that_becomes_a_link_after_the_listing_is_not_followed(bench: Bench, outside: Path) -> None:
    bench.write("a.txt", "About aardvarks.")
    bench.write("sub/b.txt", "About bees.")

    def swap() -> None:
        (bench.folder / "sub").rename(bench.folder / "moved")
        (bench.folder / "sub").symlink_to(outside)

    report = bench.sync(listener=Meanwhile(swap))
    assert report.added == ["a.txt"]
    assert report.failed == {"sub/b.txt": "is no file of the folder any more: a link has taken its place"}
    assert bench.ask("walruses") == set()


def test_a_folder_that_flickers_between_itself_and_a_link_never_lets_the_outside_in(
    bench: Bench, outside: Path
) -> None:
    bench.write("sub/b.txt", "About bees.")
    bench.write("a.txt", "About aardvarks.")
    (bench.folder / ".link").symlink_to(outside)
    ended = threading.Event()

    def flicker() -> None:
        sub, away, link = bench.folder / "sub", bench.folder / ".away", bench.folder / ".link"
        while not ended.is_set():
            sub.rename(away)
            link.rename(sub)
            sub.rename(link)
            away.rename(sub)

    flickering = threading.Thread(target=flicker)
    flickering.start()
    seen = set()
    try:
        for _ in range(150):
            for path, file in scan_folders([bench.folder])[0].items():
                try:
                    with open_unlinked(Path(file.source)) as content:
                        seen.add(content.read())
                except (OSError, ReadError):
                    assert path == "sub/b.txt"
    finally:
        ended.set()
        flickering.join()
    assert seen <= {b"About bees.", b"About aardvarks."}
    assert b"About aardvarks." in seen


CHANGE = """
import sys
with open(sys.argv[1], "r+b", buffering=0) as file:
    print("changing", flush=True)
    for number in range(10**9):
        file.seek(number % 8 * 2**20)
        file.write(str(number % 10).encode() * 100)
"""


def test_a_file_that_never_rests_is_refused_and_read_when_it_does(tmp_path: Path) -> None:
    file = tmp_path.resolve() / "a.txt"
    file.write_bytes(b"0" * 2**23)
    with subprocess.Popen([sys.executable, "-c", CHANGE, str(file)], stdout=subprocess.PIPE) as changing:
        try:
            assert changing.stdout
            assert changing.stdout.readline() == b"changing\n"
            with (
                pytest.raises(ReadError, match="changes while it is read"),
                copy_for_reading("a.txt", file, ReadingLimits()),
            ):
                pass
        finally:
            changing.kill()
    with copy_for_reading("a.txt", file, ReadingLimits()) as copy:
        assert sha256(copy.file.read_bytes()).hexdigest() == copy.state.sha256
        assert copy.file.read_bytes() == file.read_bytes()
    assert not copy.file.exists()


def test_the_hash_that_is_kept_is_that_of_the_text_that_is_kept(bench: Bench) -> None:
    file = bench.write("a.txt", "About aardvarks.")

    def change() -> None:
        file.write_text("About bees, by now.")

    bench.sync(listener=Meanwhile(change))
    assert bench.ask("bees") == {"a.txt"}
    assert bench.catalog.files()["a.txt"].sha256 == sha256(file.read_bytes()).hexdigest()
    assert bench.sync().unchanged == ["a.txt"]


NAMES = {
    "new\nline.txt": "new\\nline.txt",
    "turn\u202etxt.exe.txt": "turn\\u202etxt.exe.txt",
    "back\\slash.txt": "back\\\\slash.txt",
    "back\\u202e.txt": "back\\\\u202e.txt",
    "bell\x07\x1b[31m.txt": "bell\\x07\\x1b[31m.txt",
    "byte\udc85.txt": "byte\\x85.txt",
    "next\x85.txt": "next\\u0085.txt",
    "byte\x85.txt": "byte\\u0085.txt",
    "tag\U000e0041.txt": "tag\\U000e0041.txt",
    "a..b.txt": "a..b.txt",
    "caf\u00e9.txt": "caf\u00e9.txt",
    "cafe\u0301.txt": "cafe\u0301.txt",
    "Case.txt": "Case.txt",
    "case.txt": "case.txt",
    "می\u200cخواهم.txt": "می\u200cخواهم.txt",
    f"{'x' * 251}.txt": f"{'x' * 251}.txt",
    "\n" * 251 + ".txt": "\\n" * 251 + ".txt",
}


def test_names_are_shown_safely_and_no_two_become_one(bench: Bench) -> None:
    for number, name in enumerate(NAMES):
        bench.write(name, f"About aardvark number {number}.")
    report = bench.sync()
    assert (report.failed, report.skipped) == ({}, {})
    assert set(report.added) == set(NAMES.values())
    assert len(set(NAMES.values())) == len(NAMES) == bench.catalog.counts()[0]
    assert bench.ask("aardvark") == set(NAMES.values())
    assert set(bench.sync().unchanged) == set(NAMES.values())


def test_a_path_of_300_bytes_and_one_longer_than_the_system_takes_cost_themselves_only(bench: Bench) -> None:
    bench.write("a.txt", "About aardvarks.")
    long = f"{'d' * 150}/{'e' * 146}.txt"
    bench.write(long, "About bees.")
    here = os.open(bench.folder, os.O_RDONLY)
    parts = ["deep", *["f" * 200] * 25]
    for part in parts:
        os.mkdir(part, dir_fd=here)
        inner = os.open(part, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    report = bench.sync()
    assert report.added == ["a.txt", long]
    assert [*report.failed.values()] == ["cannot be opened: File name too long"]


def test_a_thousand_folders_in_one_another_are_walked(bench: Bench) -> None:
    folder = os.open(bench.folder, os.O_RDONLY)
    try:
        for _ in range(1200):
            os.mkdir("d", dir_fd=folder)
            outer, folder = folder, os.open("d", os.O_RDONLY, dir_fd=folder)
            os.close(outer)
        with os.fdopen(os.open("a.txt", os.O_WRONLY | os.O_CREAT, dir_fd=folder), "w") as file:
            file.write("About aardvarks.")
        assert bench.sync().added == ["d/" * 1200 + "a.txt"]
    finally:
        os.close(folder)
        subprocess.run(["rm", "-rf", bench.folder], check=True)  # Python's own removal is recursive


def test_a_rule_holds_for_a_name_however_its_letters_are_composed(bench: Bench) -> None:
    name = unicodedata.normalize("NFD", "Congés/paie.txt")
    bench.write(name, "Aardvarks earn plenty.")
    bench.sync(rules=[AccessRule("Congés/**", ("hr",))])
    assert bench.ask("aardvarks") == set()


CLOSED = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from fakes.encoder import WordsEncoder
from indexes.storage.catalog import Catalog
from indexes.readers.sandbox import ReadingLimits
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import SyncListener, Sync
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.index import ChromaVectors
from indexes.ingest.verification import verify

index, docs = map(Path, sys.argv[1:3])
catalog = Catalog.create(index / "catalog.sqlite3")
encoder = WordsEncoder()
vectors = ChromaVectors(EmbeddedChroma(index / "chroma"), catalog)
splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)

def run():
    report = Sync(catalog, vectors, encoder, splitter, ReadingLimits()).run([docs], SyncListener())
    print(report.added, report.removed, report.failed, sorted(catalog.files()))

run()
for name, mode in (("locked", 0), ("listed", 0o444), ("own.txt", 0)):
    (docs / name).chmod(mode)
os.utime(docs / "own.txt", (1, 1))
(docs / "new.txt").write_text("About news.")
run()
print(verify(catalog, vectors))
for name, mode in (("locked", 0o755), ("listed", 0o755), ("own.txt", 0o644)):
    (docs / name).chmod(mode)
run()
"""


def test_what_may_not_be_opened_is_named_and_what_the_index_holds_of_it_stays(tmp_path: Path) -> None:
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if bound and not shutil.which("setpriv"):
        pytest.skip("root may open everything, and there is no setpriv to take that from it")
    docs = tmp_path / "docs"
    for path in ("locked/a.txt", "listed/b.txt", "own.txt", "good.txt"):
        (docs / path).parent.mkdir(parents=True, exist_ok=True)
        (docs / path).write_text(f"About {path}.")
    tests = Path(__file__).parents[2]
    command = [*bound, sys.executable, "-c", CLOSED, tmp_path / "index", docs, tests, tests.parent]
    ran = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr
    first, second, differences, third = ran.stdout.splitlines()
    everything = "['good.txt', 'listed/b.txt', 'locked/a.txt', 'own.txt']"
    assert first == f"{everything} [] {{}} {everything}"
    denied = "cannot be opened: Permission denied"
    refused = {"listed/b.txt": denied, "locked": denied, "own.txt": denied}
    assert second == f"['new.txt'] [] {refused} ['good.txt', 'listed/b.txt', 'locked/a.txt', 'new.txt', 'own.txt']"
    assert f"locked: {denied}" in differences
    assert third == "[] [] {} ['good.txt', 'listed/b.txt', 'locked/a.txt', 'new.txt', 'own.txt']"
