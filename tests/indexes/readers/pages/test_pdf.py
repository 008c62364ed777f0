"""PDFs: what they say of their structure, lines that are the printed ones, and files made to break their reader."""

import io
import zipfile
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from indexes.errors import ReadError
from indexes.readers.extraction.extraction_builder import ExtractionBuilder
from indexes.readers.pages.pdf_structure import StructureMark, add_lines
from indexes.readers.registry import read_file
from indexes.types import Extraction

_CATALOG = "<< /Type /Catalog /Pages 2 0 R >>"
_PAGES = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_FONT = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
_SHOW = "BT /F1 12 Tf 20 100 Td (Hello there) Tj ET"


def page(*, box: str = "300 300") -> str:
    return f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {box}] /Contents 4 0 R /StructParents 0 /Resources {_FONT} >>"


def stream(content: str) -> str:
    return f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"


def pdf(*objects: str) -> bytes:
    made, places = io.BytesIO(b"%PDF-1.7\n"), []
    made.seek(0, io.SEEK_END)
    for number, content in enumerate(objects, start=1):
        places.append(made.tell())
        made.write(f"{number} 0 obj\n{content}\nendobj\n".encode())
    start = made.tell()
    made.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    made.write("".join(f"{place:010d} 00000 n \n" for place in places).encode())
    made.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
    return made.getvalue()


def read(folder: Path, content: bytes) -> Extraction:
    (folder / "a.pdf").write_bytes(content)
    return read_file(folder / "a.pdf")


# -- structure ------------------------------------------------------------------------------------------------------


def added(lines: list[str], *marks: StructureMark) -> Extraction:
    draft = ExtractionBuilder()
    add_lines(lines, marks, draft)
    return draft.finish("")


def test_a_heading_over_two_lines_keeps_both_and_the_lines_after_it() -> None:
    made = added(["The garden", "and its rules", "Close the tap."], StructureMark(("The garden and its rules",), 1))
    assert made.text == "The garden\nand its rules\nClose the tap.\n"
    assert [section.heading for section in made.sections] == [("The garden and its rules",)]


def test_what_is_marked_but_not_printed_so_is_ignored_and_no_line_is_lost() -> None:
    made = added(
        ["one", "two", "three"],
        StructureMark(("other",), 1),
        StructureMark(("thr",), 2),
        StructureMark(("",), 1),
        StructureMark(("two",), 2),
    )
    assert made.text == "one\ntwo\nthree\n"
    assert [(section.heading, section.line) for section in made.sections] == [((), 1), (("two",), 2)]


def test_a_row_of_one_line_has_cells_and_one_of_several_keeps_its_lines() -> None:
    rows = [
        StructureMark(("Plot", "Tenant"), table=1),
        StructureMark(("12", "ZoëŁukasz"), table=1),
        StructureMark(("13", "Ben Long"), table=1),
    ]
    made = added(["Plot Tenant", "12 Zoë Łukasz", "13 Ben", "Long"], *rows)
    assert made.text == "Plot | Tenant\n12 | Zoë Łukasz\n13 Ben\nLong\n"
    assert [section.kind for section in made.sections] == ["table"]


def test_tables_that_follow_each_other_are_two() -> None:
    made = added(["a b", "c d"], StructureMark(("a", "b"), table=1), StructureMark(("c", "d"), table=2))
    assert [section.line for section in made.sections] == [1, 2]


# -- lines ----------------------------------------------------------------------------------------------------------


def test_a_word_cut_at_the_end_of_a_line_is_whole_and_the_lines_after_it_count(tmp_path: Path) -> None:
    lines = " ".join(
        f"1 0 0 1 20 {200 - 14 * number} Tm ({text}) Tj" for number, text in enumerate(["a well-", "kept path", "end"])
    )
    made = read(tmp_path, pdf(_CATALOG, _PAGES, page(), stream(f"BT /F1 12 Tf {lines} ET")))
    assert made.text == "a well-kept\npath\nend\n"


# -- hostile --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pdf(_CATALOG, _PAGES, page(), stream(_SHOW), *["<< /A 1 >>"] * 100_000),
        pdf(_CATALOG, "<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>", page(), stream(_SHOW)),
        pdf(_CATALOG, _PAGES, page(box="1e9 1e9"), stream(_SHOW)),
        pdf(_CATALOG, _PAGES, page(), stream("q " * 200_000 + _SHOW)),
    ],
    ids=["many objects", "a count that lies", "a huge page", "deeply nested"],
)
def test_what_a_hostile_file_says_is_read(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content).text == "Hello there\n"


def test_a_tree_of_pages_that_loops_is_refused(tmp_path: Path) -> None:
    loop = "<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Count 3 >>"
    with pytest.raises(ReadError, match="damaged"):
        read(tmp_path, pdf(_CATALOG, loop, page(), stream(_SHOW)))


@pytest.mark.timeout(30)
def test_tags_that_share_their_parts_are_not_walked_for_ever(tmp_path: Path) -> None:
    levels = 30
    root = f"<< /Type /StructTreeRoot /K [6 0 R] /ParentTree << /Nums [0 [{5 + levels} 0 R]] >> >>"
    tags = [
        f"<< /Type /StructElem /S /Div /P {number - 1} 0 R /K [{number + 1} 0 R {number + 1} 0 R] /Pg 3 0 R >>"
        for number in range(6, 5 + levels)
    ]
    last = f"<< /Type /StructElem /S /H1 /P {4 + levels} 0 R /K [0] /Pg 3 0 R >>"
    catalog = "<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> /StructTreeRoot 5 0 R >>"
    shown = stream(f"/P << /MCID 0 >> BDC {_SHOW} EMC")
    made = read(tmp_path, pdf(catalog, _PAGES, page(), shown, root, *tags, last))
    assert made.text == "Hello there\n"


def test_more_pages_than_any_book_has_are_refused(tmp_path: Path) -> None:
    kids = " ".join(["3 0 R"] * 6000)
    with pytest.raises(ReadError, match="has 6000 pages, more than the 5000 allowed"):
        read(tmp_path, pdf(_CATALOG, f"<< /Type /Pages /Kids [{kids}] /Count 6000 >>", page(), stream(_SHOW)))


def test_a_file_that_is_a_pdf_and_a_zip_is_what_its_name_says(tmp_path: Path) -> None:
    both = io.BytesIO(pdf(_CATALOG, _PAGES, page(), stream(_SHOW)))
    with zipfile.ZipFile(both, "a") as parts:
        parts.writestr("a.txt", "zip")
    assert read(tmp_path, both.getvalue()).text == "Hello there\n"
    (tmp_path / "a.docx").write_bytes(both.getvalue())
    with pytest.raises(ReadError, match="is not a Word document"):
        read_file(tmp_path / "a.docx")


def test_an_empty_password_is_none(tmp_path: Path) -> None:
    """As qpdf encrypts it: read by anyone, changed by its owner."""
    file = Path(__file__).parents[3] / "data" / "formats" / "garden-locked.pdf"
    assert "Close the tap." in read_file(file).text
    with pdfium.PdfDocument(file) as opened:
        assert pdfium.raw.FPDF_GetSecurityHandlerRevision(opened) > 0
