"""Completes a sentence of an answer as its reader does: from the lines before it, and from the question."""

import re

from indexes.text.sentences import is_table_row, sentence_spans
from rag.evidence.tables.cell_claims import Reading
from rag.evidence.tables.relations import cells_of

_MARKER = re.compile(r"\s*\[\d{1,3}\]")
_ITEM = re.compile(r"\s*(?:[-*•–]|\(?\d{1,3}[.)])\s")
_LEAD_IN = re.compile(r"\s*#{1,6}\s|.*:\W*\Z|\s*\*\*[^*]+\*\*\W*\Z")


def read_with_lines_before(claim: str, before: str, question: str) -> Reading:
    """Return a claim with what completes it: a row with its heads, an item with its lead-in, all with the question.

    ``before`` is the text of the answer up to the claim.
    """
    plain = _MARKER.sub("", before)
    *lines, line = plain.split("\n")
    is_row = is_table_row(claim)
    row = _row_with_heads(claim, lines) if is_row else claim
    if not is_row and (sentences := sentence_spans(line)):
        lead = line[slice(*sentences[-1])]
    else:
        others = (text for text in reversed(lines) if text.strip() and not (is_row and is_table_row(text)))
        above = next((text for text in others if is_row or _LEAD_IN.match(text) or not _ITEM.match(text)), "")
        lead = above if _LEAD_IN.match(above) else ""
    return Reading(row, tuple(filter(str.strip, (lead, question))))


def _row_with_heads(claim: str, lines: list[str]) -> str:
    """Return a row that the writer wrote, each cell with the head above it."""
    cells, heads = cells_of(claim), tuple[str, ...]()
    for line in reversed(lines):
        if line.strip() and not is_table_row(line):
            break
        heads = cells_of(line) if line.strip() else heads
    if len(heads) != len(cells):
        return "; ".join(cells)
    return "; ".join(f"{head} {cell}".strip() for head, cell in zip(heads, cells, strict=True))
