"""What the questions of a gold file leave out."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from eval.gold.rows import GoldError
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


def missing_documents(cases: Sequence[GoldCase], paths: Collection[str]) -> str:
    """Return which documents of the gold are not among the index's ``paths``, as a sentence; empty if all are.

    Raises ``GoldError`` if none of them is: every answerable question would score zero.
    """
    named = {item.path for case in cases for item in case.evidence}
    missing = sorted(named - set(paths))
    if not missing:
        return ""
    count = f"{len(missing)} of the gold's {len(named)} documents"
    told = f"Not in the index, {count}: {_name_some(missing)}. `footnote eval lint` says more."
    if len(missing) == len(named):
        raise GoldError(f"{told} Choose their index with --index.")
    return f"{told} Questions about them score zero."


def _name_some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
