"""Normalisation of text: done once, when it is extracted, so that every later span is exact."""

import re
import unicodedata
from contextlib import suppress

from charset_normalizer import from_bytes

from indexes.errors import ReadError
from indexes.text.invisible_characters import CONTROLS, FORMATTING, LINE_BREAKS

_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# a model must not read what a person cannot see
_INVISIBLE = re.compile(f"[{CONTROLS}{FORMATTING}]")
_SPELLED_OUT = str.maketrans(
    {
        "\uf0b7": "•",
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
    }
)
_PLAIN_SHARE = 2 / 3
"""Of the bytes. A text in no recognised language with more ASCII than this is read as a Western encoding."""
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def normalise(text: str) -> str:
    """The text with one kind of newline, plain spaces and composed letters, without invisible characters."""
    text = LINE_BREAKS.sub("\n", text)
    text = _INVISIBLE.sub("", _SPACES.sub(" ", text))
    return unicodedata.normalize("NFC", text.translate(_SPELLED_OUT))


def decode(data: bytes) -> str:
    """The normalised text of a file: by its byte order mark, as UTF-8, else in the likeliest encoding.

    Raises ``ReadError`` if it is not text.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        best = None if b"\0" in data else from_bytes(data).best()
        if best is None:
            raise ReadError("is not text in any encoding known here: save it as UTF-8") from None
        text = str(best)
        if not best.coherence and sum(byte < 128 for byte in data) > _PLAIN_SHARE * len(data):
            with suppress(UnicodeDecodeError):
                text = data.decode("cp1252")
    if "\0" in text:
        raise ReadError("is not text: it holds binary data")
    return normalise(text)


def decode_as(data: bytes, encoding: str) -> str:
    """The text in a declared encoding; if that is unknown or wrong, as ``decode`` reads it."""
    with suppress(LookupError, UnicodeDecodeError):
        return data.decode(encoding)
    with suppress(ReadError):
        return decode(data)
    return data.decode(errors="replace")
