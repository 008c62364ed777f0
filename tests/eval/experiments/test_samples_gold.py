"""The sample documents and their gold questions agree, as read by other means than our own readers."""

import csv
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

import docx
import pypdfium2
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "samples"
CORPUS = ROOT.parent / "shared" / "corpus"
FORMATS = {".txt", ".md", ".html", ".pdf", ".docx", ".csv"}
AT_LEAST = {"single": 20, "multi": 8, "follow-up": 6, "unanswerable": 10}
BORROWED = 8
"""Consecutive words in common that count as copied."""


class Evidence(TypedDict):
    path: str
    page: NotRequired[int]
    quote: str


class Message(TypedDict):
    role: Literal["user", "assistant"]
    text: str


class Row(TypedDict):
    id: str
    question: str
    answers: list[str]
    evidence: list[Evidence]
    answerable: bool
    kind: Literal["single", "multi", "follow-up", "unanswerable"]
    history: list[Message]


def gold_rows() -> list[Row]:
    lines = (ROOT / "eval" / "gold" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def sample_paths() -> list[str]:
    return sorted(path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file())


ROWS = gold_rows()
PATHS = sample_paths()
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
answerable_rows = pytest.mark.parametrize("row", [row for row in ROWS if row["answerable"]], ids=lambda row: row["id"])


def pdf_pages(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as pdf:
        return [str(page.get_textpage().get_text_range()) for page in pdf]


def docx_text(path: Path) -> str:
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def csv_text(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as lines:
        return "\n".join(cell for row in csv.reader(lines) for cell in row)


def html_text(path: Path) -> str:
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    for hidden in soup(["script", "style"]):
        hidden.decompose()
    return soup.get_text("\n")


def pages_of(path: Path) -> list[str]:
    match path.suffix:
        case ".pdf":
            return pdf_pages(path)
        case ".docx":
            return [docx_text(path)]
        case ".csv":
            return [csv_text(path)]
        case ".html":
            return [html_text(path)]
        case _:
            return [path.read_text(encoding="utf-8")]


def squeezed(text: str) -> str:
    return " ".join(text.split())


@cache
def extracted(path: str) -> tuple[str, ...]:
    """The text of a sample, page by page, one page where there are none, each with single spaces."""
    return tuple(squeezed(page) for page in pages_of(SAMPLES / path))


def runs_of_words(text: str, length: int = BORROWED) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(*(words[start:] for start in range(length)), strict=False))


def test_every_supported_format_is_present_and_nothing_else() -> None:
    assert {Path(path).suffix for path in PATHS} == FORMATS


def test_the_samples_stay_under_half_a_megabyte() -> None:
    assert sum((SAMPLES / path).stat().st_size for path in PATHS) < 500_000


@pytest.mark.parametrize("path", PATHS)
def test_every_sample_is_long_enough_to_search_and_short_enough_to_read(path: str) -> None:
    assert 150 <= len(" ".join(extracted(path)).split()) <= 900


@pytest.mark.parametrize("path", PATHS)
def test_no_sample_copies_a_run_of_words_from_its_sources(path: str) -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"{CORPUS} is absent: the press articles behind the briefings are not part of the repository")
    source = set().union(*(runs_of_words(file.read_text(encoding="utf-8")) for file in CORPUS.glob("*.txt")))
    assert source, f"no text in {CORPUS}"
    assert not runs_of_words(" ".join(extracted(path))) & source


def test_every_row_has_its_own_id_and_question() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({(row["question"], str(row["history"])) for row in ROWS}) == len(ROWS)


def test_every_kind_of_question_is_asked_often_enough() -> None:
    counts = Counter[str](row["kind"] for row in ROWS)
    assert set(counts) == set(AT_LEAST)
    assert all(counts[kind] >= least for kind, least in AT_LEAST.items()), counts


def test_every_sample_is_evidence_for_some_question() -> None:
    assert {item["path"] for row in ROWS for item in row["evidence"]} == set(PATHS)


@every_row
def test_a_row_has_exactly_the_agreed_keys(row: Row) -> None:
    assert set(row) == set(Row.__annotations__)
    assert row["question"].strip()


@every_row
def test_only_an_answerable_row_has_answers_and_evidence(row: Row) -> None:
    assert row["answerable"] == (row["kind"] != "unanswerable") == bool(row["answers"]) == bool(row["evidence"])


@every_row
def test_only_a_follow_up_has_a_history_of_whole_exchanges(row: Row) -> None:
    roles = [message["role"] for message in row["history"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2)
    assert (row["kind"] == "follow-up") == bool(roles)


@answerable_rows
def test_a_two_document_question_has_evidence_in_two_documents_and_others_in_one(row: Row) -> None:
    assert len({item["path"] for item in row["evidence"]}) == (2 if row["kind"] == "multi" else 1)


@answerable_rows
def test_every_quote_occurs_once_in_its_document_and_on_the_page_named(row: Row) -> None:
    for item in row["evidence"]:
        pages = extracted(item["path"])
        quote = squeezed(item["quote"])
        assert sum(page.count(quote) for page in pages) == 1, item
        assert ("page" in item) == (Path(item["path"]).suffix == ".pdf"), item
        assert quote in pages[item.get("page", 1) - 1], item


@answerable_rows
def test_an_answer_from_one_document_can_be_read_in_its_quote(row: Row) -> None:
    quotes = squeezed(" ".join(item["quote"] for item in row["evidence"])).lower()
    assert row["kind"] == "multi" or any(answer.lower() in quotes for answer in row["answers"])
