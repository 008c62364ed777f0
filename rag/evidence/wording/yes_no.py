"""Reads "yes" and "no" as answers to a question, of which they affirm or deny the words."""

import re

from indexes.text.tokenization import figures, stems
from rag.evidence.wording.negation import polarity, polarity_conflict

_ASKS = re.compile(
    r"\W*(?:and |so |but )?(?:is|are|am|was|were|do|does|did|has|have|had|can|could|may|might|must|shall|should|will"
    r"|would)\b(?!.*\bor\b)",
    re.IGNORECASE | re.DOTALL,
)
_ANSWER = re.compile(
    r"\W*(yes|no)\b(?=[\s*_]*(?:[^\w\s*]|\Z)| (?:it|they|there|you|we|he|she|not)\b)[\W_]*", re.IGNORECASE
)
"""Not "No appointment is needed"."""
_HEDGES = re.compile(
    r"\b(?:but|only|though|although|except|unless|if|however|until|up to|at (?:least|most))\b", re.IGNORECASE
)
_SHARED = 0.5
"""Share of a question's words, beside the one denied, that a sentence has which answers just that."""


def in_full(claim: str, question: str) -> str:
    """Return a bare "Yes" or "No" as the statement that it makes of a yes-or-no question; else the claim."""
    answer = _ANSWER.fullmatch(claim)
    if answer is None or not _ASKS.match(question):
        return claim
    statement = _ASKS.sub("", question, count=1).strip(" ?\n")
    return statement if answer[1].lower() == "yes" else f"not {statement}"


def answer_conflict(claim: str, question: str) -> str:
    """Return how "yes" or "no" contradicts the words after it, as an answer to the question; nothing if not sure."""
    answer = _ANSWER.match(claim)
    asked = set(stems(_ASKS.sub("", question, count=1)))
    if answer is None or not asked or not _ASKS.match(question) or polarity(question).negates:
        return ""
    rest = claim[answer.end() :]
    said = set(stems(rest))
    if _HEDGES.search(rest) or figures(rest) - figures(question):
        return ""
    difference = polarity_conflict(polarity(question), polarity(rest)) or polarity_conflict(
        polarity(rest), polarity(question)
    )
    if answer[1].lower() == "yes":
        return f"yes, but {difference}" if difference and len(asked & said) >= _SHARED * (len(asked) - 1) else ""
    return "no, but it says so" if asked <= said and not difference else ""
