"""Formats x (text, locator, table, heading), on files that a real producer made: docs/formats.md shows the table."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from indexes.ingest.splitting import PassageSplitter
from indexes.readers.pages import ocr
from indexes.readers.registry import PICTURE_READERS, READERS, read_file
from indexes.readers.sandbox import ReadingLimits, Sandbox
from indexes.types import Document, EmbeddedDocument, Extraction, Locator

FOLDER = Path(__file__).parents[2] / "data" / "formats"
PRODUCERS = {
    "minutes.eml": "written by hand, as mail programs write them",
    "garden.epub": "LibreOffice Writer 7.4",
    "allowances.xlsx": "LibreOffice Calc 7.4",
    "allowances.tsv": "LibreOffice Calc 7.4",
    "garden.odt": "LibreOffice Writer 7.4",
    "garden.rtf": "LibreOffice Writer 7.4",
    "harbour.pptx": "LibreOffice Impress 7.4",
    # Outlook runs nowhere that tests do: two writers of its format that share nothing
    "notice.msg": "msgforge 1.0.0",
    "plan.msg": "aspose-email-foss 26.3, as 8-bit text; its body by LibreOffice Writer 7.4 and compressed-rtf 1.0.7",
    "survey.msg": "aspose-email-foss 26.3; its PDF by LibreOffice Writer 7.4",
    "survey.eml": "NeoMutt 20220429; its PDF by LibreOffice Writer 7.4",
    "records.zip": "Info-ZIP 3.0 (zip -r -y; zip -P for safe.txt), of the files above and others",
    "garden.docx": "LibreOffice Writer 7.4",
    "tools.docx": "LibreOffice Writer 7.4: notes, tracked changes, a text box, merged and nested cells",
    "garden.pdf": "LibreOffice Writer 7.4, export",
    "garden-locked.pdf": "qpdf 11.3, encrypted with an empty password",
    "garden-print.pdf": "Chromium 156, print",
    "garden-scan.pdf": "pdfium 5.15, 200 dots an inch, black and white, askew (OCR)",
    "garden.html": "LibreOffice Writer 7.4",
    "garden-page.html": "Chromium 156, the page after its scripts ran",
    "garden.md": "pandoc 2.17",
    "garden.rst": "pandoc 2.17",
    "garden.txt": "LibreOffice Writer 7.4",
    "allowances.csv": "LibreOffice Calc 7.4",
    "plots.json": "json.tool of Python 3.11",
    "watering.jsonl": "json.tool of Python 3.11",
    "watering.py": "ruff format 0.15",
    "berths.png": "Chromium 156, print, 150 dots an inch (OCR)",
    "tides.tiff": "Chromium 156, print, as a fax of two pages (OCR)",
    "waste.jpg": "Chromium 156, print, as a noisy photo on its side (OCR)",
}
RECOGNISED = {"garden-scan.pdf", "berths.png", "tides.tiff", "waste.jpg"}
FILES = [
    pytest.param(
        file,
        marks=[
            pytest.mark.skipif(file.name in RECOGNISED and not ocr.installed(), reason="footnote[ocr] is not installed")
        ],
    )
    for file in sorted(FOLDER.iterdir())
]


@dataclass(frozen=True)
class Cell:
    """Words, where they stand, and the headings over them."""

    file: str
    words: str
    place: str
    heading: tuple[str, ...] = ()
    kind: str = "prose"
    part: str = ""
    """The path of the document within the file, where it is not the file."""


TEXTS = [
    Cell("allowances.xlsx", "Japan | 61 | 50% | 2023-07-15", "sheet Allowances, line 3", ("Allowances",), "table"),
    Cell("allowances.xlsx", "Total | 109.5", "sheet Allowances, line 5", ("Allowances",), "table"),
    Cell("allowances.xlsx", "B-02 | third", "sheet Büro list, line 7", ("Büro list", "from row 3"), "table"),
    Cell("allowances.xlsx", "far below", "sheet Büro list, line 900", ("Büro list", "from row 900"), "table"),
    Cell("allowances.tsv", "Japan | 61 | 50.0% | 2023-07-15", "line 3", (), "table"),
    Cell("allowances.tsv", "Total | 109.5", "line 5", (), "table"),
    Cell("harbour.pptx", "The channel is 14.2 metres deep.", "slide 2, line 2", ("Dredging",)),
    Cell("harbour.pptx", "Notes: Mention that the seals return on 3 May.", "slide 2, line 4", ("Dredging",)),
    Cell("harbour.pptx", "Quay wall | 22.1", "slide 3, line 4", ("Costs",), "table"),
    Cell("harbour.pptx", "No title here, only a box.", "slide 4, line 1"),
    Cell("harbour.pptx", "2024 | 355", "slide 5, line 4", ("Traffic",), "table"),
]
for _name in ("garden.odt", "garden.rtf", "garden.docx", "garden-page.html"):
    TEXTS += [
        Cell(_name, "The garden opens at seven — even in winter.", "line 2", ("Garden rules",)),
        Cell(_name, "- Close the tap.", "line 6", ("Garden rules", "Watering")),
        Cell(_name, "13 | Ben | 95 (with shed)", "line 10", ("Garden rules", "Plots"), "table"),
        Cell(_name, "Give notice by 30 September.", "line 13", ("Leaving",)),
    ]
_SUBJECT = ("Minutes of the 3rd of March — shed",)
TEXTS += [
    Cell("garden.epub", "The garden opens at seven — even in winter.", "line 2", ("Garden rules",)),
    Cell("garden.epub", "13 | Ben | 95 (with shed)", "line 10", ("Garden rules",), "table"),
    Cell("garden.epub", "Give notice by 30 September.", "line 13", ("Leaving",)),
    Cell("minutes.eml", "From: Zoë Łukasz <zoe@garden.example>", "line 2", _SUBJECT),
    Cell("minutes.eml", "the shed costs 1 450 euros, and Bürger pay half of it.", "line 7", _SUBJECT),
    Cell("minutes.eml", "Attachments: plan.pdf", "line 10", _SUBJECT),
]
_SURVEY = ("Survey of the north shed — roof",)
for _name in ("survey.eml", "survey.msg"):
    TEXTS += [
        Cell(_name, "To: Aïda <aida@garden.example>", "line 3", _SURVEY),
        Cell(_name, "The roof needs 48 new tiles before 1 November.", "line 8", _SURVEY),
        Cell(_name, "Attachments: plan.pdf, quotes.csv, quotes (2).csv", "line 12", _SURVEY),
        Cell(
            _name,
            "The north shed measures 14 by 6 metres.",
            "page 1, line 2",
            ("Plan of the north shed",),
            part="plan.pdf",
        ),
        Cell(_name, "Brandt | 48 | 1620", "line 3", kind="table", part="quotes.csv"),
        Cell(_name, "Adler | 40 | 1300", "line 2", kind="table", part="quotes (2).csv"),
    ]
_TILES, _FORWARDED = ("Delivery of the tiles",), "Delivery of the tiles.msg"
TEXTS += [
    Cell("survey.eml", "The tiles come on 21 October", "line 5", _TILES, part="forwarded.eml"),
    Cell("survey.msg", "Date: Wed, 09 Oct 2024 08:30:00 +0000", "line 5", _SURVEY),
    Cell("survey.msg", "From: Ben Adlér <ben@roofs.example>", "line 2", _TILES, part=_FORWARDED),
    Cell("survey.msg", "The tiles come on 21 October", "line 5", _TILES, part=_FORWARDED),
    Cell("survey.msg", "First | 30", "line 7", _TILES, "table", part=_FORWARDED),
    Cell("survey.msg", "Brandt | 48 | 1620", "line 3", kind="table", part=f"{_FORWARDED}/quotes.csv"),
    Cell("plan.msg", "From: Zoë Lukasz <zoe@garden.example>", "line 2", ("Plan",)),
    Cell("plan.msg", "Its door opens to the east — like the gate.", "line 8", ("Plan", "Plan of the north shed")),
    Cell("notice.msg", "From: Zoë <zoe@garden.example>", "line 2", ("Notice — water",)),
    Cell("notice.msg", "The water is off on 5 May, from 9 to 11.", "line 5", ("Notice — water",)),
    Cell("notice.msg", "Adler | 48 | 1450", "line 2", kind="table", part="quotes.csv"),
    Cell(
        "records.zip",
        "Its door opens to the east",
        "page 1, line 3",
        ("Plan of the north shed",),
        part="records/plan.pdf",
    ),
    Cell("records.zip", "The key hangs behind the door.", "line 3", ("Büro",), part="records/Büro.md"),
    Cell("records.zip", "Tiles of 1998 were red.", "line 1", part="old.zip/1998.txt"),
    Cell("records.zip", "The roof needs 48 new tiles", "line 8", _SURVEY, part="old.zip/survey.eml"),
    Cell("records.zip", "Brandt | 48 | 1620", "line 3", kind="table", part="old.zip/survey.eml/quotes.csv"),
]
_PDF = ("Garden rules", "Plots")
TEXTS += [
    Cell("garden.html", "Water in the evening only.", "line 4", ("Garden rules", "Watering")),
    Cell("garden.html", "13 | Ben | 95 (with shed)", "line 10", ("Garden rules", "Plots"), "table"),
    Cell("garden.pdf", "• Close the tap.", "page 1, line 6", ("Garden rules", "Watering")),
    Cell("garden.pdf", "13 Ben 95 (with shed)", "page 1, line 10", _PDF),
    Cell("garden.pdf", "Give notice by 30 September.", "page 1, line 13", ("Leaving",)),
    Cell("garden-locked.pdf", "Give notice by 30 September.", "page 1, line 13", ("Leaving",)),
    Cell("garden-print.pdf", "Close the tap.", "page 1, line 6", ("Garden rules", "Watering")),
    Cell("garden-print.pdf", "13 | Ben | 95 (with shed)", "page 1, line 10", _PDF, "table"),
    Cell("garden-print.pdf", "a well-trodden", "page 1, line 15", ("Leaving",)),
    Cell("garden-print.pdf", "is paid back.", "page 1, line 18", ("Leaving",)),
    Cell("garden-scan.pdf", "The garden opens at seven — even in winter.", "page 1, line 2"),
    Cell("garden-scan.pdf", "13 | Ben | 95 (with shed)", "page 1, line 10", (), "table"),
    Cell("garden-scan.pdf", "Give notice by 30 September.", "page 1, line 13"),
    Cell("garden.md", "-   Close the tap.", "line 10", ("Garden rules", "Watering")),
    Cell("garden.md", "| 13   | Ben        | 95 (with shed) |", "line 17", _PDF, "table"),
    Cell("garden.rst", "-  Close the tap.", "line 12", ("Garden rules", "Watering")),
    Cell("garden.rst", "13   Ben        95 (with shed)", "line 21", _PDF, "table"),
    Cell("garden.txt", "• Close the tap.", "line 6"),
    Cell("allowances.csv", "Japan | 61 | 50% | 2023-07-15", "line 3", (), "table"),
    Cell("allowances.csv", "Total | 109.5", "line 5", (), "table"),
    Cell("tools.docx", "The shed holds forty tools (Counted in March.) and a (On loan.) cart.", "line 2", ("Tools",)),
    Cell("tools.docx", "Seen by all, see the rules.", "line 3", ("Tools",)),
    Cell("tools.docx", "Boxed warning.", "line 5", ("Tools",)),
    Cell("tools.docx", "Tall | c within | d", "line 8", ("Tools",), "table"),
    Cell("plots.json", "garden.plots[1].tenant: Ben", "line 6", (), "code"),
    Cell("watering.jsonl", "day: 2024-03-09; event: barrel filled; litres[0]: 200", "line 2", (), "code"),
    Cell("watering.py", "return self.litres > 0", "line 8", ("Barrel", "tap"), "code"),
    Cell("berths.png", "08:15 each Monday. Fresh water is free of charge", "line 4"),
    Cell("berths.png", "10 to 18 m | 41.00 | 26.00", "line 8", (), "table"),
    Cell("tides.tiff", "differs from the table by more than half a metre", "page 1, line 11"),
    Cell("tides.tiff", "The garden opens at seven — even in winter.", "page 2, line 2"),
    Cell("waste.jpg", "removal and a fine of 250 euros.", "line 4"),
]
TABLES = [
    *(
        (name, "Plot | Tenant | Square metres\n12 | Zoë Łukasz | 80\n")
        for name in ("garden.docx", "garden.html", "garden-page.html", "garden-print.pdf", "garden-scan.pdf")
    ),
    ("tools.docx", "Wide | Third\nTall | a | b\n"),
    ("garden.md", "| Plot | Tenant     | Square metres  |\n"),
    ("garden.rst", "Plot Tenant     Square metres\n"),
    ("allowances.csv", "Country,Daily rate,Share,Since\n".replace(",", " | ")),
    ("berths.png", "Length | Summer | Winter\nup to 6 m | 12.00 | 7.50\n"),
    ("garden.epub", "Plot | Tenant | Square metres\n12 | Zoë Łukasz | 80\n"),
    ("garden.odt", "Plot | Tenant | Square metres\n12 | Zoë Łukasz | 80\n"),
    ("garden.rtf", "Plot | Tenant | Square metres\n12 | Zoë Łukasz | 80\n"),
    ("allowances.xlsx", "Country | Daily rate | Share | Since\nPortugal | 48.5 | 12.5% | 2024-03-01\n"),
    ("allowances.tsv", "Country | Daily rate | Share | Since\nPortugal | 48.5 | 12.5% | 2024-03-01\n"),
    ("harbour.pptx", "Item | Million\nDredger | 7.5\nQuay wall | 22.1\n"),
]
TITLES = {
    "minutes.eml": "Minutes of the 3rd of March — shed",
    "garden.epub": "Garden rules",
    "allowances.xlsx": "allowances",
    "allowances.tsv": "allowances",
    "garden.odt": "Garden rules",
    "garden.rtf": "Garden rules",
    "harbour.pptx": "harbour",
    "notice.msg": "Notice — water",
    "plan.msg": "Plan",
    "survey.msg": "Survey of the north shed — roof",
    "survey.eml": "Survey of the north shed — roof",
    "records.zip": "records",
    "garden.docx": "Garden rules",
    "tools.docx": "tools",
    "garden.pdf": "Garden rules",
    "garden-locked.pdf": "Garden rules",
    "garden-print.pdf": "Garden rules",
    "garden-scan.pdf": "garden-scan",
    "garden.html": "Garden rules",
    "garden-page.html": "Garden rules",
    "garden.md": "Garden rules",
    "garden.rst": "Garden rules",
    "garden.txt": "garden",
    "allowances.csv": "allowances",
    "plots.json": "plots",
    "watering.jsonl": "watering",
    "watering.py": "watering.py",
    "berths.png": "berths",
    "tides.tiff": "tides",
    "waste.jpg": "waste",
}
LOST = {
    ("garden.pdf", "table"): "no: read as lines",
    ("garden-locked.pdf", "table"): "no: read as lines",
    ("garden-scan.pdf", "heading"): "no: read as lines",
    ("berths.png", "heading"): "no: read as lines",
    ("tides.tiff", "heading"): "no: read as lines",
    ("waste.jpg", "heading"): "no: read as lines",
    ("garden.txt", "table"): "no: the file has none left",
    ("garden.txt", "heading"): "no: the file has none left",
}
"""What the printed page shows and its reading does not; what is neither kept nor lost, the file has none of."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ReadingLimits(seconds=60)) as sandbox:
        yield sandbox


@cache
def extraction(name: str) -> Extraction:
    if name in RECOGNISED and not ocr.installed():
        pytest.skip("footnote[ocr] is not installed")
    return read_file(FOLDER / name)


def document(name: str, part: str = "") -> Document:
    read = extraction(name)
    if part:
        (found,) = (within.found for within in read.parts if within.path == part)
        assert isinstance(found, Extraction)
        read = found
    return Document("id", name, read.title, "", "", read.text, read.sections)


def located(read: Document, words: str) -> Locator:
    start = read.text.rindex(words)
    return read.locate(start, start + len(words))


def section_of(read: Extraction | Document, words: str) -> str:
    start = read.text.index(words)
    return next(s.kind for s in read.sections if s.char_start <= start < s.char_end)


def kept(name: str) -> Iterator[str]:
    """The row of a file in the table."""
    cells = [cell for cell in TEXTS if cell.file == name]
    found = {"table": any(table == name for table, _ in TABLES), "heading": any(cell.heading for cell in cells)}
    yield "yes"
    yield re.sub(r" [^,]+(, |$)", r"\1", cells[0].place)
    for column, there in found.items():
        yield "yes" if there else LOST.get((name, column), "–")


def test_every_family_of_formats_has_a_file() -> None:
    families = {row[1:] for row in (READERS | PICTURE_READERS).values()}
    assert families == {(READERS | PICTURE_READERS)[Path(name).suffix][1:] for name in PRODUCERS}


def test_the_documented_table_is_the_tested_one() -> None:
    head = "| file | text | locator | table | heading | made by |\n|---|---|---|---|---|---|\n"
    rows = (f"| {' | '.join([name, *kept(name), made_by])} |\n" for name, made_by in sorted(PRODUCERS.items()))
    assert head + "".join(rows) in (FOLDER.parents[2] / "docs" / "formats.md").read_text()


def test_every_file_has_its_producer_and_its_cells() -> None:
    names = {file.name for file in FOLDER.iterdir()}
    assert names == set(PRODUCERS) == set(TITLES) == {cell.file for cell in TEXTS}


@pytest.mark.parametrize("cell", TEXTS, ids=lambda cell: f"{cell.file}-{cell.words[:12]}")
def test_words_stand_where_a_person_finds_them_under_their_headings(cell: Cell) -> None:
    read = document(cell.file, cell.part)
    place = located(read, cell.words)
    assert (str(place), place.heading) == (cell.place, cell.heading)
    assert section_of(read, cell.words) == cell.kind


@pytest.mark.parametrize(("name", "text"), TABLES)
def test_a_table_is_a_section_that_begins_with_its_header(name: str, text: str) -> None:
    read = extraction(name)
    tables = [read.text[s.char_start : s.char_end] for s in read.sections if s.kind == "table"]
    assert any(table.startswith(text) for table in tables)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_sections_cover_the_text_in_order_and_the_title_is_right(file: Path) -> None:
    read = extraction(file.name)
    cursor = 0
    for section in read.sections:
        assert section.char_start == cursor < section.char_end
        cursor = section.char_end
    assert cursor == len(read.text)
    assert read.title == TITLES[file.name]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_sandbox_reads_what_the_reader_reads(file: Path, sandbox: Sandbox) -> None:
    assert sandbox.read(file) == extraction(file.name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("tokens", [40, 400])
def test_passages_lie_on_one_sheet_or_slide_with_lines_that_count(file: Path, tokens: int) -> None:
    read = document(file.name)
    for passage in PassageSplitter(lambda text: len(text.split()), tokens).split(read):
        last = passage.text.rstrip()
        end = passage.locator.char_start + len(last)
        at_end = read.locate(end - 1, end)
        assert (at_end.sheet, at_end.slide) == (passage.locator.sheet, passage.locator.slide)
        assert at_end.line_end == passage.locator.line_end


@pytest.mark.parametrize("words", ["thirty", "never seen", "Really?"])
def test_what_word_deletes_hides_or_remarks_is_left_out(words: str) -> None:
    assert words not in extraction("tools.docx").text


def test_what_excel_hides_is_left_out_with_a_note() -> None:
    read = read_file(FOLDER / "allowances.xlsx")
    assert "secret" not in read.text
    assert read.notes == ("sheet Hidden is hidden, and was left out",)


def test_an_attachment_that_cannot_be_read_says_why() -> None:
    assert read_file(FOLDER / "minutes.eml").parts == (EmbeddedDocument("plan.pdf", "is not a PDF, or damaged"),)


@pytest.mark.parametrize("name", ["survey.eml", "survey.msg"])
def test_attachments_of_other_formats_are_noted_and_pictures_of_signatures_are_not(name: str) -> None:
    assert read_file(FOLDER / name).notes == ("attachments of other formats are not read: roof.dwg",)


def test_what_a_zip_holds_besides_documents_is_noted_and_what_is_encrypted_says_so() -> None:
    read = read_file(FOLDER / "records.zip")
    assert read.notes == (
        "not read, being hidden, a link or of another format: records/.cache/x.txt, records/roof.dwg, records/link.txt",
    )
    assert read.parts[-1] == EmbeddedDocument("safe.txt", "is encrypted: zip it without a password")


@pytest.mark.parametrize("charset", ["utf-8", "x-unknown", "us-ascii"])
def test_mail_in_html_is_read_as_a_page_in_whatever_encoding(tmp_path: Path, charset: str) -> None:
    file = tmp_path / "a.eml"
    head = f"From: a@b.example\nContent-Type: text/html; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    file.write_text(head + "<script>x</script><h2>Grüße</h2><table><tr><td>a<td>b</table>", encoding="utf-8")
    read = read_file(file)
    assert read.text == "From: a@b.example\nGrüße\na | b\n"
    assert read.title == "a"


def test_rich_text_that_is_cut_off_within_a_table_keeps_its_words(tmp_path: Path) -> None:
    file = tmp_path / "a.rtf"
    file.write_text(r"{\rtf1 before\par one\cell two\cell }")
    assert " ".join(read_file(file).text.split()) == "before one two"
