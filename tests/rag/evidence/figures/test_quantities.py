"""Figures and dates as they are compared."""

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evidence.figures.agreement import has_uncertain_amounts, missing_amounts, spell_as
from rag.evidence.figures.quantities import amounts, normalize_amounts, without_amounts

MONEY = {
    "usd": ("${}", "USD {}", "US$ {}", "US${}", "{} dollars", "{} US dollars", "{} U.S. dollars", "USD{}"),
    "eur": ("€{}", "€ {}", "EUR {}", "{} EUR", "{} euros", "{} €"),
    "gbp": ("£{}", "GBP {}", "{} pounds", "{} pounds sterling"),
    "nok": ("NOK {}", "{} NOK", "kr {}", "{} kroner"),
    "chf": ("CHF {}", "{} francs", "{} Swiss francs"),
    "jpy": ("JPY {}", "¥{}", "{} yen"),
    "inr": ("INR {}", "₹{}", "{} rupees"),
    "cad": ("CAD {}", "C${}", "CA$ {}", "{} Canadian dollars"),
    "percent": ("{} %", "{}%", "{} percent", "{} per cent"),
}


def is_missing(claim: str, source: str) -> bool:
    return bool(missing_amounts(amounts(claim), amounts(source)))


def is_proven(claim: str, source: str) -> bool:
    return not is_missing(claim, source) and not has_uncertain_amounts(amounts(claim), amounts(source))


def spellings(number: int) -> list[str]:
    plain = f"{number:,}"
    return [str(number), *(plain.replace(",", sign) for sign in (",", "'", "’", "\u00a0", "\u202f", "\u2009", " "))]


def dates_as_written(day: date) -> list[str]:
    forms = ["%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%b. %d, %Y", "%d %b %Y", "%A, %d %B %Y", "%Y/%m/%d"]
    return [day.strftime(form) for form in forms] + ([day.strftime("%d/%m/%Y")] if day.day > 12 else [])


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
        ("NOK 1950", "Town | Hotel (NOK)\nBergen | 1950"),
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


@pytest.mark.parametrize("forms", MONEY.values(), ids=MONEY)
def test_a_currency_is_the_same_by_sign_code_and_name_before_and_after(forms: tuple[str, ...]) -> None:
    for one, other in permutations(forms, 2):
        assert is_proven(one.format(85), other.format(85)), (one, other)
        assert is_missing(one.format(85), other.format(86)), (one, other)


def test_two_currencies_or_a_currency_and_a_percentage_never_agree() -> None:
    for one, other in permutations(MONEY, 2):
        if {one, other} != {"usd", "cad"}:
            assert is_missing(MONEY[one][0].format(85), MONEY[other][0].format(85)), (one, other)
    assert is_missing("USD 85", "CAD 85")


LARGE = st.integers(min_value=1_000, max_value=10**12 - 1).filter(lambda n: n // 10**6 != 20)
"""20240503 may be a date."""


@given(LARGE, LARGE)
def test_equal_figures_are_equal_in_any_grouping_and_others_never_are(number: int, other: int) -> None:
    for one, another in permutations(spellings(number), 2):
        assert is_proven(f"It cost NOK {one} then.", f"The price was NOK {another}."), (one, another)
    if number != other:
        assert all(is_missing(f"{one} people", f"{other:,} people") for one in spellings(number))


@given(st.dates(date(1950, 1, 1), date(2049, 12, 31)), st.dates(date(1950, 1, 1), date(2049, 12, 31)))
def test_equal_dates_are_equal_in_any_spelling_and_others_never_are(day: date, other: date) -> None:
    for one, another in permutations(dates_as_written(day), 2):
        assert is_proven(f"Due on {one}.", f"Hand it in by {another}."), (one, another)
    if day != other:
        assert all(is_missing(f"Due {one}", f"Due {other:%d %B %Y}") for one in dates_as_written(day))


@given(st.integers(min_value=0, max_value=23), st.integers(min_value=0, max_value=59))
def test_a_time_of_day_is_the_same_by_twelve_and_by_twentyfour_hours(hour: int, minute: int) -> None:
    half = "am" if hour < 12 else "pm"
    for written in (f"{(hour - 1) % 12 + 1}:{minute:02} {half}", f"{(hour - 1) % 12 + 1}:{minute:02} {half[0]}.m."):
        assert is_proven(f"It opens at {written}", f"Open from {hour:02}:{minute:02} on")
        assert is_missing(f"It opens at {written}", f"Open from {hour:02}:{(minute + 1) % 60:02} on")


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("$7B", "$7 billion"),
        ("US$ 7 bn", "7,000,000,000 dollars"),
        ("7 Mrd. EUR", "€7 billion"),
        ("5 Mio. €", "EUR 5,000,000"),
        ("2.4M visitors", "2.4 million visitors"),
        ("3k boats", "3,000 boats"),
        ("4 lakh rupees", "INR 400,000"),
        ("2.350,75 €", "EUR 2,350.75"),
        ("1.250.000 people", "1,250,000 people"),
        ("10–12 weeks", "between 10 and 12 weeks"),
        ("about 60 %", "59.6 %"),
        ("over 4,000 members", "4,318 members"),
        ("fewer than 5,000 members", "4,918 members"),
        ("six weeks", "42 days"),
        ("3 h", "180 minutes"),
        ("2.5 km", "2500 m"),
        ("0.75 kg", "750 g"),
        ("1.5 GB", "1,500 MB"),
        ("a fortnight", "14 days"),
        ("3 dozen eggs", "36 eggs"),
        ("18 months", "1.5 years"),
        ("25 basis points", "0.25 percentage points"),
        ("Q2 2023", "the second quarter of 2023"),
        ("FY23", "fiscal year 2023"),
        ("Feb 2021", "02/2021"),
        ("4. März 2021", "4 March 2021"),
        ("4 de mayo de 2021", "2021-05-04"),
        ("9 Uhr", "9 am"),
        ("from two pm to six p.m.", "from 14:00 to 18:00"),
        ("May 16 , 2016", "16 May 2016"),
        ("two hundred and fifty boats", "250 boats"),
        ("twelve thousand five hundred euros", "€12,500"),
        ("one and a half years", "18 months"),
        ("half an hour", "30 minutes"),
        ("2½ days", "60 hours"),
        ("half a million people", "500,000 people"),
        ("from 1990–95", "from 1990 to 1995"),
    ],
)
def test_scales_units_and_dates_are_read_as_people_write_them(claim: str, source: str) -> None:
    assert is_proven(claim, source)
    assert is_proven(source, claim) or {*claim.split()} & {"about", "over", "fewer", "10–12"}


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("1.650 boats", "1650 boats"),
        ("1.65 boats", "1.650 boats"),
        ("3 April 2025", "03/04/2025"),
        ("4 March 2025", "03/04/2025"),
        ("2.4m visitors", "2.4 million visitors"),
        ("$215", "CAD 215"),
        ("9:30 pm", "9:30"),
        ("more than 30 days", "35 days"),
        ("FY2024", "FY 2023/24"),
        ("from 8 to 5 pm", "from 08:00 to 17:00"),
        ("6/5/24", "6 May 2024"),
    ],
)
def test_what_can_be_read_in_two_ways_is_neither_missing_nor_proven(claim: str, source: str) -> None:
    assert not is_missing(claim, source)
    assert not is_proven(claim, source)
    assert is_proven(claim, claim)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("20 %", "20 percentage points"),
        ("NOK 40", "SEK 40"),
        ("JPY 40", "CNY 40"),
        ("8 weeks", "8 days"),
        ("1 week", "7 working days"),
        ("1 km", "1 mile"),
        ("5 pm", "5 am"),
        ("4 May 2025", "03/04/2025"),
        ("over 4,000", "3,900"),
        ("over 50 days", "over 54 days"),
        ("$7 million", "$7 billion"),
        ("Q3", "the second quarter"),
        ("USD 2019", "in the year 2019"),
        ("FY 2023/24", "FY 2022/23"),
        ("at 8:00", "for 8 boats"),
    ],
)
def test_another_amount_is_missing_however_near_its_spelling(claim: str, source: str) -> None:
    assert is_missing(claim, source)


@pytest.mark.parametrize(
    ("claim", "source", "another"),
    [
        ("5 millones de euros", "€5 million", "€5 billion"),
        ("5 milliards de dollars", "$5 billion", "$5 million"),
        ("5 Tausend Boote", "5,000 boats", "500 boats"),
        ("3 Mio. Franken", "CHF 3,000,000", "EUR 3,000,000"),
        ("50 cents", "$0.50", "£0.50"),
        ("80 pence", "£0.80", "€0.80"),
        ("12,34,567 rupees", "INR 1,234,567", "INR 123,456"),
        ("$.75", "75 cents", "57 cents"),
        ("$10–15 million", "$10 million to $15 million", "$10 to $15"),
        ("between 3 and 4 million boats", "3 to 4 million boats", "3 and 4 boats"),
        ("up to 15 days", "a maximum of 15 days", "at least 15 days"),
        ("at least 10 days", "10 days or more", "at most 10 days"),
        ("no more than 15 days", "15 days or less", "more than 15 days"),
        ("nearly 600 members", "596 members", "540 members"),
        ("more than 400 members", "423 members", "389 members"),
        ("over a third of them", "35 %", "31 %"),
        ("nearly half of them", "48 %", "41 %"),
        ("two thirds of them", "2/3 of them", "1/3 of them"),
        ("three quarters of them", "75 %", "65 %"),
        ("one in five people", "20 % of people", "25 % of people"),
        ("nine out of ten boats", "90 %", "80 %"),
        ("a quarter of an hour", "15 minutes", "25 minutes"),
        ("1 hour 30 minutes", "90 minutes", "130 minutes"),
        ("an hour and a half", "1.5 hours", "2.5 hours"),
        ("2 years and 6 months", "30 months", "26 months"),
        ("212 degrees Fahrenheit", "100 °C", "100 °F"),
        ("-5 °C", "minus 5 degrees Celsius", "5 °C"),
        ("33 cl", "330 ml", "33 ml"),
        ("3,500 kg", "3.5 t", "3.5 kg"),
        ("10 inches", "25.4 cm", "25.4 mm"),
        ("50 km/h", "50 kilometres per hour", "50 miles per hour"),
        ("10 ha", "100,000 m²", "10,000 m²"),
        ("50 basis points", "0.5 %", "5 %"),
        ("acht Wochen", "56 days", "8 days"),
        ("trois mois", "3 months", "3 weeks"),
        ("due anni", "24 months", "2 months"),
        ("cinco días", "5 days", "5 weeks"),
        ("3–5 May 2024", "from 3 May 2024 to 5 May 2024", "from 3 May 2024 to 6 May 2024"),
        ("June 3 to 7, 2024", "from 3 to 7 June 2024", "from 3 to 8 June 2024"),
        ("1er mai 2024", "1 May 2024", "2 May 2024"),
        ("open until noon", "open until 12:00", "open until 13:00"),
        ("until midnight", "until 12 am", "until 12:30"),
        ("at half past six", "at 6:30 pm", "at 6:00 pm"),
        ("at a quarter to ten", "at 21:45", "at 22:15"),
        ("at six o'clock", "at 6:00", "at 7:00"),
        ("H1 2024", "the first half of 2024", "the second half of 2024"),
        ("Q3'24", "the third quarter of 2024", "the third quarter of 2023"),
        ("call 0117 496 0112", "call +44 (0)117 4960112", "call 0117 496 0113"),
        ("version 2.10", "v2.10", "version 2.1"),
        ("section 4.10", "4.10 Leave", "section 4.1"),
    ],
)
def test_a_figure_agrees_with_its_other_spelling_and_not_with_another_figure(
    claim: str, source: str, another: str
) -> None:
    assert not is_missing(claim, source)
    assert is_missing(claim, another)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("two months", "8 weeks"),
        ("1 year", "52 weeks"),
        ("1 GB", "1024 MB"),
        ("a third of them", "33 %"),
        ("25 %", "a factor of 0.25"),
        ("8 km", "5 miles"),
        ("at 17.45", "at 5:45 pm"),
        ("nearly 500 members", "503 members"),
    ],
)
def test_what_is_nearly_the_same_is_neither_missing_nor_proven(claim: str, source: str) -> None:
    assert not is_missing(claim, source)
    assert not is_proven(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("487 workers", "487 million workers"),
        ("0 million", "0 %"),
        ("5 million", "5 %"),
        ("2012 million in 487", "487 million in 2012"),
        ("two months", "6 weeks"),
    ],
)
def test_a_scale_is_part_of_a_figure(claim: str, source: str) -> None:
    assert is_missing(claim, source)


def test_a_claim_takes_on_the_spelling_of_its_source() -> None:
    source = amounts("Leave lasts 42 days and costs CHF 5,212, from 03/04/2025 on.")
    written = "Leave lasts six weeks and costs over 5,000 francs, from Thursday, 3 April 2025 on."
    assert spell_as(written, source) == "Leave lasts 42 day and costs over 5212 chf, from 3 April 2025 on."


def test_signs_codes_and_months_stand_for_no_names() -> None:
    written = "Ann paid US$ 5 and C$7 in Oct 2022 on Wednesday, 19 October 2022 at 5 PM."
    assert without_amounts(written) == "Ann paid 5 and 7 in october 2022 on 19 october 2022 at 17:00."


@pytest.mark.parametrize(
    ("claim", "source", "other"),
    [
        ("£0.35 a mile", "at 35p a mile", "at 3.5p a mile"),
        ("15 pence", "15p", "15 cents"),
        ("45 calls per second", "up to 45 calls a second.", "45 calls per minute"),
        ("90 parcels an hour", "90 parcels per hour", "90 parcels each day"),
        ("12 Briefe pro Tag", "12 letters a day", "12 letters a week"),
        ("no earlier than five weeks", "five weeks", "at the latest five weeks"),
        ("no later than five weeks", "within five weeks", "at the earliest five weeks"),
        ("25 cl", "Jar | Size (l)\nJam | 0.25", "Jar | Size (l)\nJam | 2.5"),
        ("4 repas", "quatre repas", "cinq repas"),
        ("7 Boote", "sieben Boote", "acht Boote"),
        ("Laden von 14:00 bis 17:00 Uhr", "14 bis 17 Uhr", "14 bis 18 Uhr"),
        ("from 8 am to 11 am", "8 to 11 am", "8 to 10 am"),
        ("from 13:00 to 15:30", "between 1 and 3:30 pm", "between 2 and 3:30 pm"),
    ],
)
def test_pence_rates_deadlines_ranges_and_the_units_of_heads_are_compared(claim: str, source: str, other: str) -> None:
    assert not is_missing(claim, source)
    assert is_missing(claim, other)


def test_the_year_before_is_no_length_of_time_and_a_word_in_two_languages_no_number() -> None:
    assert not is_missing("Es waren mehr als ein Jahr zuvor.", "Es waren mehr als im Vorjahr.")
    assert is_missing("Es dauert ein Jahr.", "Es dauert drei Jahre.")
    assert (
        amounts("Once a seal is due, an elf comes.").quantities == amounts("Once a fee is due, an ox comes.").quantities
    )


def test_a_unit_with_a_capital_stands_for_no_name() -> None:
    assert without_amounts("Sie stieg um 9,5 Prozent in 3 Jahren.") == "Sie stieg um 9.5 in 3."
