"""Recognises sentences that need no source: headings, lead-ins, questions, yes or no, code."""

import re

from indexes.text.sentences import is_table_row
from indexes.text.tokenization import figures
from rag.types import Span

FENCE = "```"
RULE = re.compile(r"[\s|:-]*-[\s|:-]*")
"""The line under a table's header row."""
_MOST_WORDS = 15
"""Words of a heading or lead-in."""
_HEADING = re.compile(r"#{1,6}\s|(?:\*\*|__)[^*_]+(?:\*\*|__):?\Z")
_YES_OR_NO = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí|si|sì)\W*", re.IGNORECASE)
_ITEM = re.compile(r"\s*\d{1,3}[.)]\s+")


def strip_item_number(text: str) -> str:
    """Return a list item without its number, which is no figure that a source must have."""
    return _ITEM.sub("", text)


def in_code(text: str, span: Span) -> bool:
    """Return whether a span holds a code fence or lies within a block of code."""
    return FENCE in text[slice(*span)] or text.count(FENCE, 0, span[0]) % 2 == 1


def is_non_claim(text: str, span: Span) -> bool:
    """Return whether a sentence without a marker claims nothing. One with figures always claims something."""
    sentence = strip_item_number(text[slice(*span)]).strip()
    if in_code(text, span):
        return True
    if figures(sentence) or len(sentence.split()) > _MOST_WORDS:
        return False
    if _YES_OR_NO.fullmatch(sentence) or sentence.endswith((":", "?")) or _HEADING.match(sentence):
        return True
    next_line = text[span[1] :].lstrip("\n").partition("\n")[0]
    return is_table_row(sentence) and RULE.fullmatch(next_line) is not None
