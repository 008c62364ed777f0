"""A question that needs more than one place is known by its wording."""

import time

import pytest

from rag.question.decomposition import ASKING, depends_on_context, is_compound, questions_in


@pytest.mark.parametrize(
    "text",
    [
        "How much leave do I get? And who signs for it?",
        "Who founded the bakery and when did it move?",
        "Is parking free for staff, and does the canteen open on Sundays?",
        "What is the difference between Basic and Plus?",
        "Do nurses and doctors both get a bonus?",
        "Is the old flat larger than the new one?",
        "Which was built first, the mill or the bridge?",
        "Which singer is American, Mark King or Nick Hexum?",
        "Between Banks and Shaw, which writer is older?",
        "Who is the mayor of the town that lies on the Aare?",
        "What is the capital of the country of the author?",
        "When was the singer born whose third album is Diamond Cut?",
        "What is my manager's department's budget?",
        "Wer leitet die Bäckerei und seit wann gibt es sie?",
        "Worin unterscheiden sich Basic und Plus?",
        "Ist die Mühle älter als die Brücke?",
        "Wie heißt die Leiterin der Abteilung, die das Auto gekauft hat?",
        "Qui a fondé la boulangerie et quand a-t-elle déménagé ?",
        "Qui est le maire du village qui se trouve au bord du lac ?",
        "¿Quién fundó la panadería y cuándo se mudó?",
        "Chi ha fondato il forno e quando si è trasferito?",
        "年假有几天？病假有几天？",
    ],
)
def test_comparisons_chains_and_several_questions_are_compound(text: str) -> None:
    assert is_compound(text)


@pytest.mark.parametrize(
    "text",
    [
        "How much leave do I get?",
        "How much leave do part-timers get?!?",
        "Who may carry over more than 5 days of leave?",
        "What does the company pay for travel and meals?",
        "Whose job is it to lock the door?",
        "What is the name of the form that I fill in?",
        "What is in Li Hua's next month's plan?",
        "Which compartment holds the filter?",
        "Wie viel Urlaub habe ich?",
        "Wie lange dauert es, bis die Heizung warm ist?",
        "Combien de jours de congé ai-je ?",
        "¿Cuántos días de vacaciones tengo?",
        "",
    ],
)
def test_a_question_that_asks_one_thing_is_not(text: str) -> None:
    assert not is_compound(text)


@pytest.mark.parametrize(
    "text", ["the a b c of the d e f ", "of the a of ", "? ", "a's b ", "first ", "which, ", "der a, "]
)
def test_no_wording_takes_long_to_look_at(text: str) -> None:
    began = time.perf_counter()
    is_compound((text * 500)[:500])
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("How much leave do I get? And who signs for it?", ["How much leave do I get?", "And who signs for it?"]),
        (
            "Who founded the bakery and when did it move?",
            ["Who founded the bakery?", "when did it move?"],
        ),
        (
            "Is parking free for staff, and does the canteen open on Sundays?",
            ["Is parking free for staff?", "does the canteen open on Sundays?"],
        ),
        ("Wer leitet die Bäckerei und seit wann gibt es sie?", ["Wer leitet die Bäckerei?", "seit wann gibt es sie?"]),
    ],
)
def test_joined_questions_are_taken_apart(text: str, parts: list[str]) -> None:
    assert questions_in(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "How much leave do I get?",
        "What does the company pay for travel and meals?",
        "Do you know when and where it was published?",
        "When was the singer born who is known for her voice and whose third album is Diamond Cut?",
        "Who was the doctor that led the study, and was criticised for it?",
        "What is the difference between Basic and Plus, and which is cheaper?",
        "The plan was founded in 2005, and is based where?",
        "What is lending? It does not sound safe.",
        "What is a deposit and why?",
        "And?",
        "",
    ],
)
def test_one_question_or_one_that_cannot_be_parted_is_left_whole(text: str) -> None:
    assert questions_in(text) == [text]


def test_words_with_which_one_asks_are_told_from_those_of_the_matter() -> None:
    assert {"mention", "specif", "document"} <= ASKING
    assert not {"boat", "rate", "leav"} & ASKING


def test_a_part_that_points_back_leans_on_the_one_before() -> None:
    assert [
        depends_on_context(part)
        for part in ("when did it move?", "for what purpose?", "what does the pager pay a week?")
    ] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("text", ["what and ", "? ", "what is, and is ", "who that "])
def test_no_wording_takes_long_to_take_apart(text: str) -> None:
    began = time.perf_counter()
    questions_in((text * 2000)[:8000])
    assert time.perf_counter() - began < 1
