"""What messages want of the bot, by their words."""

import pytest

from api.slack.events.intents import continues, is_courtesy, is_help, is_question, is_stop

ENDS = "?\u037e\uff1f\u061f\u2047\u2048\u2049\u203d\u2e2e\u1367\ua60f\ua6f7\u1945\ufe56\ufe16\u2cfa\u2753\U0001fbc4"
"""The question marks that end a sentence, of all scripts."""


@pytest.mark.parametrize("mark", ENDS)
def test_a_question_ends_in_a_question_mark_of_any_script(mark: str) -> None:
    assert is_question(f"Who mends the nets{mark}")
    assert not is_question(f"Who mends the nets{mark} Ida does.")


@pytest.mark.parametrize(
    "text",
    [
        "Who mends the nets? :thinking_face:",
        "Is it (Ida?)",
        "“Ida?”",
        "Really?!",
        "Who? 🤔",
        "Ποιος είναι;",
        "Որտե՞ղ է",
        "Ի՞նչ է սա։",
        "Ты где?",
    ],
)
def test_quotes_brackets_and_emoji_may_follow_the_mark(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    ["The berth is 40? I think so.", "See https://a.example/?b=1", "Tea;", "¿", "Ի՞նչ է սա։ Սա նավ է։", "😀"],
)
def test_a_mark_elsewhere_makes_no_question(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "and what about Seal Island?",
        "And how long in winter",
        "Wie lange im Winter",
        "combien de jours",
        "Thanks! And in May?",
        "Thanks, can you say that of Seal Island too?",
        "Footnote, do you know the fee?",
        "Tides: how high?",
        "Tomorrow, can you still book the slip?",
        "And in winter, do you need a permit?",
        "usually, do you pay the fee in advance?",
        "Freitag, kannst du da noch anlegen?",
        "Demain, pouvez-vous encore réserver ?",
    ],
)
def test_a_question_of_a_thread_asks_on(text: str) -> None:
    assert continues(text)


@pytest.mark.parametrize(
    "text",
    [
        "Good to know.",
        "yes, half past two",
        "Ida, are you coming to the harbour?",
        "Ida: hast du Zeit?",
        "Emily, can you book the slip?",
        "Ida, tu viens ?",
        "@ida did you know?",
        "I told you so",
        "👍",
    ],
)
def test_talk_and_questions_to_others_do_not(text: str) -> None:
    assert not continues(text)


@pytest.mark.parametrize(
    "text", ["Thanks!", "Thanks, that helped!", "ok", "👍", ":+1: :tada:", "Vielen Dank!", "merci beaucoup", "Got it."]
)
def test_thanks_nods_and_emoji_ask_nothing(text: str) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize("text", ["", "ok?", "Thanks, and in May?", "leave in May", "hello", "42"])
def test_what_says_more_is_no_mere_courtesy(text: str) -> None:
    assert not is_courtesy(text)


def test_stop_and_help_are_words_of_their_own() -> None:
    assert all(map(is_stop, ("Stop!", "stopp", "arrête")))
    assert all(map(is_help, ("help", "Help?", "Hilfe!", "aide")))
    assert not is_stop("stop the boat")
    assert not is_help("who can help with the nets?")
