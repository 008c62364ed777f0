"""Who does what: a claim that says of one party what the source says of another is found, in either voice."""

import pytest

from rag.evidence.scoring import gather_evidence
from rag.evidence.source_text import SourceText
from rag.evidence.tables.cell_claims import Reading
from rag.evidence.wording.subjects import exchanged_party

CREW = (
    "Captain Ingrid Moen commands the survey ship and signs the log. Mr Paulo Serra repairs the winches; Mrs Lena Voss "
    "cooks for the night watch. The samples are packed by Lena Voss. Mr Serra relieves Ingrid Moen in May."
)
ALLOTMENT = (
    "The council mends the fences. The gardener mows the paths. The council empties the bins, the gardener sweeps the "
    "shed. Keys up to three are lent for nothing."
)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("The winches are repaired by Lena Voss.", CREW),
        ("Voss commands the survey ship.", CREW),
        ("Serra cooks for the night watch, while Voss packs the samples.", CREW),
        ("Serra cooks and Lena Voss repairs.", CREW),
        ("Ingrid Moen relieves Paulo Serra in May.", CREW),
        ("The gardener mends the fences.", ALLOTMENT),
        ("The gardener empties the bins, and the council sweeps the shed.", ALLOTMENT),
    ],
)
def test_what_the_source_says_of_another_party_is_found(claim: str, text: str) -> None:
    assert exchanged_party(claim, text)
    assert gather_evidence(claim, SourceText(text, around=text)).contradicts


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("The winches are repaired by Paulo Serra.", CREW),
        ("Moen signs the log.", CREW),
        ("Lena Voss cooks at night and packs the samples.", CREW),
        ("In May, Ingrid Moen is relieved by Paulo Serra.", CREW),
        ("The fences are mended by the council.", ALLOTMENT),
        ("The council lends up to three keys.", ALLOTMENT),
        ("Serra dives.", CREW),
        ("It rained.", ""),
    ],
)
def test_what_the_source_says_of_the_same_party_or_of_nobody_is_not(claim: str, text: str) -> None:
    assert not exchanged_party(claim, text)


def test_a_pronoun_means_the_party_of_the_sentence_before_or_of_the_question() -> None:
    assert exchanged_party("She repairs the winches.", CREW, ("Lena Voss cooks for the night watch.",))
    assert exchanged_party("She repairs the winches.", CREW, ("And what else?", "What does Lena Voss do?"))
    assert not exchanged_party("He repairs the winches.", CREW, ("What does Paulo Serra do?",))
    claim = "He commands the survey ship."
    asked = Reading(claim, ("What does Mr Serra do?",))
    assert gather_evidence(claim, SourceText(CREW, around=CREW), asked).contradicts
