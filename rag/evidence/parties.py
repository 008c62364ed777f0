"""Tells which row of a table a question means by the party that it asks about, where neither names the row."""

import re
from collections.abc import Sequence

from indexes.text.tokenization import content_words, stem
from rag.evidence.similarity import SimilarityScale
from rag.evidence.tables.cell_claims import Reading
from rag.evidence.tables.mentions import content_stems, find_mentions
from rag.evidence.tables.relations import Table, is_figure

_MOST_ROWS = 8
"""Rows that may be alternatives: of more, the nearest is chance."""
_ALIKE, _LEAD = 0.5, 0.05
"""Similarity from which a word is a party like those that rows name, and its lead over the next row."""
_OTHERS = re.compile(r"(?:all |any )?(?:others?|remaining|rest)\b", re.IGNORECASE)
"""How the row begins that is of all whom no other row names."""


def row_of_another_party(reading: Reading, tables: Sequence[Table], scale: SimilarityScale) -> str:
    """Return the value of a claim that is another party's than the question asks about, in words; else nothing.

    Rows that name parties are alternatives: "Children", "Adults". Raises ``EncoderError``.
    """
    values = [value for value in find_mentions(reading.text, tuple(tables)).values if len(value.rows) == 1]
    told = {row for value in values for row in value.rows}
    if len(told) != 1 or not reading.leads:
        return ""
    ((t, row),) = told
    keys, question = [cells[0] for cells in tables[t].rows], reading.leads[-1]
    if not 1 < len(set(keys)) == len(keys) <= _MOST_ROWS or any(not key or is_figure(key) for key in keys):
        return ""
    in_table = content_stems(" ".join((*tables[t].heads, *(cell for cells in tables[t].rows for cell in cells))))
    asked = [word for word in dict.fromkeys(content_words(question)) if stem(word) not in in_table]
    if not asked:
        return ""
    scores = scale.score([(word, key) for word in asked for key in keys])
    by_word = [scores[n : n + len(keys)] for n in range(0, len(scores), len(keys))]
    party, likeness = max(zip(asked, by_word, strict=True), key=lambda pair: max(pair[1]))
    nearest, next_one = sorted(likeness, reverse=True)[:2]
    of_others = next((key for key in keys if _OTHERS.match(key)), "")
    meant = keys[likeness.index(nearest)] if nearest - next_one >= _LEAD else of_others
    if nearest < _ALIKE or meant in ("", keys[row]):
        return ""
    return f"{values[0].text}: in the row of {keys[row]}, and {party} is nearer to {meant}"
