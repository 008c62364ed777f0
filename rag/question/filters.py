"""Reads and checks the filters of a search."""

from collections.abc import Sequence
from datetime import date
from math import isfinite

from indexes.types import Filters
from rag.errors import FilterError
from rag.question.validation import is_valid_unicode

_MAX_VALUES, _MAX_CHARS = 100, 1000


def make_filters(
    paths: Sequence[str] = (),
    media_types: Sequence[str] = (),
    labels: Sequence[str] = (),
    since: str | None = None,
    until: str | None = None,
) -> Filters:
    """Return the filters. ``since`` and ``until`` are ISO dates. Raises ``FilterError`` that names the wrong value."""
    for kind, values in (("path", paths), ("type", media_types), ("label", labels)):
        if len(values) > _MAX_VALUES:
            raise FilterError(f"{kind}: {len(values)} values, and the limit is {_MAX_VALUES}: use a glob, or labels.")
        for value in values:
            if not value.strip():
                raise FilterError(f"{kind}: a value is empty: leave it out.")
            if len(value) > _MAX_CHARS:
                raise FilterError(f"{kind}: a value has {len(value):,} characters, and the limit is {_MAX_CHARS:,}.")
            if not is_valid_unicode(value):
                raise FilterError(f"{kind}: a value is not valid Unicode: write it as UTF-8.")
    if invalid := next((kind for kind in media_types if "/" not in kind), None):
        raise FilterError(f"type: {invalid!r} is not a media type: write application/pdf, or text/*.")
    first, last = _day("since", since), _day("until", until)
    if first and last and first > last:
        raise FilterError(f"since: {first} is later than until, {last}.")
    return Filters(tuple(paths), tuple(media_types), tuple(labels), first, last)


def make_recency(days: float | None) -> float | None:
    """Return the half-life in days. Raises ``FilterError`` if it is not a positive number."""
    if days is not None and not (isfinite(days) and days > 0):
        raise FilterError(f"recency: {days:g} is not a number of days: give one above 0, such as 365.")
    return days


def _day(kind: str, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise FilterError(f"{kind}: {value[:40]!r} is not a date: write it as 2024-05-31.") from None
