"""What a search may be confined to, from the words in which it is asked for."""

from collections.abc import Sequence
from datetime import date
from math import isfinite

from indexes.types import Filters
from rag.errors import FilterError
from rag.question.validation import is_text

_MAX_VALUES, _MAX_CHARS = 100, 1000


def make_filters(
    paths: Sequence[str] = (),
    media_types: Sequence[str] = (),
    labels: Sequence[str] = (),
    since: str | None = None,
    until: str | None = None,
) -> Filters:
    """Days are ISO dates. Raises ``FilterError`` that names the value which cannot be meant."""
    for kind, values in (("path", paths), ("type", media_types), ("label", labels)):
        _check(kind, values)
    if wrong := next((kind for kind in media_types if "/" not in kind), None):
        raise FilterError(f"type: {wrong!r} is no media type: write it whole, as application/pdf, or as text/*.")
    first, last = _day("since", since), _day("until", until)
    if first and last and first > last:
        raise FilterError(f"since: {first} is after until, {last}: no day lies between them.")
    return Filters(tuple(paths), tuple(media_types), tuple(labels), first, last)


def make_recency(days: float | None) -> float | None:
    """The half-life in days. Raises ``FilterError`` where it is none."""
    if days is not None and not (isfinite(days) and days > 0):
        raise FilterError(f"recency: {days:g} is no number of days: give one above 0, as 365.")
    return days


def _check(kind: str, values: Sequence[str]) -> None:
    if len(values) > _MAX_VALUES:
        raise FilterError(f"{kind}: there are {len(values)} and may be {_MAX_VALUES}: use a glob, or labels.")
    for value in values:
        if not value.strip():
            raise FilterError(f"{kind}: one is empty: leave it out, or say what it is.")
        if len(value) > _MAX_CHARS:
            raise FilterError(f"{kind}: one has {len(value):,} characters and may have {_MAX_CHARS:,}.")
        if not is_text(value):
            raise FilterError(f"{kind}: one is not valid Unicode: write it as UTF-8.")


def _day(kind: str, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise FilterError(f"{kind}: {value[:40]!r} is no date: write it as 2024-05-31.") from None
