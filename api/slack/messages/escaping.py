"""Text of answers and documents that Slack takes for nothing but text: no mention, no link, no image.

Slack parses ``<!channel>``, ``<@U…>`` and ``<url>``, and links what looks like an address of its own accord. What is
Markdown is changed where it would be live, and shows it: a blank after ``<``, ``[:]`` and ``[.]`` within an address.
"""

import re

from rag.safety.invisible_text import strip_invisible

_TOKEN = re.compile(r"<(?=[@!#A-Za-z/?])")
_MARKDOWN_LINK = re.compile(r"\](?=[(:])")
_TOP = "com|org|net|edu|gov|mil|info|biz|io|dev|ai|co|xyz|example"
_COLON = re.compile(
    r"(?<=[A-Za-z\d+.-]):(?=//|\\\\)"
    r"|(?:(?<=mailto)|(?<=xmpp)|(?<=tel)|(?<=sms)|(?<=javascript)|(?<=vbscript)|(?<=slack)):(?=\S)",
    re.IGNORECASE,
)
_DOT = re.compile(
    rf"(?<=[\w-])\.(?=(?:{_TOP})(?![\w-]))|(?<=[\w-])\.(?=[a-z]{{2,24}}(?::\d+)?/)|(?<=\bwww)\.(?=\w)", re.IGNORECASE
)
_AT = re.compile(r"(?<=[\w+.-])@(?=[\w-]+\.\w)")
_LONGEST_WORD = 2000


def harmless(text: str) -> str:
    """Of Markdown. What is so already stays as it is."""
    text = _MARKDOWN_LINK.sub("] ", _TOKEN.sub("< ", strip_invisible(text)))
    return _AT.sub("[@]", _DOT.sub("[.]", _COLON.sub("[:]", text)))


def escaped(text: str) -> str:
    """For Slack's mrkdwn with ``verbatim``, which links nothing that is not in angle brackets."""
    return strip_invisible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class HarmlessStream:
    """Takes text in pieces, and gives back what is ``harmless`` of it up to the last word that may yet go on."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        self._held += piece
        end = max(self._held.rfind(blank) for blank in " \n\t") + 1
        if len(self._held) - end > _LONGEST_WORD:
            self._held += " "
            end = len(self._held)
        told, self._held = self._held[:end], self._held[end:]
        return harmless(told)

    def finish(self) -> str:
        told, self._held = self._held, ""
        return harmless(told)
