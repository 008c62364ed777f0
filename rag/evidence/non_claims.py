"""What of an answer claims nothing by itself and needs no source: headings, lead-ins, questions, yes or no, code."""

import re

from indexes.text.sentences import is_table_row
from indexes.text.tokenization import figures
from rag.types import Span

FENCE = "```"
RULE = re.compile(r"[\s|:-]*-[\s|:-]*")
"""The line under a table's head."""
_LEADS_IN = 15
"""Words that a heading, or what leads in to a list, may have."""
_HEADING = re.compile(r"#{1,6}\s|(?:\*\*|__)[^*_]+(?:\*\*|__):?\Z")
_YES_OR_NO = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí|si|sì)\W*", re.IGNORECASE)
_ITEM = re.compile(r"\s*\d{1,3}[.)]\s+")


def without_number(said: str) -> str:
    """Without the number of an item in a list: no figure that a source must have."""
    return _ITEM.sub("", said)


def in_code(text: str, span: Span) -> bool:
    return FENCE in text[slice(*span)] or text.count(FENCE, 0, span[0]) % 2 == 1


def is_frame(text: str, span: Span) -> bool:
    """Of a sentence that cites nothing. One that has figures is held to them."""
    said = without_number(text[slice(*span)]).strip()
    if in_code(text, span):
        return True
    if figures(said) or len(said.split()) > _LEADS_IN:
        return False
    if _YES_OR_NO.fullmatch(said):
        return True
    return said.endswith((":", "?")) or bool(_HEADING.match(said)) or (is_table_row(said) and _is_head(text, span[1]))


def _is_head(text: str, end: int) -> bool:
    """Whether the row that ends there has the rule under it that a table's head has."""
    return RULE.fullmatch(text[end:].lstrip("\n").partition("\n")[0]) is not None
