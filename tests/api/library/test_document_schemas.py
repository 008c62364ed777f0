"""The documents that a caller may read: listed, shown, and given as they were."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from api.library.library import MAX_EXCERPT
from fakes.documents import document
from fakes.engines import ROOT
from fakes.libraries import Premises
from fakes.principals import bearer
from indexes.readers.page_renderer import MARKER
from indexes.storage.catalog import FileState, FileVersion
from indexes.types import Section

Open = Callable[..., Premises]
FORMATS = ROOT / "tests" / "data" / "formats"
UNKNOWN = "0123456789abcdef"


def is_marker(pixel: tuple[int, ...]) -> bool:
    return all(abs(one - other) < 12 for one, other in zip(pixel[:3], MARKER, strict=True))


def marked_rows(png: bytes) -> list[int]:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    across, down = picture.size
    return [y for y in range(down) if any(is_marker(picture.getpixel((x, y))) for x in range(0, across, 2))]


# Listing


async def test_a_caller_is_shown_what_they_may_read_by_path_and_how_many_there_are(open_premises: Open) -> None:
    at = open_premises()
    told = (await at.get("/v1/documents")).json()
    assert [document["path"] for document in told["documents"]] == ["gull/lighthouse.md", "leave-policy.pdf"]
    assert (told["total"], told["next"]) == (2, None)
    assert await at.paths("hr") == ["gull/lighthouse.md", "hr/canary.md", "leave-policy.pdf"]
    lighthouse, policy = told["documents"]
    assert lighthouse["title"] == "Gull Point"
    assert (lighthouse["pages"], policy["pages"]) == (None, 4)
    assert lighthouse["bytes"] == (at.docs / "gull" / "lighthouse.md").stat().st_size
    assert not lighthouse["uploaded"]


async def test_a_list_goes_on_where_the_page_before_ended(open_premises: Open) -> None:
    at = open_premises({f"{number:02}.md": f"# Note {number}\n\nText {number}." for number in range(7)})
    seen, after = [], {}
    for _ in range(4):
        told = (await at.get("/v1/documents", limit=2, **after)).json()
        seen.append([document["path"] for document in told["documents"]])
        assert told["total"] == 7
        after = {"after": told["next"]}
    assert seen == [["00.md", "01.md"], ["02.md", "03.md"], ["04.md", "05.md"], ["06.md"]]
    assert told["next"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "LEAVE policy"}, ["leave-policy.pdf"]),
        ({"q": "gull point"}, ["gull/lighthouse.md"]),
        ({"q": "nowhere"}, []),
        ({"q": "zanzibar"}, []),
        ({"path": "gull/**"}, ["gull/lighthouse.md"]),
        ({"type": "application/pdf"}, ["leave-policy.pdf"]),
        ({"label": "old"}, []),
    ],
)
async def test_a_list_is_confined_by_name_path_type_and_label(
    open_premises: Open, query: dict[str, str], expected: list[str]
) -> None:
    at = open_premises()
    told = (await at.get("/v1/documents", **query)).json()
    assert [document["path"] for document in told["documents"]] == expected
    assert told["total"] == len(expected)


async def test_names_are_found_whatever_their_case_and_composition(open_premises: Open) -> None:
    at = open_premises({"Übersicht.md": "# Übersicht\n\nAlles."})
    assert await at.paths(q="U\u0308BERSICHT") == ["Übersicht.md"]


@pytest.mark.parametrize("query", [{"after": "\x00"}, {"after": "gg"}, {"limit": 0}, {"limit": 201}, {"type": "pdf"}])
async def test_what_cannot_be_meant_is_refused(open_premises: Open, query: dict[str, object]) -> None:
    response = await open_premises().get("/v1/documents", **query)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


# Text


async def test_a_document_comes_with_its_text_and_sections(open_premises: Open) -> None:
    at = open_premises()
    told = (await at.get(f"/v1/documents/{await at.id_of('gull/lighthouse.md')}")).json()
    assert "Ida Marsh looks after the lighthouse" in told["text"]
    assert (told["text_start"], told["text_end"], told["characters"]) == (0, len(told["text"]), len(told["text"]))
    assert told["sections"][-1]["char_end"] == len(told["text"])
    assert told["sections"][-1]["heading"] == ["Gull Point"]
    assert (told["has_original"], told["has_pages"]) == (True, False)


async def test_a_long_text_is_given_piece_by_piece(open_premises: Open) -> None:
    whole = "".join(f"Line {number} of a long log, with an ü.\n" for number in range(20_000))
    at = open_premises()
    whole_section = (Section(0, 300_000), Section(300_000, len(whole), line=2))
    long = document(whole, "log.txt", sections=whole_section)
    at.engine.catalog.put([FileVersion(FileState("log.txt", long.sha256, len(whole), 1), [(long, [])])])
    address = f"/v1/documents/{await at.id_of('log.txt')}"
    first = (await at.get(address)).json()
    assert (first["text_start"], first["text_end"]) == (0, MAX_EXCERPT)
    rest = (await at.get(address, **{"from": first["text_end"]})).json()
    assert first["text"] + rest["text"] == whole
    assert [len(part["sections"]) for part in (first, rest)] == [2, 1]
    some = (await at.get(address, **{"from": 100, "to": 120})).json()
    assert some["text"] == whole[100:120]
    assert all(section["char_start"] < 120 and section["char_end"] > 100 for section in some["sections"])
    beyond = (await at.get(address, **{"from": 2**31})).json()
    assert (beyond["text"], beyond["sections"]) == ("", [])


# Originals


async def test_an_original_is_the_file_to_the_byte_and_never_opens_in_the_browser(open_premises: Open) -> None:
    at = open_premises({"a “quoted” page;.html": "<script>alert(1)</script><p>Some words.</p>"})
    response = await at.get(f"/v1/documents/{await at.id_of('a “quoted” page;.html')}/original")
    assert response.content == b"<script>alert(1)</script><p>Some words.</p>"
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"a _quoted_ page;.html\"; filename*=UTF-8''a%20%E2%80%9Cquoted%E2%80%9D%20page%3B.html"
    )
    assert response.headers["content-security-policy"].startswith("sandbox")
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", sorted(file.name for file in FORMATS.iterdir() if file.suffix != ".zip"))
async def test_originals_of_every_format_come_back_as_they_are(open_premises: Open, name: str) -> None:
    content = (FORMATS / name).read_bytes()
    at = open_premises({"a.md": "Words.", name: content})
    if name not in await at.paths():
        pytest.skip(f"{name} is not indexed here")
    response = await at.get(f"/v1/documents/{await at.id_of(name)}/original")
    assert hashlib.sha256(response.content).digest() == hashlib.sha256(content).digest()


async def test_what_lies_in_a_file_is_a_document_and_its_original_is_that_file(open_premises: Open) -> None:
    content = (FORMATS / "records.zip").read_bytes()
    at = open_premises({"a.md": "Words.", "records.zip": content})
    inner = next(path for path in await at.paths() if path.startswith("records.zip/"))
    told = (await at.get(f"/v1/documents/{await at.id_of(inner)}")).json()
    assert (told["bytes"], told["has_original"], told["has_pages"]) == (None, True, False)
    response = await at.get(f"/v1/documents/{told['id']}/original")
    assert response.content == content
    assert response.headers["content-disposition"].endswith("''records.zip")


def replaced_by_a_link(file: Path) -> None:
    elsewhere = file.parent.parent.parent / "elsewhere.md"
    elsewhere.write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        (lambda file: file.write_text("Another text."), 409, "original-changed"),
        (lambda file: file.unlink(), 410, "original-gone"),
        (lambda file: file.rename(file.with_name("other.md")), 410, "original-gone"),
        (replaced_by_a_link, 410, "original-gone"),
    ],
)
async def test_an_original_that_is_not_what_was_indexed_is_not_given(
    open_premises: Open, change: Callable[[Path], object], status: int, kind: str
) -> None:
    at = open_premises()
    wanted = await at.id_of("gull/lighthouse.md")
    change(at.docs / "gull" / "lighthouse.md")
    response = await at.get(f"/v1/documents/{wanted}/original")
    assert (response.status_code, response.json()["type"]) == (status, f"urn:footnote:problem:{kind}")
    assert str(at.docs) not in response.text


# Pages


@pytest.mark.parametrize("words", ["first 7 calendar days", "FirST".lower() + " 7 calendar days; from the eighth"])
async def test_a_quote_is_marked_where_it_is_printed_and_nowhere_else(open_premises: Open, words: str) -> None:
    at = open_premises()
    address = f"/v1/documents/{await at.id_of('leave-policy.pdf')}/pages/2.png"
    plain, marked = await at.get(address), await at.get(address, quote=words)
    assert plain.headers["content-type"] == "image/png"
    assert (plain.headers["footnote-marks"], marked.headers["footnote-marks"]) == ("0", "1")
    assert marked_rows(plain.content) == []
    rows = marked_rows(marked.content)
    height = Image.open(io.BytesIO(marked.content)).size[1]
    assert abs(float(marked.headers["footnote-marks-top"]) * height - rows[0]) < 2
    assert "footnote-marks-top" not in plain.headers
    assert 10 < rows[-1] - rows[0] < 30  # one line of print
    assert abs(rows[0] - 233) < 25  # where "speak. Your own statement covers…" stands at this width


async def test_a_span_over_several_lines_is_marked_line_by_line(open_premises: Open) -> None:
    at = open_premises()
    wanted = await at.id_of("leave-policy.pdf")
    text = (await at.get(f"/v1/documents/{wanted}")).json()["text"]
    start = text.index("A message is enough")
    end = text.index("from a doctor.", start) + len("from a doctor.")
    response = await at.get(f"/v1/documents/{wanted}/pages/2.png", start=start, end=end)
    assert response.headers["footnote-marks"] == "3"


@pytest.mark.parametrize(("width", "expected"), [(1, 200), (640, 640), (5000, 2000)])
async def test_a_page_is_as_wide_as_asked_within_bounds(open_premises: Open, width: int, expected: int) -> None:
    at = open_premises()
    response = await at.get(f"/v1/documents/{await at.id_of('leave-policy.pdf')}/pages/1.png", width=width)
    assert Image.open(io.BytesIO(response.content)).size[0] == expected


async def test_a_page_that_is_not_there_and_a_document_without_pages_are_told_apart(open_premises: Open) -> None:
    at = open_premises()
    missing = await at.get(f"/v1/documents/{await at.id_of('leave-policy.pdf')}/pages/5.png")
    assert (missing.status_code, missing.json()["detail"]) == (404, "leave-policy.pdf has 4 pages, and no page 5.")
    none = await at.get(f"/v1/documents/{await at.id_of('gull/lighthouse.md')}/pages/1.png")
    assert (none.status_code, none.json()["type"]) == (422, "urn:footnote:problem:page-unreadable")


# Who may see what


@pytest.mark.parametrize("what", ["", "/original", "/pages/1.png", "/pages/1.png?quote=salary"])
async def test_a_hidden_document_answers_as_one_that_does_not_exist(open_premises: Open, what: str) -> None:
    at = open_premises()
    hidden = await at.id_of("hr/canary.md", "hr")
    refused = await at.get(f"/v1/documents/{hidden}{what}")
    unknown = await at.get(f"/v1/documents/{UNKNOWN}{what}")
    assert refused.status_code == unknown.status_code == 404
    assert refused.json() | {"instance": ""} == unknown.json() | {"instance": ""}
    removed = [await at.client.delete(f"/v1/documents/{one}", headers=bearer("anyone")) for one in (hidden, UNKNOWN)]
    assert [response.status_code for response in removed] == [404, 404]
    assert removed[0].json() | {"instance": ""} == removed[1].json() | {"instance": ""}


async def test_nothing_of_a_hidden_document_is_in_any_list_or_count(open_premises: Open) -> None:
    at = open_premises()
    for path in ("/v1/documents", "/v1/documents?q=canary", "/v1/documents?path=hr/**", "/v1/index"):
        response = await at.get(path)
        assert response.status_code == 200
        assert not {word for word in ("canary", "Zanzibar", "hr/") if word in response.text}
    mine, theirs = (await at.get("/v1/index")).json(), (await at.get("/v1/index", "hr")).json()
    assert (mine["documents"], theirs["documents"]) == (2, 3)
    assert mine["passages"] < theirs["passages"]


async def test_without_a_key_nothing_is_shown(open_premises: Open) -> None:
    at = open_premises()
    wanted = await at.id_of("gull/lighthouse.md")
    for path in ("", f"/{wanted}", f"/{wanted}/original", f"/{wanted}/pages/1.png"):
        assert (await at.client.get(f"/v1/documents{path}")).status_code == 401
    for path in ("/v1/index", "/v1/index/events"):
        assert (await at.client.get(path)).status_code == 401


@pytest.mark.parametrize("id_", ["%00", "a%00b", "x" * 5000, "%F0%9F%90%99", "' OR 1=1 --", "..%2f..%2fetc", "%ff"])
async def test_an_id_of_any_kind_is_one_of_no_document(open_premises: Open, id_: str) -> None:
    at = open_premises({"a.md": "Words."})
    for what in ("", "/original", "/pages/1.png"):
        assert (await at.get(f"/v1/documents/{id_}{what}")).status_code == 404
    assert (await at.client.delete(f"/v1/documents/{id_}", headers=bearer("anyone"))).status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"q": "\x00 %_' \\"}, 200),
        ({"q": "word " * 40}, 200),
        ({"q": "x" * 201}, 422),
        ({"path": "\x00"}, 200),
        ({"path": "*" * 1001}, 400),
        ({"after": "ü"}, 422),
        ({"limit": "many"}, 422),
    ],
)
async def test_a_list_answers_whatever_it_is_asked_in_words(
    open_premises: Open, query: dict[str, str], status: int
) -> None:
    assert (await open_premises({"a.md": "Words."}).get("/v1/documents", **query)).status_code == status


async def test_numbers_out_of_range_are_refused_and_spans_that_are_nowhere_give_nothing(open_premises: Open) -> None:
    at = open_premises()
    wanted = await at.id_of("leave-policy.pdf")
    for query in ({"from": -1}, {"to": 2**63}, {"from": "x"}):
        assert (await at.get(f"/v1/documents/{wanted}", **query)).status_code == 422
    assert (await at.get(f"/v1/documents/{wanted}", **{"from": 9, "to": 3})).json()["text"] == ""
    for query in ({"width": 0}, {"start": -1}, {"end": 2**40}, {"quote": "x" * 4001}):
        assert (await at.get(f"/v1/documents/{wanted}/pages/1.png", **query)).status_code == 422
    for query in ({"start": 5, "end": 3}, {"start": 2**30, "end": 2**31}, {"quote": " - | "}):
        assert (await at.get(f"/v1/documents/{wanted}/pages/1.png", width=200, **query)).headers[
            "footnote-marks"
        ] == "0"
    for number in ("0", "-1", "x", "100001"):
        assert (await at.get(f"/v1/documents/{wanted}/pages/{number}.png")).status_code == 422
