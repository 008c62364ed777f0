"""Figures that a writer has calculated."""

import pytest

from fakes.passages import passage
from rag.citations.markers import Place
from rag.evidence.calculations import derived_days, recomputed
from rag.evidence.figures.quantities import amounts
from rag.evidence.scoring import verdict
from rag.evidence.tables.relations import read_tables
from rag.verification.claims import Proof

FEES = "The guard gets £180 for the week. A call at night adds £35. A bike costs £15."


@pytest.mark.parametrize(
    ("claim", "source", "calculation"),
    [
        ("With £180 a week and £35 a call, two calls make £250.", FEES, "180 + 2 × 35"),
        ("A week costs £180 and a call £35, £215 in total.", FEES, "180 + 35"),
        ("£180 is £145 more than £35.", FEES, "180 - 35"),
        ("From 1961 to 1989, that is 28 years.", "from 1961 to 1989", "1989 - 1961"),
        ("From 3 May 2024 to 17 May 2024, that is two weeks.", "3 May 2024 to 17 May 2024", "2024-05-03 to 2024-05-17"),
        ("15 % of £200, that is £30.", "15 % of the fee of £200", "15 % of 200"),
        ("Ale grew by 70 hl.", "Beer | 2023 (hl) | 2024 (hl)\nAle | 1240 | 1310", "1310 - 1240"),
        ("1,240 + 1,310 = 2,550 hl in total.", "Beer | 2023 (hl) | 2024 (hl)\nAle | 1240 | 1310", "1240 + 1310"),
        ("Ale grew from 620 hl to 702 hl, by about 13.2 %.", "Ale | 620 hl | 702 hl", "(702 - 620) ÷ 620"),
        ("12 of 48 boats sank, that is 25 %.", "Of 48 boats 12 sank.", "12 ÷ 48"),
    ],
)
def test_what_follows_from_the_cited_figures_is_recomputed(claim: str, source: str, calculation: str) -> None:
    assert calculation in recomputed(claim, amounts(source)).values()


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("With £180 a week and £35 a call, two calls make £255.", FEES),
        ("The guard gets £180 for the week and £215 a call.", FEES),
        ("Ale grew by 80 hl.", "Beer | 2023 (hl) | 2024 (hl)\nAle | 1240 | 1310"),
        ("Ale grew from 620 hl to 702 hl, by 14 %.", "Ale | 620 hl | 702 hl"),
        ("From 1961 to 1989, that is 29 years.", "from 1961 to 1989"),
        ("A week costs £180 and a call £35, €215 in total.", FEES),
        ("From 3 May 2024 to 31 June 2024, that is 59 days.", "3 May 2024 to 31 June 2024"),
    ],
)
def test_what_does_not_follow_is_not_explained(claim: str, source: str) -> None:
    assert recomputed(claim, amounts(source)) == {}


def test_a_calculated_figure_is_told_and_makes_a_claim_weak_at_most() -> None:
    found = passage(FEES)
    proof = Proof.at([Place(found, 0, len(FEES))], "The guard gets £180 for the week and £35 a call, £215 in total.")
    assert verdict(proof.score(1.0), cited=True) == "weak"
    assert proof.evidence.finding == ""
    assert proof.evidence.remark == "215 GBP = 180 + 35: calculated, not in the source"


KAYAKS = "Club | Boats | Rent EUR\nEast | 14 | 120\nWest | 9 | 75\nNorth | 21 | 150"


@pytest.mark.parametrize(
    ("claim", "source", "calculations"),
    [
        ("25 % of £80 makes £20, so the sum is £100.", "A deposit of 25 % of £80.", {"25 % of 80", "20 + 80"}),
        ("With 25 % more, £80 × 1.25 = £100.", "A surcharge of 25 % on £80.", {"1 + 25 %", "£80 × 1.25"}),
        ("£60 + 4 × £15 = £120.", "The hall is £60, each of the 4 lamps £15.", {"£60 + 4 × £15"}),
        ("It is £45 dearer.", "Oak costs £165, pine £120.", {"165 - 120"}),
        ("Six stools at £55, i.e. £330 in all.", "A stool costs £55; six were sold.", {"6 × 55"}),
        ("The fair lasts five days.", "The fair runs from 3 to 7 August.", {"08-03 to 08-07"}),
        (
            "It is leased until 9 May 2021, i.e. for 36 months.",
            "9 May 2018 | 9 May 2021",
            {"2018-05-09 to 2021-05-09"},
        ),
    ],
)
def test_one_calculation_may_rest_on_another_or_be_written_out(claim: str, source: str, calculations: set[str]) -> None:
    assert set(recomputed(claim, amounts(source)).values()) == calculations


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("£60 + 4 × £15 = £140.", "The hall is £60, each of the 4 lamps £15."),
        ("With 25 % more, £80 × 1.35 = £108.", "A surcharge of 25 % on £80."),
        ("In total at most £40.", "The fee is at least £40, in flat 80 too."),
    ],
)
def test_wrong_arithmetic_and_a_bound_turned_round_are_not_explained(claim: str, source: str) -> None:
    assert recomputed(claim, amounts(source)) == {}


def test_a_column_is_added_up_if_the_claim_names_it() -> None:
    tables = read_tables(KAYAKS)
    explained = recomputed("In all there are 44 boats.", amounts(""), tables=tables)
    assert list(explained.values()) == ["14 + 9 + 21"]
    explained = recomputed("The average rent is 115 EUR.", amounts(""), tables=tables)
    assert list(explained.values()) == ["(120 + 75 + 150) ÷ 3"]
    assert recomputed("In all there are 345 boats.", amounts(""), tables=tables) == {}


def test_figures_of_one_row_are_compared_and_those_of_several_are_not() -> None:
    years, tables = amounts("2011 2012"), read_tables("Year | Joined | Left\n2011 | 148 | 93\n2012 | 120 | 164")
    explained = recomputed("In 2011, 55 more people came than went.", years, tables=tables)
    assert list(explained.values()) == ["148 - 93"]
    assert recomputed("In 2011, 16 fewer people came than went.", years, tables=tables) == {}


@pytest.mark.parametrize(
    ("claim", "source", "how"),
    [
        ("Pay by 19 May 2023.", "Pay within 14 days of 5 May 2023.", "2023-05-05 + 14 day"),
        ("It ends on 30 April 2027.", "It runs for two years from 1 May 2025.", "2025-05-01 + 2 year - 1 day"),
        ("It ends on 28 February.", "It starts on 31 January 2022 and lasts one month.", "2022-01-31 + 1 month"),
        ("Ask by 3 June 2024.", "Ask four weeks before 1 July 2024.", "2024-07-01 - 4 week"),
    ],
)
def test_a_date_follows_from_a_date_and_a_length_of_time(claim: str, source: str, how: str) -> None:
    assert list(derived_days(claim, amounts(source)).values()) == [how]


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Pay by 21 May 2023.", "Pay within 14 days of 5 May 2023."),
        ("Pay by 19 May 2023.", "Pay within 14 working days of 5 May 2023."),
        ("Pay by 19 May 2023 or 2 July 2023.", "Pay within 14 days of 5 May 2023."),
        ("It is 5 May 9000.", "It is 9999 years after 5 May 2023."),
    ],
)
def test_a_date_that_does_not_follow_is_not_explained(claim: str, source: str) -> None:
    assert derived_days(claim, amounts(source)) == {}


def test_a_sentence_that_is_all_calculation_is_weak_and_told() -> None:
    found = passage("The saw costs £70. The bench costs £180.")
    proof = Proof.at([Place(found, 0, len(found.text))], "Together that is £250.")
    assert verdict(proof.score(None), cited=True) == "weak"
    assert proof.evidence.remark == "250 GBP = 180 + 70: calculated, not in the source"
