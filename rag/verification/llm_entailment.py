"""Asks the language model for second opinions: one short call for all sentences of an answer."""

import asyncio
import re
from collections.abc import Sequence

from rag.errors import ModelTimeoutError
from rag.llms.reasoning import whole_reply
from rag.prompting import prompts
from rag.protocols import ChatModel
from rag.types import Opinions

_MOST = 12
"""Claims of one call; the rest get no opinion."""
_LINE = re.compile(r"\s*[*_`]*(\d{1,2})[.):\s*_`-]{1,6}(yes|no)\b[^\n\w]*$", re.IGNORECASE | re.MULTILINE)
_PROBABILITIES = {"yes": 0.95, "no": 0.05}
"""A model may be wrong."""
_REPLY_CHARS = 600
"""Characters after which the model is stopped."""


class LLMEntailment:
    """Gives no opinion where the model's reply does not keep to the form. ``timeout`` is in seconds."""

    def __init__(self, model: ChatModel, *, timeout: float = 10.0) -> None:
        self._model = model
        self._timeout = timeout

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    async def entails(self, pairs: Sequence[tuple[str, str]], /) -> Opinions:
        """See ``Entailment``. Raises ``ModelError``."""
        turn = prompts.entailment_turn(pairs[:_MOST])
        try:
            async with asyncio.timeout(self._timeout):
                reply = await whole_reply(self._model, prompts.ENTAIL, [turn], _REPLY_CHARS)
        except TimeoutError as error:
            raise ModelTimeoutError(f"{self.name} gave no opinion within {self._timeout:g} s.") from error
        return Opinions(tuple(parse_opinions(reply.text, len(pairs))), reply.usage)


def parse_opinions(reply: str, count: int) -> list[float | None]:
    """Return the probability of each claim; None for one that is answered not at all, or both ways."""
    answers: dict[int, set[str]] = {}
    for number, answer in _LINE.findall(reply):
        answers.setdefault(int(number), set()).add(answer.lower())
    claims = (answers.get(number, set()) for number in range(1, count + 1))
    return [_PROBABILITIES[min(answer)] if len(answer) == 1 else None for answer in claims]
