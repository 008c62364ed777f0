"""Files become text with places, or an error in words."""

import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import docx
import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexes.errors import ReadError
from indexes.readers.registry import SUFFIXES, media_type, read_file
from indexes.readers.sandbox import ReadingLimits, Sandbox
from indexes.text.normalization import decode
from indexes.types import Extraction

SAMPLES = Path(__file__).parents[3] / "samples"
FILES = sorted(file for file in SAMPLES.rglob("*") if file.suffix in SUFFIXES)

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: str | bytes) -> Path:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ReadingLimits(seconds=30)) as sandbox:
        yield sandbox


def refusal(file: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read_file(file)
    return str(caught.value)


def lines_at(extraction: Extraction, words: str) -> int:
    """The line of the words, by their section."""
    start = extraction.text.index(words)
    section = next(s for s in extraction.sections if s.char_start <= start < s.char_end)
    return section.line + extraction.text.count("\n", section.char_start, start)


def kinds(extraction: Extraction) -> list[str]:
    return [section.kind for section in extraction.sections]


def section_texts(extraction: Extraction) -> list[str]:
    return [extraction.text[section.char_start : section.char_end] for section in extraction.sections]


# -- every format ---------------------------------------------------------------------------------------------------


def test_the_samples_are_of_every_family_of_formats() -> None:
    assert {file.suffix for file in FILES} == {".txt", ".md", ".html", ".pdf", ".docx", ".csv"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_sections_cover_the_text_of_every_sample_in_order(file: Path) -> None:
    read = read_file(file)
    cursor = 0
    for section in read.sections:
        assert section.char_start == cursor < section.char_end
        cursor = section.char_end
    assert cursor == len(read.text)
    assert read.title
    assert read.notes == ()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_sandbox_reads_what_the_reader_reads(file: Path, sandbox: Sandbox) -> None:
    assert sandbox.read(file) == read_file(file)


@pytest.mark.parametrize(
    ("name", "words", "page", "line"),
    [
        ("leave-policy.pdf", "3. Family leave", 3, 2),
        ("chips-and-factories.pdf", "The road to Vietnam", 2, 1),
        ("parts-sourcing.md", "| Rudder drive magnet", None, 14),
        ("offices.csv", "Lisbon | Portugal", None, 3),
        ("on-call-guide.docx", "The rota", None, 3),
        ("us-export-controls.html", "Measure | When | Reach", None, 5),
    ],
)
def test_words_of_the_samples_stand_where_they_are_printed(name: str, words: str, page: int | None, line: int) -> None:
    read = read_file(next(file for file in FILES if file.name == name))
    start = read.text.index(words)
    section = next(s for s in read.sections if s.char_start <= start < s.char_end)
    assert (section.page, lines_at(read, words)) == (page, line)


@pytest.mark.parametrize(
    ("name", "heading", "header"),
    [
        ("parts-sourcing.md", ("Parts sourcing rules", "Rare-earth content"), "| Part "),
        ("on-call-guide.docx", ("On-call guide", "Severity and response"), "Severity | What it looks like |"),
        ("us-export-controls.html", ("American export controls: a short guide", "The measures so far"), "Measure |"),
        ("offices.csv", (), "office | country | currency"),
    ],
)
def test_tables_of_the_samples_have_their_headings_and_begin_with_their_header(
    name: str, heading: tuple[str, ...], header: str
) -> None:
    read = read_file(next(file for file in FILES if file.name == name))
    table = next(section for section in read.sections if section.kind == "table")
    assert table.heading == heading
    assert read.text.startswith(header, table.char_start)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_an_empty_file_is_refused_in_words(write: Write, suffix: str) -> None:
    assert refusal(write(f"empty{suffix}", b"")) in (
        *("holds no text", "is not a PDF, or damaged", "is not a Word document (.docx), or damaged"),
        "is not a picture (PNG, JPEG, TIFF), or damaged",
    )


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_a_binary_file_of_another_kind_is_refused_in_words(write: Write, suffix: str) -> None:
    assert refusal(write(f"program{suffix}", b"\x7fELF\x02\x01\x01\0\0\0\0\0" * 99)).startswith("is not ")


@pytest.mark.parametrize("name", ["leave-policy.pdf", "on-call-guide.docx"])
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    content = bytearray(next(file for file in FILES if file.name == name).read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=20)):
        content[place] ^= data.draw(st.integers(1, 255))
    file = tmp_path_factory.mktemp("damaged") / name
    file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(ReadError):
        assert read_file(file).text


def test_media_types_are_told_by_suffix_whatever_its_case() -> None:
    assert media_type("a/B.PDF") == "application/pdf"


# -- plain text and Markdown ----------------------------------------------------------------------------------------


def test_plain_text_keeps_its_lines(write: Write) -> None:
    read = read_file(write("a note.txt", "one\r\n\r\nthree"))
    assert (read.title, read.text) == ("a note", "one\n\nthree")


@pytest.mark.parametrize("name", ["parts-sourcing.md", "ai-diplomacy.md", "critical-minerals.md"])
def test_the_lines_of_markdown_are_the_files(name: str) -> None:
    file = next(file for file in FILES if file.name == name)
    read = read_file(file)
    assert read.text == decode(file.read_bytes())
    for section in read.sections:
        assert section.line == 1 + read.text.count("\n", 0, section.char_start)


MARKDOWN = """intro

# One
text

| a | b |
|---|---|
| 1 | 2 |

after

## Two
```
# no heading
```
Three
=====
> # quoted
# Four"""


def test_markdown_is_cut_at_headings_tables_and_code(write: Write) -> None:
    read = read_file(write("a.md", MARKDOWN))
    assert [(s.line, s.kind, s.heading) for s in read.sections] == [
        (1, "prose", ()),
        (3, "prose", ("One",)),
        (6, "table", ("One",)),
        (9, "prose", ("One",)),
        (12, "prose", ("One", "Two")),
        (13, "code", ("One", "Two")),
        (16, "prose", ("Three",)),
        (19, "prose", ("Four",)),
    ]
    assert read.title == "One"


def test_markdown_without_a_heading_is_titled_by_its_name(write: Write) -> None:
    assert read_file(write("a note.md", "only text")).title == "a note"


@given(st.text(alphabet="#|-`~>*= \nab1.\t", max_size=80).filter(str.strip))
def test_any_markdown_is_covered_by_its_sections(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.md"
    file.write_text(text)
    read = read_file(file)
    assert "".join(section_texts(read)) == read.text == text
    assert all(s.line == 1 + text.count("\n", 0, s.char_start) for s in read.sections)


# -- CSV ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("comma", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
def test_csv_of_any_dialect_is_a_table(write: Write, comma: str) -> None:
    rows = [["name", "days", "note"], ["Ann", "25", "full time"], ["Bob", "12", "half time"]]
    read = read_file(write("a.csv", "\n".join(comma.join(row) for row in rows)))
    assert read.text == "name | days | note\nAnn | 25 | full time\nBob | 12 | half time\n"
    assert kinds(read) == ["table"]


def test_csv_newlines_and_commas_within_quotes_belong_to_the_cell(write: Write) -> None:
    read = read_file(write("a.csv", 'name,note\r\nAnn,"one,\r\ntwo ""three"""\r\nBob,four\r\n'))
    assert read.text == 'name | note\nAnn | one, two "three"\nBob | four\n'


def test_csv_rows_are_numbered_as_in_a_spreadsheet(write: Write) -> None:
    read = read_file(write("a.csv", 'name,note\n\n"Ann",\n"Bob","a\nb"\nCid,c\n'))
    assert [lines_at(read, name) for name in ("Ann", "Bob", "Cid")] == [3, 4, 5]


def test_an_apostrophe_is_no_quotation_mark(write: Write) -> None:
    text = read_file(write("a.csv", "name;note;days\nAnn;'tis hers;1\nBob;it's his;2\n")).text
    assert text == "name | note | days\nAnn | 'tis hers | 1\nBob | it's his | 2\n"


def test_csv_of_one_column_is_a_list(write: Write) -> None:
    assert read_file(write("a.csv", "name\nAnn\nBob\n")).text == "name\nAnn\nBob\n"


# -- HTML -----------------------------------------------------------------------------------------------------------


def html_text(write: Write, body: str) -> str:
    return read_file(write("a.html", f"<html><head><title>T</title></head><body>{body}</body></html>")).text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>secret</script>",
        "<style>secret</style>",
        "<!-- secret -->",
        "<template><p>secret</p></template>",
        "<noscript><p>secret</p></noscript>",
        "<p hidden>secret</p>",
        '<p style="color: red; DISPLAY : none">secret</p>',
        '<div style="display:none"><p>secret</p></div>',
        "<p>a <span hidden>secret</span> b</p>",
        "<table><tr><td>a</td></tr><tr hidden><td>secret</td></tr></table>",
        '<table><tr><td>a</td></tr><tbody style="display: none"><tr><td>secret</td></tr></tbody></table>',
        "<table><tr><td>a</td><td hidden>secret</td></tr></table>",
        "<table hidden><tr><td>secret</td></tr></table>",
        "<table><caption hidden>secret</caption><tr><td>a</td></tr></table>",
        '<svg><text>secret</text></svg><img alt="secret">',
        "<textarea>secret</textarea><select><option>secret</select>",
        "<ul><li hidden>secret</li></ul>",
    ],
)
def test_what_a_browser_hides_is_left_out(write: Write, hidden: str) -> None:
    text = html_text(write, f"<p>before</p>{hidden}<p>after</p>")
    assert "secret" not in text
    assert "before" in text
    assert "after" in text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>one\n two <b>th</b>ree</p><p>four</p>", "one two three\nfour\n"),
        ("one<br>two", "one\ntwo\n"),
        ("<p>one <b>two<br>three</b></p>", "one two\nthree\n"),
        ("<h1>One<br>two</h1>", "One two\n"),
        ("<ul><li>one</li><li>two<br>three</li></ul>", "- one\n- two three\n"),
        ("<table><tr><th>a<th>b<tr><td>1<br>2<td><p>3</p><p>4</p></table>", "a | b\n1 2 | 3 4\n"),
        ("<table><caption>Leave</caption><tr><td>a<td>b</table>", "Leave\na | b\n"),
        ("<pre>if x:\n    y\n</pre>", "if x:\n    y\n"),
        ("<p>a&nbsp;&lt;b&gt; &amp; c</p>", "a <b> & c\n"),
        ("<div>one<div>two</div>three</div>", "one\ntwo\nthree\n"),
    ],
)
def test_html_reads_as_a_browser_shows_it(write: Write, body: str, text: str) -> None:
    assert html_text(write, body) == text


def test_html_headings_nest(write: Write) -> None:
    read = read_file(write("a.html", "<h1>One</h1><h3>Deep</h3><p>a</p><h2>Two</h2><p>b</p><h1>Three</h1>"))
    assert [section.heading for section in read.sections] == [
        *(("One",), ("One", "Deep"), ("One", "Two"), ("Three",)),
    ]


def test_html_is_titled_by_its_title_then_its_heading_then_its_name(write: Write) -> None:
    assert read_file(write("a.html", "<title> T </title><h1>H</h1>")).title == "T"
    assert read_file(write("b.html", "<h1>H</h1>")).title == "H"
    assert read_file(write("c.html", "<p>text</p>")).title == "c"


# -- PDF ------------------------------------------------------------------------------------------------------------


def pdf_with_pages_added(file: Path, *, before: int = 0, after: int = 0) -> bytes:
    made = io.BytesIO()
    with pdfium.PdfDocument(file) as pdf:
        for index in [0] * before + [len(pdf) + before] * after:
            pdf.new_page(300, 300, index=index).close()
        pdf.save(made)
    return made.getvalue()


def test_pages_of_a_pdf_are_numbered_as_a_reader_counts_them_and_empty_ones_noted(write: Write) -> None:
    sample = SAMPLES / "handbook" / "leave-policy.pdf"
    read = read_file(write("a.pdf", pdf_with_pages_added(sample, before=1, after=1)))
    assert sorted({section.page or 0 for section in read.sections}) == [2, 3, 4, 5]
    assert [note.partition(";")[0] for note in read.notes] in (
        ["no text on pages 1, 6"],
        ["no text was found on pages 1, 6"],
    )
    assert read.text == read_file(sample).text


def test_an_encrypted_pdf_asks_for_one_without_a_password(write: Write) -> None:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [] /Count 0 >>",
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32),
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size 4 /Root 1 0 R /Encrypt 3 0 R /ID [<41> <41>] >>\nstartxref\n%d\n%%%%EOF" % len(body)
    assert refusal(write("a.pdf", body + table + trailer)) == "is encrypted: save it without a password"


# -- Word -----------------------------------------------------------------------------------------------------------


def test_a_word_document_gives_headings_lists_and_tables_in_order(tmp_path: Path) -> None:
    made = docx.Document()
    made.add_heading("Guide", 0)
    made.add_heading("Rules", 1)
    made.add_paragraph("Be kind.")
    made.add_paragraph("one", style="List Bullet")
    table = made.add_table(3, 2)
    for cell, text in zip([*table.columns[0].cells, *table.columns[1].cells], "abcdef", strict=True):
        cell.text = text
    table.cell(2, 0).merge(table.cell(2, 1))
    made.save(str(tmp_path / "a.docx"))
    read = read_file(tmp_path / "a.docx")
    assert read.text == "Guide\nRules\nBe kind.\n- one\na | d\nb | e\nc f\n"
    assert [(s.kind, s.heading) for s in read.sections] == [
        *(("prose", ("Guide",)), ("prose", ("Guide", "Rules")), ("table", ("Guide", "Rules"))),
    ]


def test_a_word_document_that_would_inflate_to_gigabytes_is_refused_unopened(write: Write) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"small")
    data = made.getvalue().replace((5).to_bytes(4, "little") * 1, (3 * 2**30).to_bytes(4, "little"))
    file = write("a.docx", data)
    with zipfile.ZipFile(file) as archive:
        assert archive.infolist()[0].file_size == 3 * 2**30
    assert refusal(file) == "inflates to 3072 MB, more than the 500 MB allowed"


def test_a_word_document_whose_content_is_damaged_is_refused_in_words(write: Write) -> None:
    sample = (SAMPLES / "handbook" / "on-call-guide.docx").read_bytes()
    with zipfile.ZipFile(io.BytesIO(sample)) as archive:
        place = archive.getinfo("word/document.xml").header_offset + 200
    assert "damaged" in refusal(write("a.docx", sample[:place] + b"\xff" * 50 + sample[place + 50 :]))


# -- the sandbox ----------------------------------------------------------------------------------------------------


def test_a_file_larger_than_allowed_is_not_opened(write: Write) -> None:
    file = write("a.txt", "x")
    os.truncate(file, 3 * 2**20)
    with Sandbox(ReadingLimits(file_mb=2)) as small, pytest.raises(ReadError, match="has 3 MB, more than the 2 MB"):
        small.read(file)


def test_more_text_than_allowed_is_refused(write: Write) -> None:
    file = write("a.txt", "x" * (2**20 + 1))
    with Sandbox(ReadingLimits(text_mb=1)) as small, pytest.raises(ReadError, match="more than the 1 MB of text"):
        small.read(file)


def test_a_file_that_takes_too_long_or_kills_its_reader_costs_itself_only(tmp_path: Path, write: Write) -> None:
    os.mkfifo(tmp_path / "endless.txt")
    with Sandbox(ReadingLimits(seconds=2)) as sandbox:
        with pytest.raises(ReadError, match="took longer to read than the 2 s allowed"):
            sandbox.read(tmp_path / "endless.txt")
        assert sandbox.read(write("a.txt", "text")).text == "text"
        assert sandbox._worker
        sandbox._worker.kill()
        with pytest.raises(ReadError, match="broke its reader"):
            sandbox.read(write("b.txt", "text"))
        assert sandbox.read(write("b.txt", "text")).text == "text"


def test_a_file_that_is_gone_is_an_error_in_words_of_the_system(tmp_path: Path, sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="No such file"):
        sandbox.read(tmp_path / "gone.txt")


def test_no_code_that_lies_beside_the_documents_is_run(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("csv", "markdown_it", "resource", "charset_normalizer", "indexes"):
        write(f"{module}.py", f"open({str(tmp_path / 'ran')!r}, 'w'); raise SystemExit")
    monkeypatch.chdir(tmp_path)
    with Sandbox(ReadingLimits(seconds=30)) as sandbox:
        assert sandbox.read(write("a.md", "# One").relative_to(tmp_path)).title == "One"
    assert not (tmp_path / "ran").exists()


def test_the_reader_ends_with_its_sandbox(write: Write) -> None:
    with Sandbox(ReadingLimits()) as sandbox:
        sandbox.read(write("a.txt", "text"))
        worker = sandbox._worker
        assert worker
        assert worker.poll() is None
    assert worker.poll() is not None
    assert sys.executable in worker.args  # type: ignore[operator]  # a list, as it was started
