"""What Word writes and LibreOffice does not: content controls, symbols, maths, moved text."""

from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from indexes.readers.registry import read_file

_MATHS = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
_COMPATIBLE = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def read(tmp_path: Path, *blocks: str) -> str:
    document = docx.Document()
    for block in reversed(blocks):
        name, _, rest = block.partition(">")
        document.element.body.insert(0, parse_xml(f"{name} {nsdecls('w')} {_MATHS} {_COMPATIBLE}>{rest}"))
    document.save(str(tmp_path / "a.docx"))
    return read_file(tmp_path / "a.docx").text


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f"<w:sdt><w:sdtContent>{run('chosen')}</w:sdtContent></w:sdt>", "chosen"),
        (f'<w:hyperlink w:anchor="x">{run("linked")}</w:hyperlink>', "linked"),
        (f"<w:moveFrom>{run('there')}</w:moveFrom><w:moveTo>{run('here')}</w:moveTo>", "here"),
        ("<w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>", "a-b\nc"),
        (f'<w:r><w:sym w:font="Symbol" w:char="F0B7"/></w:r>{run(" item")}', "• item"),
        ("<m:oMath><m:r><m:t>E=mc²</m:t></m:r></m:oMath>", "E=mc²"),
        ("<w:r><w:fldChar/><w:instrText>PAGE</w:instrText></w:r>" + run("7"), "7"),
        ('<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>seen</w:t></w:r>', "seen"),
        ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>" + run("seen"), "seen"),
    ],
)
def test_a_paragraph_reads_as_it_is_printed(tmp_path: Path, content: str, text: str) -> None:
    assert read(tmp_path, f"<w:p>{content}</w:p>") == text + "\n"


def test_blocks_and_rows_within_content_controls_are_read(tmp_path: Path) -> None:
    row = f"<w:tr><w:tc><w:p>{run('a')}</w:p></w:tc><w:tc><w:p>{run('b')}</w:p></w:tc></w:tr>"
    table = f"<w:tbl><w:sdt><w:sdtContent>{row}</w:sdtContent></w:sdt></w:tbl>"
    paragraph = f"<w:p>{run('before')}</w:p>"
    assert read(tmp_path, f"<w:sdt><w:sdtContent>{paragraph}{table}</w:sdtContent></w:sdt>") == "before\na | b\n"


def test_a_text_box_that_is_there_for_old_programs_too_is_read_once(tmp_path: Path) -> None:
    box = f"<w:txbxContent><w:p>{run('boxed')}</w:p></w:txbxContent>"
    both = f"<mc:Choice>{box}</mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback>"
    alternate = f"<w:r><mc:AlternateContent>{both}</mc:AlternateContent></w:r>"
    assert read(tmp_path, f"<w:p>{run('by it')}{alternate}</w:p>") == "by it\nboxed\n"


def test_rows_that_were_deleted_are_left_out(tmp_path: Path) -> None:
    rows = "".join(
        f"<w:tr><w:trPr>{mark}</w:trPr><w:tc><w:p>{run(name)}</w:p></w:tc></w:tr>"
        for name, mark in [("kept", ""), ("gone", "<w:del/>"), ("new", "<w:ins/>")]
    )
    assert read(tmp_path, f"<w:tbl>{rows}</w:tbl>") == "kept\nnew\n"
