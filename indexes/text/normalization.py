"""Text is normalised once, when it is extracted, so that every span after that is exact."""

import re
import unicodedata
from contextlib import suppress

from charset_normalizer import from_bytes

from indexes.errors import ReadError
from indexes.text.invisible_characters import CONTROLS, FORMATTING, LINE_BREAKS

_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# What a reader cannot see, a model must not read.
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
"""Of the bytes: a text that no language is recognised in, and of which more are ASCII, is taken for a Western one."""
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def normalise(text: str) -> str:
    """One kind of newline, plain spaces, composed letters, and nothing that cannot be seen."""
    text = LINE_BREAKS.sub("\n", text)
    text = _INVISIBLE.sub("", _SPACES.sub(" ", text))
    return unicodedata.normalize("NFC", text.translate(_SPELLED_OUT))


def decode(data: bytes) -> str:
    """The text of a file: by its byte order mark, as UTF-8, else in the encoding that its bytes look most like."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = _guess(data)
    if "\0" in text:
        raise ReadError("is not text: it holds binary data")
    return normalise(text)


def decode_as(data: bytes, encoding: str) -> str:
    """In the encoding that it is said to be in, unless that is unknown or wrong."""
    with suppress(LookupError, UnicodeDecodeError):
        return data.decode(encoding)
    with suppress(ReadError):
        return decode(data)
    return data.decode(errors="replace")


def _guess(data: bytes) -> str:
    best = None if b"\0" in data else from_bytes(data).best()
    if best is None:
        raise ReadError("is not text in any encoding known here: save it as UTF-8")
    if not best.coherence and sum(byte < 128 for byte in data) > _PLAIN_SHARE * len(data):
        with suppress(UnicodeDecodeError):
            return data.decode("cp1252")
    return str(best)
