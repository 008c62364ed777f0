import re
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.rendering.downloads import attachment, sent_name

_BOTH = re.compile(r"attachment; filename=\"([ !#$&-\[\]-~]+)\"; filename\*=UTF-8''([A-Za-z0-9%_.~-]*)")
"""A quoted name without quotes, escapes or percent signs, and then the name itself."""


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("ferry.txt", "ferry.txt"),
        ("Zürich Café.md", "Zurich Cafe.md"),
        ("100%25 sure.md", "100_25 sure.md"),
        ('a "b"\\c.md', "a _b_c.md"),
        ("渡船.pdf", "download.pdf"),
        ("Паром", "download"),
    ],
)
def test_a_download_has_a_name_for_old_programs_too(name: str, plain: str) -> None:
    assert f'; filename="{plain}"; ' in attachment(name)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_downloads_name_breaks_no_header_and_comes_back(name: str) -> None:
    read = _BOTH.fullmatch(attachment(name))
    assert read
    assert unquote(read[2]) == name


@given(st.text('a%20AdD"\r\n .é'))
def test_a_name_is_read_back_as_a_browser_escapes_it(name: str) -> None:
    assume(not re.search("%(0A|0D|22)", name, re.IGNORECASE))  # a browser does not tell these from its own escapes
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    assert sent_name(escaped) == name
