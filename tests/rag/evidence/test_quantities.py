"""Figures and dates as they are compared."""

import pytest

from rag.evidence.quantities import amounts, missing_amounts, normalize_amounts


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("1,500 people", "1500 people"),
        ("1.5 thousand people", "1,500 people"),
        ("3.5 percent", "3.5%"),
        ("3.5 per cent", "3.5 %"),
        ("20 percentage points", "20 pp"),
        ("$5 million", "$5m"),
        ("$5 million", "5,000,000 US dollars"),
        ("twenty-five days", "25 days"),
        ("12-hour shifts", "12 hours"),
        ("10 working days", "10 days"),
        ("one year", "a year"),
        ("25 days", "Days | Kind\n25 | annual"),
        ("$1,496.5 million", "in millions | 2019\nSales | 1,496.5"),
        ("about 1.5 million", "1,496,500"),
        ("3 May 2024", "2024-05-03"),
        ("May 3rd, 2024", "on 3 May 2024"),
        ("3 May 2024", "20240503_1530"),
        ("May 2024", "3 May 2024"),
        ("in 2019", "on 31 December 2019"),
        ("the 21st century", "the twenty-first century"),
        ("one of the first", "nobody"),
        ("version 1.2.3", "v1.2.3 or 1.2.3"),
    ],
)
def test_a_figure_is_the_same_however_it_is_spelt(claim: str, source: str) -> None:
    assert missing_amounts(amounts(claim), amounts(source)) == []


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("3.5 %", "3.5 million"),
        ("3.5 million", "3.5 %"),
        ("25 days", "25 weeks"),
        ("$5", "€5"),
        ("5 people", "the fifth of them"),
        ("about 29 %", "27 to 30 %"),
        ("3 May 2024", "3 May 2023"),
        ("3 May 2024", "May 2024"),
        ("4 May", "3 May 2024"),
        ("15 people", "1.5 people"),
        ("two hundred people", "two people"),
    ],
)
def test_another_figure_unit_scale_or_day_is_missing(claim: str, source: str) -> None:
    assert len(missing_amounts(amounts(claim), amounts(source))) == 1


def test_what_is_missing_is_told_in_words() -> None:
    assert missing_amounts(amounts("25 weeks from 3 May 2024"), amounts("25 days")) == ["2024-05-03", "25 week"]


def test_figures_and_dates_have_one_spelling() -> None:
    written = "On May 3rd, 2024 we paid $1.5 thousand to twenty-five people, who may leave."
    assert normalize_amounts(written) == "On 3 may 2024 we paid 1500 dollar to 25 people, who may leave."


def test_a_figure_of_a_thousand_digits_is_read_as_it_stands() -> None:
    long = "1" * 1000
    assert missing_amounts(amounts(f"{long} million"), amounts(f"{long} million")) == []
