"""What is asked for, and whether a sentence holds it."""

import pytest

from rag.extractive.answer_types import Kind, holds, kind_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many days of leave do I get?", "figure"),
        ("What production yield has the Kestrel?", "figure"),
        ("In what year did it open?", "date"),
        ("when is the shop open", "date"),
        ("Whom do I ask for a key?", "name"),
        ("Which city hosts the fair?", "place"),
        ("What caused the delay?", "reason"),
        ("Is there a pool?", "other"),
        ("What are the duties of a keeper?", "other"),
    ],
)
def test_the_question_word_tells_what_is_asked_for(question: str, kind: Kind) -> None:
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("kind", "text", "held"),
    [
        ("figure", "Staff get 25 days.", 1),
        ("figure", "It is to begin in early 2025.", 0),
        ("figure", "There are twelve boats.", 1),
        ("date", "It opened in March.", 1),
        ("date", "It opened late.", 0),
        ("name", "The unit is led by Jiang Fan.", 1),
        ("name", "The unit is led by its founder.", 0),
        ("place", "The fair is held in Halifax.", 1),
        ("place", "The fair is held yearly.", 0),
        ("reason", "It was late because of the storm.", 1),
        ("reason", "It was late.", 0),
        ("other", "It was late.", 0.5),
    ],
)
def test_a_sentence_holds_what_is_asked_for_or_does_not(kind: Kind, text: str, held: float) -> None:
    assert holds(kind, text, "") == held


def test_what_the_question_says_itself_is_no_answer_to_it() -> None:
    assert holds("name", "The boats of Owen Theriault float.", "Who leads Owen Theriault?") == 0
    assert holds("figure", "Box 12 is red.", "How heavy is box 12?") == 0
