"""What people are told of a sentence that its sources do not bear out."""

from typing import Final

from rag.types import Sentence, Verdict

CONTRADICTED: Final = "Contradicted by its source"
_LABELS: Final[dict[Verdict, str]] = {
    "unsupported": "Not supported by its source",
    "uncited": "No source named",
    "weak": "Weakly supported by its source",
}
STRAY_SOURCE: Final = "Supported, but not by each source that it names"
DOUBTS: Final = (CONTRADICTED, STRAY_SOURCE, *_LABELS.values())
"""All labels."""


def doubt_of(sentence: Sentence) -> str:
    """Return the label of a sentence of which a reader must know something; nothing for one that is simply proven."""
    if sentence.verdict == "supported" and sentence.finding:
        return STRAY_SOURCE
    return CONTRADICTED if sentence.contradicted else _LABELS.get(sentence.verdict, "")
