"""Claims that join one clause of a source with what another clause says."""

import pytest

from rag.evidence.scoring import gather_evidence
from rag.evidence.source_text import SourceText
from rag.evidence.wording.clauses import mixture, stands_elsewhere


@pytest.mark.parametrize(
    ("claim", "source", "instead"),
    [
        ("The barge takes 90 sheep.", "The barge takes 12 cows and up to 90 sheep.", ""),
        ("The barge takes 90 cows.", "The barge takes 12 cows and up to 90 sheep.", "12, not 90"),
        ("The kiosk has 300 chairs.", "The kiosk has 300 guests and 45 chairs.", "45, not 300"),
        ("The kiosk closes on 4 May 2024.", "The kiosk opens on 4 May 2024 and closes on 9 June 2024.", "9 june"),
        ("Porters give 2 weeks' notice.", "Porters give 3 months' notice; nurses give 2 weeks' notice.", "3, not 2"),
        ("Divers may keep 4 lamps.", "Guides may keep 4 lamps. Divers may keep 2 lamps a week.", "2, not 4"),
        ("Mead rests for six weeks.", "Cider rests for nine weeks, mead for six.", ""),
        ("Mead rests for nine weeks.", "Cider rests for nine weeks, mead for six.", "6, not 9"),
        ("The path of 3,500 m takes 40 min.", "The path of 3.5 km takes 40 minutes. The bridge is 2 m wide.", ""),
        ("Bills are kept for 90 days.", "Bills are kept for ten years, receipts for 90 days.", "10, not 90"),
        ("Reaping starts on 3 May.", "Reaping begins on 3 May 2025. Reapers earn 9 a day and start at 7.", ""),
        ("Adults pay 9 and children 4.", "Adults pay 9, children 4 and dogs 2.", ""),
        ("The shop is open until 18:00.", "The shop opens at 9:00 and closes at 18:00.", ""),
        (
            "Rope bags are banned and wet ropes are allowed.",
            "Rope bags are allowed, wet ropes are banned.",
            "Rope bags are allowed",
        ),
    ],
)
def test_a_figure_stands_with_the_words_of_its_own_clause(claim: str, source: str, instead: str) -> None:
    conflict = mixture(claim, source).conflict
    assert bool(conflict) == bool(instead)
    assert instead in conflict


def test_a_subject_of_another_sentence_makes_a_claim_doubtful_but_may_be_another_word_for_it() -> None:
    told = mixture(
        "Cooks may leave by the back door after six.",
        "Clerks may leave by the back door after six. Cooks eat in the hall.",
    )
    assert told.is_doubtful
    assert not told.conflict
    assert not mixture("Staff may leave by the back door.", "Clerks may leave by the back door after six.").is_doubtful


def test_a_clause_that_leaves_out_its_verb_is_told_in_full() -> None:
    assert mixture("Mead rests for six weeks.", "Cider rests for nine weeks, mead for six weeks.").is_shared
    assert not mixture("Heat is included in the rent.", "Light is included in the rent; heat is not.").is_shared


def test_a_fragment_has_the_figure_of_the_sentence_that_is_asked_about() -> None:
    source = "Ana Ruiz opened the mill in 1961. After the flood of 1974 the mill was dry."
    assert stands_elsewhere("1974", "When was the mill opened?", source)
    assert not stands_elsewhere("1961", "When was the mill opened?", source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Use the goods lift.", "Do not use the goods lift."),
        ("Skates can be hired for $4.", "Skates can be hired for £4."),
    ],
)
def test_words_that_are_denied_or_of_another_currency_are_not_verbatim(claim: str, source: str) -> None:
    evidence = gather_evidence(claim, SourceText(source, around=source))
    assert not evidence.verbatim
    assert evidence.finding


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Fires are not allowed on the beach.", "Fires are forbidden on the beach."),
        ("Leave the hall without running.", "If the bell rings, leave the hall. Do not run."),
        ("Forms must arrive no later than 5 May.", "Forms must arrive by 5 May."),
        ("The stairs must not be used.", "Do not use the stairs."),
        ("Sauce is not included in the bill.", "Sauce is excluded from the bill."),
        ("Wait for the whistle before diving.", "Nobody dives before the whistle."),
    ],
)
def test_a_denial_in_other_words_is_no_contradiction(claim: str, source: str) -> None:
    assert not gather_evidence(claim, SourceText(source, around=source)).finding


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Late guests are accepted.", "Late guests are turned away. Nobody waits."),
        ("The pump is working.", "The pump is out of service."),
        ("Breakfast is included in the price.", "Breakfast comes on top. Towels are not washed."),
    ],
)
def test_an_opposite_beside_a_negation_elsewhere_is_a_contradiction(claim: str, source: str) -> None:
    assert gather_evidence(claim, SourceText(source, around=source)).contradicts


def test_a_label_belongs_to_the_words_after_it() -> None:
    source = SourceText(
        "Owner Lia Voss and cook Tom Ode work at night.", around="Owner Lia Voss and cook Tom Ode work at night."
    )
    assert gather_evidence("- **Lia Voss** – cook", source).is_doubtful
    assert not gather_evidence("- **Tom Ode** – cook", source).is_doubtful


def test_a_clause_that_the_claim_repeats_has_lent_it_nothing() -> None:
    source = "The tram takes 90 people to the old harbour on each day of May, for 4 euros a person."
    claim = "The tram takes 90 persons to the old harbour on each day of May, for 4 euros a person."
    assert mixture(claim, source).conflict == ""
