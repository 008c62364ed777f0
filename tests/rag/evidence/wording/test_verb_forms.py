"""The forms of irregular verbs are one verb."""

import pytest

from rag.evidence.scoring import gather_evidence
from rag.evidence.source_text import SourceText
from rag.evidence.wording.verb_forms import base_stem, base_stems


@pytest.mark.parametrize(
    ("past", "base"), [("lent", "lend"), ("rose", "rises"), ("written", "writing"), ("sold", "sell")]
)
def test_a_past_form_has_the_stem_of_its_verb(past: str, base: str) -> None:
    assert base_stem(past) == base_stem(base)


def test_other_words_keep_their_stems() -> None:
    assert base_stems("The keepers kept unpaid bills") == ("keeper", "keep", "unpay", "bill")


def test_a_claim_in_another_tense_has_the_words_of_its_source() -> None:
    found = gather_evidence("The guild lent nets.", SourceText("The guild lends nets.")).features["found"]
    assert found == 1.0
