"""Proposes gold questions with a language model; what it writes is checked against the passage, not trusted."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from itertools import islice

from pydantic import BaseModel, ValidationError

from eval.drafting.generator import diverse_passages, evidence_at, make_draft, normalise_question, round_robin
from eval.drafting.templates import contains_answer, depends_on_context
from eval.gold.rows import NonEmptyText
from eval.prompts import DRAFT, WRITE
from eval.types import GoldCase
from indexes.storage.catalog import Catalog
from indexes.text.normalization import normalise
from indexes.types import Hit, Passage
from rag.prompting.prompts import sources_of, user_turn
from rag.protocols import ChatModel

_TRIES = 3
"""Passages shown to the model for each question wanted, at most."""
_CANDIDATES = 10
"""Passages for each question wanted, from which each document's come in turn."""
_POINTING = re.compile(
    r"\b(?:(?:this|the|that|above|given) (?:passage|text|source|document|excerpt|section|table)|mentioned above)\b",
    re.IGNORECASE,
)


class _Reply(BaseModel):
    question: NonEmptyText
    answer: NonEmptyText
    quote: NonEmptyText


async def draft_by_model(
    model: ChatModel, catalog: Catalog, wanted: int, known: Iterable[str], refused: Counter[str]
) -> AsyncIterator[GoldCase]:
    """``wanted`` drafts at most; why the model's other replies were not taken is counted in ``refused``.

    Raises ``ModelError`` where the model fails.
    """
    seen, made = {normalise_question(question) for question in known}, 0
    candidates = round_robin(islice(diverse_passages(catalog), wanted * _CANDIDATES), lambda passage: passage.path)
    for passage in candidates[: wanted * _TRIES]:
        if made == wanted:
            return
        case = read_reply(await _reply(model, passage), passage)
        if isinstance(case, GoldCase) and normalise_question(case.question) in seen:
            case = "asked already"
        if isinstance(case, str):
            refused[case] += 1
            continue
        seen.add(normalise_question(case.question))
        made += 1
        yield case


def read_reply(reply: str, passage: Passage) -> GoldCase | str:
    """The draft, or why the reply is none."""
    found = re.search(r"\{.*\}", reply, re.DOTALL)
    if found and not found[0].strip("{} \n"):
        return "nothing worth asking"
    try:
        told = _Reply.model_validate_json(found[0] if found else reply, strict=True)
    except ValidationError:
        return "not the JSON that was asked for"
    span = _span(told.quote, passage)
    if span is None:
        return "the quote is not in the passage"
    if not contains_answer(passage.text[slice(*span)], told.answer):
        return "the quote does not hold the answer"
    if contains_answer(told.question, told.answer):
        return "the question holds the answer"
    if depends_on_context(told.question) or _POINTING.search(told.question):
        return "the question does not stand alone"
    return make_draft(told.question, (told.answer,), (evidence_at(passage, *span),), "model")


def _span(quote: str, passage: Passage) -> tuple[int, int] | None:
    """White space apart, exactly as it stands."""
    found = re.search(r"\s+".join(map(re.escape, normalise(quote).split())), passage.text)
    return found.span() if found and found[0] else None


async def _reply(model: ChatModel, passage: Passage) -> str:
    turn = user_turn(WRITE, sources_of([Hit(passage, 0.0)]))
    async with aclosing(model.stream(DRAFT, [turn])) as pieces:
        return "".join([piece async for piece in pieces if isinstance(piece, str)])
