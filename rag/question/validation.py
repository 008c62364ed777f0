"""Checks a question before it is answered."""

from collections.abc import Sequence

from rag.errors import QuestionError, QuestionTooLongError
from rag.types import Question, Turn


def make_question(text: str, history: Sequence[Turn] = (), max_chars: int = 8000) -> Question:
    """Return the question, with each turn of its history cut to ``max_chars`` characters.

    Raises ``QuestionError`` if it is empty or not valid Unicode, ``QuestionTooLongError`` beyond ``max_chars``.
    """
    text = text.strip()
    if not text:
        raise QuestionError("The question is empty: write what you want to know.")
    if len(text) > max_chars:
        raise QuestionTooLongError(
            f"The question has {len(text):,} characters, and the limit is {max_chars:,}: shorten it, or put long "
            f"material into a document and index it."
        )
    turns = tuple(Turn(turn.role, turn.text[:max_chars]) for turn in history)
    if not all(map(is_valid_unicode, (text, *(turn.text for turn in turns)))):
        raise QuestionError("The question, or an earlier message, is not valid Unicode: write it as UTF-8.")
    return Question(text, turns)


def is_valid_unicode(text: str) -> bool:
    """Return whether a text has no lone surrogate, which comes from bad JSON or a command line that is not UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
