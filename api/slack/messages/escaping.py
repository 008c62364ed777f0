"""Makes text of answers and documents plain text to Slack: no mention, no link, no image.

Slack parses ``<!channel>``, ``<@U…>`` and ``<url>``, and links anything that looks like an address. Where Markdown
would be live it is changed visibly: a space after ``<``, ``[:]`` and ``[.]`` within an address.
"""

import re

from rag.safety.invisible_text import strip_invisible

_TOKEN = re.compile(r"<(?=[@!#A-Za-z/?])")
_MARKDOWN_LINK = re.compile(r"\](?=[(:])")
_TOP_LEVEL_DOMAINS = "com|org|net|edu|gov|mil|info|biz|io|dev|ai|co|xyz|example"
_COLON = re.compile(
    r"(?<=[A-Za-z\d+.-]):(?=//|\\\\)"
    r"|(?:(?<=mailto)|(?<=xmpp)|(?<=tel)|(?<=sms)|(?<=javascript)|(?<=vbscript)|(?<=slack)):(?=\S)",
    re.IGNORECASE,
)
_DOT = re.compile(
    rf"(?<=[\w-])\.(?=(?:{_TOP_LEVEL_DOMAINS})(?![\w-]))|(?<=[\w-])\.(?=[a-z]{{2,24}}(?::\d+)?/)|(?<=\bwww)\.(?=\w)",
    re.IGNORECASE,
)
_AT = re.compile(r"(?<=[\w+.-])@(?=[\w-]+\.\w)")
_MAX_WORD = 2000


def escape_markdown(text: str) -> str:
    """Markdown in which nothing is live. Applying it again changes nothing."""
    text = _MARKDOWN_LINK.sub("] ", _TOKEN.sub("< ", strip_invisible(text)))
    return _AT.sub("[@]", _DOT.sub("[.]", _COLON.sub("[:]", text)))


def escape_mrkdwn(text: str) -> str:
    """Slack's mrkdwn for blocks with ``verbatim``, which link nothing outside angle brackets."""
    return strip_invisible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class MarkdownEscaper:
    """Escapes Markdown that arrives in pieces; holds back the last word, which may go on."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take a piece, and return the escaped text up to the last complete word."""
        self._held += piece
        end = max(self._held.rfind(blank) for blank in " \n\t") + 1
        if len(self._held) - end > _MAX_WORD:
            self._held += " "
            end = len(self._held)
        words, self._held = self._held[:end], self._held[end:]
        return escape_markdown(words)

    def finish(self) -> str:
        """The escaped rest."""
        rest, self._held = self._held, ""
        return escape_markdown(rest)
