"""A condition, a limit, a denial or a common noun in other words is no difference, and a false one is no less found."""

import pytest

from rag.evidence.scoring import SUPPORTED, WEAK, gather_evidence, likelihood
from rag.evidence.source_text import SourceText
from rag.evidence.tables.cell_claims import Reading

KENNEL = "No dog may leave the kennel without a lead."
PANTRY = (
    "Staff may not enter the pantry except cooks. The flour is sifted by hand, not by machine. The bread is eaten with "
    "butter, not with lard. A rota is drawn up only on request. Rolls that are not sold are given away."
)
ROAM = "Cats roam in the yard, but dogs may not."
DOSE = "Return the skis a day early; otherwise a fine of EUR 12 is due."
COVER = "The plan covers glass and locks, but not the loss of keys. Damage by moths is not covered."
HOSTEL = "Each room holds 2 beds by default and 6 at most. The rent is due at the latest four days after arrival."
IMKER = (
    "Der Verein verleiht Schleudern drei Tage. Die Ausleihe kostet 9 Euro, Mitglieder unter 16 Jahren zahlen nichts."
    " Die Zahl der Völker stieg von 210 auf 260. Das Futter ist nicht im Preis enthalten."
)


def score(claim: str, text: str, *leads: str) -> float:
    """Return how likely a text says a claim, read after its leads."""
    return likelihood(gather_evidence(claim, SourceText(text, around=text), Reading(claim, leads)))


@pytest.mark.parametrize(
    ("claim", "text", "leads"),
    [
        ("Only with a lead.", KENNEL, ("May a dog leave the kennel?",)),
        ("Dogs may leave the kennel only with a lead.", KENNEL, ()),
        ("No, not even a day early, is a fine due.", "No fine is due, even a day early.", ("Is a fine due?",)),
        ("If you don't return the skis a day early, a fine of EUR 12 is due.", DOSE, ()),
        ("- Damage by moths", COVER, ("## Not covered", "What does the plan cover?")),
        ("- The loss of keys", COVER, ("The plan does not cover:", "What does the plan cover?")),
        ("The rent is due no later than four days after arrival.", HOSTEL, ()),
        ("By default, a room holds 2 beds, and 6 at most.", HOSTEL, ()),
        ("Only cooks.", PANTRY, ("Who may enter the pantry?",)),
        ("No, with the exception of cooks.", PANTRY, ("May staff enter the pantry?",)),
        ("The flour is only sifted by hand.", PANTRY, ()),
        ("The bread is eaten with butter rather than with lard.", PANTRY, ()),
        ("Die Zahl der Völker stieg auf 260.", IMKER, ()),
    ],
)
def test_the_same_in_other_words_is_borne_out(claim: str, text: str, leads: tuple[str, ...]) -> None:
    assert score(claim, text, *leads) >= WEAK


@pytest.mark.parametrize(
    ("claim", "text", "leads"),
    [
        ("Dogs may leave the kennel without a lead.", KENNEL, ()),
        ("If you return the skis a day early, a fine of EUR 13 is due.", DOSE, ()),
        ("- Damage by moths", COVER, ("## Covered", "What does the plan cover?")),
        ("The rent is due no earlier than four days after arrival.", HOSTEL, ()),
        ("By default, a room holds 6 beds, and 2 at most.", HOSTEL, ()),
        ("Die Zahl der Völker fiel von 260 auf 210.", IMKER, ()),
        ("Dogs roam in the yard.", ROAM, ()),
        ("The flour is sifted by machine.", PANTRY, ()),
        ("Rolls that are sold are given away.", PANTRY, ()),
        ("Das Futter ist im Preis enthalten.", IMKER, ()),
        ("Die Kühe bekommen im Stall Heu und Rüben.", IMKER, ()),
    ],
)
def test_what_is_false_in_other_words_is_found(claim: str, text: str, leads: tuple[str, ...]) -> None:
    assert score(claim, text, *leads) < WEAK


def test_another_word_at_the_beginning_is_no_other_name() -> None:
    assert not gather_evidence(
        "Usual snacks are nuts and figs.", SourceText("Common snacks are nuts and figs.")
    ).finding
    known = SourceText("Basel sells nuts and figs.", around="Basel sells nuts and figs. In Basel and Chur it snows.")
    assert gather_evidence("Chur sells nuts and figs.", known).finding


def test_a_common_noun_of_a_language_that_capitalises_it_is_no_name() -> None:
    source = SourceText(IMKER, around=IMKER)
    assert not gather_evidence(
        "Die Ausleihe kostet pro Mitglied 9 Euro, und wer unter 16 ist, ist frei.", source
    ).finding
    assert gather_evidence("Die Ausleihe übernimmt Frau Brandl.", source).finding == "brandl: in no source"


def test_a_claim_of_all_is_weak_where_the_source_makes_an_exception() -> None:
    source = "Members ride the lift. Children under six are excluded."
    assert WEAK <= score("All members ride the lift.", source) < SUPPORTED
    assert score("Members ride the lift.", source) >= SUPPORTED


def test_a_name_after_a_negated_verb_is_not_denied() -> None:
    closed = "Tram 9 will not run between Kirchplatz and Hafen from 3 to 8 May."
    assert score("Between Kirchplatz and Hafen tram 9 is shut from 3 to 8 May.", closed) >= WEAK
    assert score("Tram 9 will run between Kirchplatz and Hafen from 3 to 8 May.", closed) < WEAK
