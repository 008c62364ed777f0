"""Removes what a reader cannot see: whole sentences have been hidden from the eye, and shown to a model, by it."""

import re

from indexes.text.invisible_characters import CONTROLS, FORMATTING, IGNORABLE, LINE_BREAKS

_INVISIBLE = re.compile(f"[{CONTROLS}{FORMATTING}{IGNORABLE}]")
# Persian, Hindi and emoji are spelled with joiners, one at a time: elsewhere, and in rows, they spell something else.
_JOINERS = re.compile(
    "(?<![\u0590-\u1cff\u2190-\u2bff\ua000-\uabff\U0001f000-\U0001faff])[\u200c\u200d]+|(?<=[\u200c\u200d])[\u200c\u200d]+"
)


def strip_invisible(text: str) -> str:
    """Return the text without invisible characters. Texts of an index have lost most of them in reading."""
    if text.isascii() and text.isprintable():
        return text
    return _JOINERS.sub("", strip_invisible_piece(LINE_BREAKS.sub("\n", text)))


def strip_invisible_piece(piece: str) -> str:
    """Return a piece of a stream without invisible characters, but with joiners: whether one counts depends on what
    stands before it."""
    return _INVISIBLE.sub("", piece)
