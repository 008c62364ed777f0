"""Does the passage say it?"""

import pytest

from fakes.passages import passage
from rag.citations.quotes import locate_quote
from rag.evidence.scoring import support, verdict

TEXT = "On Friday the ministry in Beijing fined Nvidia 1,496.50 dollars. It gave no reason for the fine."


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The ministry fined Nvidia 1496.5 dollars.", "supported"),
        ("The ministry fined Nvidia 1496.6 dollars.", "unsupported"),
        ("The ministry fined Nvidia 1.4965 thousand dollars.", "supported"),
        ("The ministry fined Nvidia 1,496.50 euros.", "unsupported"),
        ("The ministry fined Huawei 1496.5 dollars.", "unsupported"),
        ("Nvidia was fined by the ministry in Beijing on Friday.", "supported"),
        ("Merkel fined Nvidia on Friday in Beijing.", "weak"),
        ("Elephants never forget their friends.", "unsupported"),
    ],
)
def test_figures_and_names_must_occur_and_words_agree(claim: str, expected: str) -> None:
    assert verdict(support(claim, TEXT), cited=True) == expected


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Papers must arrive no later than 28 May.", "Papers must arrive by 28 May."),
        ("The room is heated to 85 degrees Celsius.", "The room is heated to 85 °C."),
    ],
)
def test_another_way_to_say_a_limit_or_a_unit_is_no_difference(claim: str, source: str) -> None:
    assert verdict(support(claim, source), cited=True) == "supported"


def test_another_currency_is_found_in_otherwise_the_same_words() -> None:
    assert support("Shoes are lent for $3.50.", "Shoes are lent for £3.50.") == 0


def test_what_only_the_headings_say_counts_less_than_what_the_text_says() -> None:
    without, with_heading, in_text = (
        support("The vision plan covers glasses.", text, heading)
        for text, heading in (
            ("It covers glasses.", ""),
            ("It covers glasses.", "Vision plan"),
            ("Vision: the plan covers glasses.", ""),
        )
    )
    assert without < with_heading < in_text


def test_without_a_citation_a_sentence_is_uncited() -> None:
    assert verdict(1.0, cited=False) == "uncited"


def test_the_quote_is_the_fewest_sentences_that_prove_the_claim() -> None:
    found = passage(TEXT)
    quote = locate_quote("Nvidia had to pay 1,496.50 dollars.", found)
    assert TEXT[slice(*quote)] == "On Friday the ministry in Beijing fined Nvidia 1,496.50 dollars."


def test_a_claim_out_of_two_sentences_quotes_both() -> None:
    text = "Ann leads the team. She came from Lisbon in May. The team makes boats."
    quote = locate_quote("Ann leads the team and came from Lisbon in May.", passage(text))
    assert text[slice(*quote)] == "Ann leads the team. She came from Lisbon in May."


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Dogs are not allowed in the office.", "Dogs are allowed in the office."),
        ("Hand it in before 30 June.", "Hand it in after 30 June."),
        ("Stays under two weeks need leave.", "Stays over two weeks need leave."),
    ],
)
def test_the_opposite_is_not_support(claim: str, text: str) -> None:
    assert support(claim, text) == 0.0
    assert support(text, text) == 1.0


def test_what_the_text_denies_is_not_borne_out() -> None:
    assert support("Dogs are allowed in the office.", "Dogs are not allowed in the office.") == 0.0


DUES = "The berth fee is USD 12 a metre. The fine for late payment is USD 30, due on 19 January 2025."


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The fine for late payment is $30.", "supported"),
        ("The fine for late payment is US$ 30.", "supported"),
        ("The fine for late payment is 30 dollars.", "supported"),
        ("The fine for late payment is 30 %.", "unsupported"),
        ("The fine for late payment is €30.", "unsupported"),
        ("The fine for late payment is $12.", "unsupported"),
        ("The fine for late payment is due on 19/01/2025.", "supported"),
        ("The fine for late payment is due on Jan. 19th, 2025.", "supported"),
        ("The fine for late payment is due on Sunday, 19 January 2025.", "supported"),
        ("The fine for late payment is due on Monday, 19 January 2025.", "unsupported"),
        ("The fine for late payment is due on 18/01/2025.", "unsupported"),
    ],
)
def test_money_and_dates_are_held_against_the_source_in_any_spelling(claim: str, expected: str) -> None:
    assert verdict(support(claim, DUES), cited=True) == expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("No, meals come on top.", "supported"),
        ("No. Meals come on top.", "supported"),
        ("Yes, guests pay 40 euros a night.", "supported"),
        ("Yes, meals are included.", "unsupported"),
        ("No, meals do not come on top.", "unsupported"),
    ],
)
def test_a_yes_or_no_is_not_the_polarity_of_what_follows(claim: str, expected: str) -> None:
    assert verdict(support(claim, "Guests pay €40 a night. Meals come on top."), cited=True) == expected


def test_a_figure_that_agrees_in_one_reading_only_is_weak_at_most() -> None:
    assert verdict(support("The boat weighs 1.650 kg.", "The boat weighs 1650 kg."), cited=True) == "weak"
    assert verdict(support("The boat weighs 1.650 kg.", "The boat weighs 1.650 kg."), cited=True) == "supported"
