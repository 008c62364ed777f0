"""One form of text, whatever bytes it came from."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.errors import ReadError
from indexes.text.normalization import decode, normalise

TEXT = "Zoë’s café: 5 €, “naïve”\nŁódź\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_in_any_form_is_the_same_text(encoding: str) -> None:
    assert decode(TEXT.encode(encoding)) == TEXT


def test_a_big_endian_byte_order_mark_is_read() -> None:
    assert decode(b"\xfe\xff" + TEXT.encode("utf-16-be")) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "Le café coûte 5 €",
        "naïve façade – “quoted”",
        "Müller, Große Straße 5",
        "The Board’s decision – taken in May – was “final”. Budget: £5,000.",
    ],
)
def test_western_text_of_windows_is_read_however_short(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "Zażółć gęślą jaźń. Pracownicy mają prawo do urlopu, a świadczenia wypłacane są co miesiąc."),
        ("gb18030", "员工有权享受带薪年假。北京总部。"),
        ("shift_jis", "従業員は年次有給休暇を取得する権利があります。東京本社。"),
    ],
)
def test_other_encodings_are_told_by_their_language(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "data", [b"\x7fELF\x02\x01\0\0\0", b"plain\0text", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a".encode("utf-16-le")]
)
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError, match="is not text"):
        decode(data)


def test_an_empty_file_is_an_empty_text() -> None:
    assert decode(b"") == ""


@pytest.mark.parametrize(
    "unseen",
    [
        "\u200b",
        "\u00ad",
        "\ufeff",
        "\u202e",
        "\u2066",
        "\u200f",
        "\x07",
        "\x7f",
        "\U000e0041",
        "\u2060",
        "\ud800",
        "\0",
    ],
    ids=ascii,
)
def test_what_a_reader_cannot_see_is_taken_out(unseen: str) -> None:
    assert normalise(f"pass{unseen}word") == "password"


@pytest.mark.parametrize("spelling", ["می\u200cخواهم", "👩\u200d👩\u200d👧", "क्\u200dष", "❤\ufe0f"])
def test_joiners_that_spell_words_and_emoji_stay(spelling: str) -> None:
    assert normalise(spelling) == spelling


def test_letters_are_composed_and_ligatures_taken_apart() -> None:
    assert normalise("Zoe\u0308 \ufb01nds a sta\ufb00 o\ufb03ce") == "Zoë finds a staff office"


def test_superscripts_and_fractions_keep_their_meaning() -> None:
    assert normalise("10² ½ №") == "10² ½ №"


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n", "\f", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_every_newline_is_one_newline(newline: str) -> None:
    assert normalise(f"one{newline}two") == "one\ntwo"


def test_every_space_is_a_plain_space() -> None:
    assert normalise("5\u00a0kg\u2009to\u3000go") == "5 kg to go"


@given(st.text())
def test_normal_text_is_normal(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    with suppress(ReadError):
        text = decode(data)
        assert text == normalise(text)
        text.encode()  # no lone surrogates


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_utf_8_is_never_guessed_at(text: str) -> None:
    assert decode(text.encode()) == normalise(text.removeprefix("\ufeff"))
