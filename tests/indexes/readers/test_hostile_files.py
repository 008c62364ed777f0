"""Files made to break their reader, in a folder that is synced: each is named with its reason, others are indexed."""

import io
import json
import os
import signal
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from unicodedata import normalize

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.encoder import WordsEncoder
from fakes.sync_bench import Bench
from indexes.errors import ReadError
from indexes.ingest.splitting import PassageSplitter
from indexes.readers.extraction import serialization
from indexes.readers.registry import read_file
from indexes.readers.sandbox import ReadingLimits, Sandbox
from indexes.storage.catalog import Catalog
from indexes.types import Document, Section
from indexes.vectors.index import ChromaVectors

MB = 2**20
LEAVE = Path(__file__).parents[3] / "samples" / "handbook" / "leave-policy.pdf"
FORMATS = Path(__file__).parents[2] / "data" / "formats"
WORD = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>%s</w:body></w:document>'
ENTITIES = {
    "xxe": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "laughs": b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "%s">]>' % (b"&x;" * 1000),
}


@pytest.fixture
def bench(tmp_path: Path, catalog: Catalog, vectors: ChromaVectors) -> Bench:
    folder = tmp_path / "docs"
    folder.mkdir()
    made = Bench(folder, catalog, vectors)
    made.write("good.txt", "About aardvarks.")
    return made


def word(body: bytes) -> bytes:
    """A Word document with this body."""
    plain, made = io.BytesIO(), io.BytesIO()
    docx.Document().save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            target.writestr(part, WORD % body if part.filename == "word/document.xml" else source.read(part))
    return made.getvalue()


def test_a_small_document_that_inflates_to_200_mb_is_refused_at_once(bench: Bench) -> None:
    bomb = word(b"<w:p><w:r><w:t>" + b"a" * 200 * MB + b"</w:t></w:r></w:p>")
    assert len(bomb) < 300_000
    bench.write("bomb.docx", bomb)
    began = time.monotonic()
    report = bench.sync()
    assert report.failed["bomb.docx"].startswith("inflates to 20")
    assert (report.added, time.monotonic() - began < 20) == (["good.txt"], True)


@pytest.mark.parametrize("attack", ENTITIES)
def test_xml_entities_bring_nothing_in(bench: Bench, attack: str) -> None:
    doctype, seen = ENTITIES[attack], b"&x;"
    plain = bench.write("evil.docx", word(b"<w:p/>"))
    for file in (*sorted(FORMATS.iterdir()), plain):
        if zipfile.is_zipfile(file) and file.suffix != ".zip":
            made = io.BytesIO()
            with zipfile.ZipFile(file) as source, zipfile.ZipFile(made, "w") as target:
                for part in source.infolist():
                    data = source.read(part)
                    if part.filename.endswith((".xml", ".xhtml")):
                        data = doctype + data[data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0 :]
                    target.writestr(part, data)
            bench.write(f"evil{file.suffix}", made.getvalue())
    for suffix in (".html", ".md", ".txt"):
        bench.write(f"evil{suffix}", doctype + b"<p>About bees " + seen + b"</p><svg>" + seen + b"</svg>")
    report = bench.sync()
    refused = {path: reason for path, reason in report.failed.items() if "XML entities" in reason}
    assert {"evil.docx", "evil.xlsx", "evil.pptx", "evil.odt"} <= {*refused}
    texts = [read_file(bench.folder / path).text for path in report.added]
    assert not any("root:" in text or "ha" * 100 in text for text in texts)
    assert "good.txt" in report.added


def test_files_of_two_kinds_are_read_as_the_one_they_are_named(bench: Bench) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.txt", "Hidden walruses.")
    pdf = LEAVE.read_bytes()
    gif = b"GIF89a/*\x01\x00\x01\x00*/=1;alert('walruses')"
    bench.write("a.pdf", pdf + archive.getvalue())
    bench.write("b.html", b"<p>About bees.</p><!--" + archive.getvalue() + b"-->")
    for suffix in (".txt", ".md"):
        bench.write(f"c{suffix}", gif)
    report = bench.sync()
    assert {"a.pdf", "good.txt"} <= {*report.added}
    assert {path: report.failed[path] for path in ("c.md", "c.txt")} == dict.fromkeys(
        ("c.md", "c.txt"), "is not text: it holds binary data"
    )
    assert bench.ask("walruses") == set()


def test_a_pdf_of_a_million_objects_costs_itself_only(bench: Bench) -> None:
    objects = b"".join(b"%d 0 obj<</A %d 0 R>>endobj\n" % (n, n + 1) for n in range(4, 1_000_000))
    start = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1000000>>endobj\n"
    bench.write("a.pdf", b"%PDF-1.4\n" + start + objects + b"trailer<</Root 1 0 R/Size 1000000>>\n%%EOF")
    report = bench.sync()
    assert (report.added, [*report.failed]) == (["good.txt"], ["a.pdf"])


@pytest.mark.parametrize("suffix", [".txt", ".html"])
def test_a_line_of_100_mb_is_refused_in_words(bench: Bench, suffix: str) -> None:
    content = b"word " * (20 * MB)
    bench.write(f"long{suffix}", content)
    report = bench.sync()
    assert report.added == ["good.txt"]
    assert any(word in report.failed[f"long{suffix}"] for word in ("50 MB of text", "took longer", "memory"))


def test_one_word_of_megabytes_becomes_passages_of_a_sane_size() -> None:
    text = "a" * 2 * MB
    document = Document("d", "a.txt", "a", "text/plain", "", text, (Section(0, len(text)),))
    passages = PassageSplitter(WordsEncoder().count_tokens, 128).split(document)
    assert max(len(passage.text) for passage in passages) < 3000
    assert "".join(passage.text for passage in passages) == text


def test_encodings_surrogates_nuls_and_nothing_at_all(bench: Bench) -> None:
    for name, content in {
        "empty.txt": b"",
        "nul.txt": b"About\0bees",
        "utf16.txt": b"\xff\xfe" + b"\x00\xd8" * 9,
        "bytes.md": bytes(range(1, 256)) * 9,
        "lone.json": b'{"a": "bees \\ud800 and wasps"}',
        "lone.html": b"<p>bees &#xD800; and wasps</p>",
        "lone.csv": "bees,wasps \ud800\n".encode(errors="surrogatepass"),
    }.items():
        bench.write(name, content)
    report = bench.sync()
    assert {"good.txt", "lone.json", "lone.html"} <= {*report.added}
    assert {"empty.txt", "nul.txt"} <= {*report.failed}
    assert all(reason and "\n" not in reason for reason in report.failed.values())
    assert set(report.added) | set(report.failed) == {path.name for path in bench.folder.iterdir()}


# The worker


class Impostor(Sandbox):
    """A sandbox whose worker was taken over: it runs ``code`` with the pipe as ``pipe``."""

    def __init__(self, code: str, limits: ReadingLimits) -> None:
        super().__init__(limits)
        self.code = code

    def _start(self):  # type: ignore[no-untyped-def]
        executable = sys.executable
        sys.executable = str(self.script(executable))
        try:
            return super()._start()
        finally:
            sys.executable = executable

    def script(self, executable: str) -> Path:
        import tempfile

        script = Path(tempfile.mkdtemp(), "python")
        program = f"import os, subprocess, sys, time\npipe = int(sys.argv[4])\nos.read(pipe, 4096)\n{self.code}"
        script.write_text(f"#!{executable}\n{program}\n")
        script.chmod(0o755)
        return script


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.write(pipe, b'garbage\\n'); time.sleep(60)", "broke its reader"),
        ("os.write(pipe, b'[' * 99999 + b'\\n'); time.sleep(60)", "broke its reader"),
        ("while True: os.write(pipe, b'x' * 65536)", "broke its reader"),
        ("while True: os.write(pipe, b'x'); time.sleep(0.1)", "took longer"),
        ("time.sleep(60)", "took longer"),
        ("sys.exit(3)", "broke its reader"),
    ],
    ids=["garbage", "nested", "endless", "trickle", "silence", "gone"],
)
def test_a_worker_that_answers_otherwise_costs_its_file_only(tmp_path: Path, code: str, reason: str) -> None:
    file = tmp_path / "a.txt"
    file.write_text("About aardvarks.")
    began = time.monotonic()
    with Impostor(code, ReadingLimits(text_mb=1, seconds=2)) as sandbox, pytest.raises(ReadError, match=reason):
        sandbox.read(file)
    assert time.monotonic() - began < 10


ANSWER: dict[str, object] = {"title": "t", "text": "ab", "notes": [], "parts": []}
SECTION: dict[str, object] = asdict(Section(0, 2))


@pytest.mark.parametrize(
    "answer",
    [
        ["error"],
        {"error": 5},
        ANSWER | {"title": 5},
        ANSWER | {"text": "a\ud800"},
        ANSWER | {"text": ["a", "b"]},
        ANSWER | {"notes": [None]},
        ANSWER | {"sections": []},
        ANSWER | {"sections": [SECTION | {"char_end": 3}]},
        ANSWER | {"sections": [SECTION | {"char_start": 1}]},
        ANSWER | {"sections": [SECTION | {"char_end": 9}, SECTION | {"char_start": 9}]},
        ANSWER | {"sections": [SECTION | {"char_end": 2.0}]},
        ANSWER | {"sections": [SECTION | {"line": "1"}]},
        ANSWER | {"sections": [SECTION | {"page": "1"}]},
        ANSWER | {"sections": [SECTION | {"sheet": 1}]},
        ANSWER | {"sections": [SECTION | {"kind": "other"}]},
        ANSWER | {"sections": [SECTION | {"heading": ["\udfff"]}]},
        *(
            ANSWER | {"parts": [{"path": path, "found": "reason"}]}
            for path in (
                5,
                "",
                "/etc/a.txt",
                "a/../b.txt",
                "a//b.txt",
                "a\x1b[2J.txt",
                "a\nb.txt",
                "\u202etxt.a",
                "\ud800.txt",
            )
        ),
        ANSWER | {"parts": [{"path": "a.txt", "found": ANSWER}]},
    ],
    ids=repr,
)
def test_an_answer_of_another_shape_is_no_answer(answer: object) -> None:
    if isinstance(answer, dict) and "error" not in answer:
        answer = {"sections": [SECTION]} | answer
    with pytest.raises((ValueError, TypeError, KeyError)):
        serialization.load(json.dumps(answer).encode())


def test_an_answer_that_lies_about_its_sections_costs_its_file_only(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("About aardvarks.")
    code = f"os.write(pipe, {json.dumps(ANSWER | {'sections': []}).encode()!r} + b'\\n'); time.sleep(60)"
    with Impostor(code, ReadingLimits(seconds=5)) as sandbox, pytest.raises(ReadError, match="broke its reader"):
        sandbox.read(file)


def test_what_a_worker_started_ends_with_it(tmp_path: Path) -> None:
    file, told = tmp_path / "a.txt", tmp_path / "pid"
    file.write_text("About aardvarks.")
    code = f"open({str(told)!r}, 'w').write(str(subprocess.Popen(['sleep', '60']).pid)); time.sleep(60)"
    with Impostor(code, ReadingLimits(seconds=2)) as sandbox, pytest.raises(ReadError, match="took longer"):
        sandbox.read(file)
    assert ended(int(told.read_text()))


def ended(pid: int) -> bool:
    """Within five seconds; one that nobody has collected has ended too."""
    for _ in range(50):
        try:
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    return False


# What cannot be seen

UNSEEN = "\u200b\u200d\u00ad\u202e\u2066\u2069\ufeff\u0301\u00a0\u2028\r\x0b\U000e0041ﬁ"
odd = st.text(st.sampled_from("ab. \n" + UNSEEN), min_size=1, max_size=60)


def spelled(text: str, folder: Path) -> Iterator[Path]:
    """The text in a file of each of four formats."""
    (folder / "a.txt").write_text(text, encoding="utf-8", newline="")
    (folder / "a.html").write_text(f"<h1>{text}</h1><p>{text}</p>", encoding="utf-8", newline="")
    (folder / "a.csv").write_text(f'h,i\n"{text}",c\n', encoding="utf-8", newline="")
    document = docx.Document()
    document.add_heading(text.replace("\x0b", ""))
    document.add_paragraph(text.replace("\x0b", ""))
    document.save(str(folder / "a.docx"))
    yield from (folder / f"a{suffix}" for suffix in (".txt", ".html", ".csv", ".docx"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd)
def test_spans_are_exact_whatever_cannot_be_seen(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    splitter = PassageSplitter(WordsEncoder().count_tokens, 64)
    for file in spelled(f"w {text} w", tmp_path_factory.mktemp("unseen")):
        found = read_file(file)
        assert found.text == normalize("NFC", found.text)
        assert not set(found.text) & set(UNSEEN) - {"\u200d", "\u0301"}
        document = Document("d", file.name, found.title, "text/plain", "", found.text, found.sections)
        passages = splitter.split(document)
        assert passages
        for passage in passages:
            assert passage.text == found.text[passage.locator.char_start : passage.locator.char_end]
