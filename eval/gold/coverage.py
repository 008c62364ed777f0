"""What the questions of a gold file leave out."""

from collections import Counter
from collections.abc import Iterator, Sequence

from eval.types import GoldCase

_FEW = 5
"""Questions of a kind below which nothing can be concluded about it."""
_NAMED = 5
"""Of many items, how many are named."""


def coverage_notes(cases: Sequence[GoldCase], paths: Sequence[str]) -> Iterator[str]:
    """Yield notes on documents without questions, kinds with few, and questions without answers."""
    without = sorted(set(paths) - {item.path for case in cases for item in case.evidence})
    if without:
        share = f"{len(paths) - len(without)} of {len(paths)} documents have a question"
        yield f"{share}; none asks about {_name_some(without)}."
    kinds = Counter(case.kind for case in cases if case.kind)
    if few := [f"{kind} ({n})" for kind, n in sorted(kinds.items()) if n < _FEW]:
        yield f"kinds with fewer than {_FEW} questions, too few to judge: {_name_some(few)}."
    if unanswered := sum(case.answerable and not case.answers for case in cases):
        yield f"{unanswered} answerable questions have no answers: they measure retrieval alone."


def _name_some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
