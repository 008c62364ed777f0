"""What people are told of a sentence that its sources do not bear out."""

from typing import Final

from rag.types import Sentence, Verdict

CONTRADICTED: Final = "Contradicted by its source"
_LABELS: Final[dict[Verdict, str]] = {
    "unsupported": "Not supported by its source",
    "uncited": "No source named",
    "weak": "Weakly supported by its source",
}
DOUBTS: Final = (CONTRADICTED, *_LABELS.values())
"""All labels."""


def doubt_of(sentence: Sentence) -> str:
    """Return the label of a sentence that is not proven; nothing for one that is."""
    return CONTRADICTED if sentence.contradicted else _LABELS.get(sentence.verdict, "")
