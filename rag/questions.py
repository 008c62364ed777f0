"""What may be asked."""

from rag.errors import QuestionError, QuestionTooLongError
from rag.types import Question, Turn


def make_question(text: str, history: tuple[Turn, ...] = (), max_chars: int = 8000) -> Question:
    """Raises ``QuestionError`` where nothing is asked, ``QuestionTooLongError`` beyond ``max_chars`` characters."""
    text = text.strip()
    if not text:
        raise QuestionError("The question is empty: write what you want to know.")
    if len(text) > max_chars:
        raise QuestionTooLongError(
            f"The question has {len(text):,} characters and may have {max_chars:,}: shorten it, or put long material "
            f"into a document and index that."
        )
    return Question(text, history)
