"""What a question stands for in its conversation."""

import time

import pytest

from rag.question.followups import is_about_answer, resolve_turns, stands_alone

LEAVE = "How many days of leave do staff get?"


@pytest.mark.parametrize(
    "text",
    [
        "Are you sure?",
        "are you sure about that",
        "Really?",
        "Is that correct?",
        "That's wrong.",
        "Where does it say that?",
        "And where does the handbook say so?",
        "Where did you get that from?",
        "Source?",
        "What is your source for that?",
        "Says who?",
        "How do you know that?",
        "Summarise that.",
        "Please summarize your answer in two sentences",
        "Explain that to a child, please",
        "In German please",
        "Can you say that in French?",
        "TL;DR",
        "Bist du sicher?",
        "Sind Sie sich sicher?",
        "Wo steht das?",
        "Auf Englisch, bitte",
        "Fass das bitte kurz zusammen",
        "Êtes-vous sûr ?",
        "¿Estás seguro?",
        "Sei sicuro?",
    ],
)
def test_a_question_about_the_answer_is_known_by_its_wording(text: str) -> None:
    assert is_about_answer(text)
    assert resolve_turns([LEAVE, text]) == [LEAVE]


@pytest.mark.parametrize(
    "text",
    [
        "Are you sure that trainees get leave?",
        "Where does it say that trainees get leave?",
        "Is that paid?",
        "In Germany?",
        "Summarise the leave policy.",
        "Where is the office?",
        "What is the source of the river?",
        "How do you know when to call?",
        "And trainees?",
        "Really good plan, is it?",
        "",
    ],
)
def test_a_question_that_asks_something_of_its_own_is_not(text: str) -> None:
    assert not is_about_answer(text)
    assert resolve_turns([LEAVE, text]) == [LEAVE, text]


@pytest.mark.parametrize(
    ("text", "stands_for"),
    [
        ("No, for part-time staff", "How many days of leave do staff get, for part-time staff?"),
        ("no, I meant trainees", "How many days of leave do staff get, trainees?"),
        ("Sorry, in the first year.", "How many days of leave do staff get, in the first year?"),
        ("I meant unpaid leave", "How many days of leave do staff get, unpaid leave?"),
        ("Actually, for 2023", "How many days of leave do staff get, for 2023?"),
        ("Nein, für Teilzeitkräfte", "How many days of leave do staff get, für Teilzeitkräfte?"),
    ],
)
def test_a_correction_takes_the_place_of_the_question(text: str, stands_for: str) -> None:
    assert resolve_turns([LEAVE, text]) == [stands_for]


@pytest.mark.parametrize("text", ["I meant 2023", "no, 2023", "No, for 2023.", "No, I meant in 2023"])
def test_a_correction_of_the_one_figure_changes_it(text: str) -> None:
    assert resolve_turns(["What was revenue in 2022?", text]) == ["What was revenue in 2023?"]


def test_a_figure_of_another_kind_is_not_changed() -> None:
    assert resolve_turns(["What were the 5 risks in 2022?", "no, 2023"]) == ["What were the 5 risks in 2023?"]
    assert resolve_turns(["What were sales in 2021 and 2022?", "no, 2023"]) == [
        "What were sales in 2021 and 2022, 2023?"
    ]


@pytest.mark.parametrize(
    "text", ["No, who signs the form for leave?", "No", "no.", "Nobody gets leave?", "I mean, what does the pager pay?"]
)
def test_a_question_of_its_own_corrects_nothing(text: str) -> None:
    assert resolve_turns([LEAVE, text]) == [LEAVE, text]


def test_doubts_and_corrections_add_up() -> None:
    turns = [LEAVE, "Are you sure?", "No, for trainees", "And the pager?", "Source?"]
    assert resolve_turns(turns) == ["How many days of leave do staff get, for trainees?", "And the pager?"]


def test_what_comes_first_is_a_question_whatever_its_words() -> None:
    assert resolve_turns(["Are you sure?"]) == ["Are you sure?"]
    assert resolve_turns(["No, for trainees", "Source?"]) == ["No, for trainees"]


@pytest.mark.parametrize(
    "text",
    [
        "What does the pager pay a week?",
        "Who signs the form for unpaid leave?",
        "When did Ada Lovelace die?",
        "How many nights may a guest stay in the cabin?",
        "Wie viele Tage Urlaub bekommen Teilzeitkräfte?",
    ],
)
def test_a_question_that_names_its_own_subject_stands_alone(text: str) -> None:
    assert stands_alone(text)


@pytest.mark.parametrize(
    "text",
    [
        "And what does the pager pay a week?",
        "What about part-time staff in the first year?",
        "How long may they stay in the cabin at night?",
        "Who signs that form for unpaid leave?",
        "Does the second office pay guests the same rate?",
        "What are the other reasons for unpaid leave?",
        "How many days?",
        "Who is it that signs?",
        "When does it end?",
        "part-time staff in the first year of work",
        "Can you explain it in more detail?",
        "Und wie viele Tage Urlaub bekommen Teilzeitkräfte?",
        "",
    ],
)
def test_a_question_that_goes_on_from_the_one_before_does_not(text: str) -> None:
    assert not stands_alone(text)


@pytest.mark.parametrize("piece", ["no, ", "and ", "please ", "is that ", "sorry - ", "translate that "])
def test_no_wording_takes_long_to_look_at(piece: str) -> None:
    began = time.perf_counter()
    resolve_turns([LEAVE, piece * 2000])
    stands_alone(piece * 2000)
    assert time.perf_counter() - began < 0.5
