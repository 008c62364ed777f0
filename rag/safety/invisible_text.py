"""What a reader can see of a text: no more than that is given to a model."""

import re

_NEWLINES = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
# Unicode's default-ignorable characters, its controls and what turns direction: soft hyphens, zero-width spaces,
# fillers, tags and variation selectors, by which whole sentences have been hidden from the eye.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
# Persian, Hindi and emoji are spelled with joiners, one at a time: elsewhere, and in rows, they spell something else.
_JOINERS = re.compile(
    "(?<![\u0590-\u1cff\u2190-\u2bff\ua000-\uabff\U0001f000-\U0001faff])[\u200c\u200d]+|(?<=[\u200c\u200d])[\u200c\u200d]+"
)


def visible(text: str) -> str:
    """The text without what cannot be seen. Texts of an index have lost most of it when they were read."""
    if text.isascii() and text.isprintable():
        return text
    return _JOINERS.sub("", seen(_NEWLINES.sub("\n", text)))


def seen(piece: str) -> str:
    """Of a text that comes in pieces: without what cannot be seen, but for joiners, which need what stands before."""
    return _UNSEEN.sub("", piece)
