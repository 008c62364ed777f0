"""Proposes gold questions with a language model, and checks its replies against the passage."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
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
from rag.errors import ModelError
from rag.prompting.prompts import sources_of, user_turn
from rag.protocols import ChatModel

_TRIES = 3
"""Passages shown to the model for each question to draft."""
_CANDIDATES = 10
"""Passages for each question to draft, of which each document's are taken in turn."""
_POINTING = re.compile(
    r"\b(?:(?:this|the|that|above|given) (?:passage|text|source|document|excerpt|section|table)|mentioned above)\b",
    re.IGNORECASE,
)


class _DraftReply(BaseModel):
    question: NonEmptyText
    answer: NonEmptyText
    quote: NonEmptyText


async def collect_drafts(
    model: ChatModel, catalog: Catalog, limit: int, known: Iterable[str], advance: Callable[[], None]
) -> tuple[list[GoldCase], list[str]]:
    """Return the model's drafts, and notes on its failure and on refused replies.

    Drafts made before a failure are kept. Raises ``ModelError`` where there is none.
    """
    refused, drafts, notes = Counter[str](), list[GoldCase](), list[str]()
    try:
        async for case in draft_by_model(model, catalog, limit, known, refused):
            drafts.append(case)
            advance()
    except ModelError as error:
        if not drafts:
            raise
        notes.append(f"The model failed; its drafts so far are kept: {error}")
    return drafts, [*notes, *(f"left out {count}: {reason}" for reason, count in refused.most_common())]


async def draft_by_model(
    model: ChatModel, catalog: Catalog, limit: int, known: Iterable[str], refused: Counter[str]
) -> AsyncIterator[GoldCase]:
    """Yield at most ``limit`` drafts; count in ``refused`` why the model's other replies were not taken.

    Raises ``ModelError`` where the model fails.
    """
    seen, count = {normalise_question(question) for question in known}, 0
    candidates = round_robin(islice(diverse_passages(catalog), limit * _CANDIDATES), lambda passage: passage.path)
    for passage in candidates[: limit * _TRIES]:
        if count == limit:
            return
        turn = user_turn(WRITE, sources_of([Hit(passage, 0.0)]))
        async with aclosing(model.stream(DRAFT, [turn])) as pieces:
            reply = "".join([piece async for piece in pieces if isinstance(piece, str)])
        case = read_reply(reply, passage)
        if isinstance(case, GoldCase) and normalise_question(case.question) in seen:
            case = "asked already"
        if isinstance(case, str):
            refused[case] += 1
            continue
        seen.add(normalise_question(case.question))
        count += 1
        yield case


def read_reply(reply: str, passage: Passage) -> GoldCase | str:
    """Return the draft, or why the reply is none."""
    braces = re.search(r"\{.*\}", reply, re.DOTALL)
    if braces and not braces[0].strip("{} \n"):
        return "nothing worth asking"
    try:
        draft = _DraftReply.model_validate_json(braces[0] if braces else reply, strict=True)
    except ValidationError:
        return "not the JSON that was asked for"
    quote = re.search(r"\s+".join(map(re.escape, normalise(draft.quote).split())), passage.text)
    if not quote or not quote[0]:
        return "the quote is not in the passage"
    if not contains_answer(quote[0], draft.answer):
        return "the quote does not hold the answer"
    if contains_answer(draft.question, draft.answer):
        return "the question holds the answer"
    if depends_on_context(draft.question) or _POINTING.search(draft.question):
        return "the question does not stand alone"
    return make_draft(draft.question, (draft.answer,), (evidence_at(passage, *quote.span()),), "model")
