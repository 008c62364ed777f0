"""Filters from words, and what cannot be meant."""

from datetime import date
from math import inf, nan

import pytest

from indexes.types import ALL, Filters
from rag.errors import FilterError
from rag.question.filters import make_filters, make_recency


def test_words_become_filters() -> None:
    assert make_filters() == ALL
    made = make_filters(["hr/**"], ["text/*"], ["pay"], "2024-05-01", "2024-05-31")
    assert made == Filters(("hr/**",), ("text/*",), ("pay",), date(2024, 5, 1), date(2024, 5, 31))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"since": "2024-13-01"}, "since: '2024-13-01' is not a date: write it as 2024-05-31."),
        ({"until": ""}, "until: '' is not a date"),
        ({"since": "2024-02-01", "until": "2024-01-01"}, "since: 2024-02-01 is later than until, 2024-01-01"),
        ({"media_types": ["pdf"]}, "type: 'pdf' is not a media type: write application/pdf, or text/*."),
        ({"labels": [" "]}, "label: a value is empty"),
        ({"paths": ["\udcff"]}, "path: a value is not valid Unicode"),
        ({"paths": ["x" * 1001]}, "path: a value has 1,001 characters, and the limit is 1,000"),
        ({"paths": ["x"] * 101}, "path: 101 values, and the limit is 100"),
    ],
)
def test_what_cannot_be_meant_is_named(wrong: dict[str, list[str]], told: str) -> None:
    with pytest.raises(FilterError) as caught:
        make_filters(**wrong)  # type: ignore[arg-type]  # some are days
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("days", [0, -1, inf, nan])
def test_a_half_life_is_a_number_of_days(days: float) -> None:
    assert (make_recency(None), make_recency(0.5)) == (None, 0.5)
    with pytest.raises(FilterError, match="is not a number of days"):
        make_recency(days)
