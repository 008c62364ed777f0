"""Formats x (text, locator, table, heading), on files that a real producer made: see PRODUCERS."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexes.reading.formats import read_file
from indexes.reading.sandbox import ReadingLimits, Sandbox
from indexes.splitting import PassageSplitter
from indexes.types import Document, Extraction, Locator, Part

FOLDER = Path(__file__).parents[1] / "data" / "formats"
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
}
FILES = sorted(FOLDER.iterdir())


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
for _name in ("garden.odt", "garden.rtf"):
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
        Cell(_name, "The north shed measures 14 by 6 metres.", "page 1, line 2", part="plan.pdf"),
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
    Cell("records.zip", "Its door opens to the east", "page 1, line 3", part="records/plan.pdf"),
    Cell("records.zip", "The key hangs behind the door.", "line 3", ("Büro",), part="records/Büro.md"),
    Cell("records.zip", "Tiles of 1998 were red.", "line 1", part="old.zip/1998.txt"),
    Cell("records.zip", "The roof needs 48 new tiles", "line 8", _SURVEY, part="old.zip/survey.eml"),
    Cell("records.zip", "Brandt | 48 | 1620", "line 3", kind="table", part="old.zip/survey.eml/quotes.csv"),
]
TABLES = [
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
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ReadingLimits(seconds=30)) as sandbox:
        yield sandbox


def document(name: str, part: str = "") -> Document:
    read = read_file(FOLDER / name)
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


def test_every_file_has_its_producer_and_its_cells() -> None:
    names = {file.name for file in FILES}
    assert names == set(PRODUCERS) == set(TITLES) == {cell.file for cell in TEXTS}


@pytest.mark.parametrize("cell", TEXTS, ids=lambda cell: f"{cell.file}-{cell.words[:12]}")
def test_words_stand_where_a_person_finds_them_under_their_headings(cell: Cell) -> None:
    read = document(cell.file, cell.part)
    place = located(read, cell.words)
    assert (str(place), place.heading) == (cell.place, cell.heading)
    assert section_of(read, cell.words) == cell.kind


@pytest.mark.parametrize(("name", "text"), TABLES)
def test_a_table_is_a_section_that_begins_with_its_header(name: str, text: str) -> None:
    read = read_file(FOLDER / name)
    tables = [read.text[s.char_start : s.char_end] for s in read.sections if s.kind == "table"]
    assert any(table.startswith(text) for table in tables)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_sections_cover_the_text_in_order_and_the_title_is_right(file: Path) -> None:
    read = read_file(file)
    cursor = 0
    for section in read.sections:
        assert section.char_start == cursor < section.char_end
        cursor = section.char_end
    assert cursor == len(read.text)
    assert read.title == TITLES[file.name]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_sandbox_reads_what_the_reader_reads(file: Path, sandbox: Sandbox) -> None:
    assert sandbox.read(file) == read_file(file)


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


def test_what_excel_hides_is_left_out_with_a_note() -> None:
    read = read_file(FOLDER / "allowances.xlsx")
    assert "secret" not in read.text
    assert read.notes == ("sheet Hidden is hidden, and was left out",)


def test_an_attachment_that_cannot_be_read_says_why() -> None:
    assert read_file(FOLDER / "minutes.eml").parts == (Part("plan.pdf", "is not a PDF, or damaged"),)


@pytest.mark.parametrize("name", ["survey.eml", "survey.msg"])
def test_attachments_of_other_formats_are_noted_and_pictures_of_signatures_are_not(name: str) -> None:
    assert read_file(FOLDER / name).notes == ("attachments of other formats are not read: roof.dwg",)


def test_what_a_zip_holds_besides_documents_is_noted_and_what_is_encrypted_says_so() -> None:
    read = read_file(FOLDER / "records.zip")
    assert read.notes == (
        "not read, being hidden, a link or of another format: records/.cache/x.txt, records/roof.dwg, records/link.txt",
    )
    assert read.parts[-1] == Part("safe.txt", "is encrypted: zip it without a password")


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
