"""What may be asked."""

from collections.abc import Sequence

from rag.errors import QuestionError, QuestionTooLongError
from rag.types import Question, Turn


def make_question(text: str, history: Sequence[Turn] = (), max_chars: int = 8000) -> Question:
    """Raises ``QuestionError`` where nothing is asked, ``QuestionTooLongError`` beyond ``max_chars`` characters.

    Of each turn of the history as many characters are kept. How many turns a model is given is a matter of its window.
    """
    text = text.strip()
    if not text:
        raise QuestionError("The question is empty: write what you want to know.")
    if len(text) > max_chars:
        raise QuestionTooLongError(
            f"The question has {len(text):,} characters and may have {max_chars:,}: shorten it, or put long material "
            f"into a document and index that."
        )
    kept = tuple(Turn(turn.role, turn.text[:max_chars]) for turn in history)
    if not all(is_text(said) for said in (text, *(turn.text for turn in kept))):
        raise QuestionError("The question, or what was said before it, is not valid Unicode: write it as UTF-8.")
    return Question(text, kept)


def is_text(said: str) -> bool:
    """A lone surrogate, from JSON or a command line that is not UTF-8, is taken by no tokenizer or database."""
    return not any("\ud800" <= character <= "\udfff" for character in said)
