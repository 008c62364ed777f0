"""Figures that a writer has calculated."""

import pytest

from fakes.passages import passage
from rag.citations.markers import Place
from rag.evidence.calculations import recomputed
from rag.evidence.figures.quantities import amounts
from rag.evidence.scoring import verdict
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
