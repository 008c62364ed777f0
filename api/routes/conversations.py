"""``/v1/conversations``: what was asked and answered, for who asked it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.context.services import Caller, LinksDep, ServicesDep, json_only
from api.history.conversation_schemas import (
    CURSOR,
    ConversationBody,
    ConversationsBody,
    NewConversation,
    NewTitle,
    WholeConversationBody,
    conversation_body,
    conversations_body,
    read_cursor,
    to_markdown,
)
from api.history.conversation_store import Conversations
from api.openapi.error_responses import CATALOG, Responses, problem_responses
from api.schemas.answer import AnswerContext

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])
JSON = [Depends(json_only)]
ONE = problem_responses("not-found")
READING = problem_responses("not-found", *CATALOG)
_MARKDOWN: Responses = {200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}}


async def _kept(services: ServicesDep) -> Conversations:
    assert services.conversations  # noqa: S101 - or these routes are not there
    return services.conversations


Kept = Annotated[Conversations, Depends(_kept)]


@router.get("")
def list_conversations(
    kept: Kept,
    caller: Caller,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=CURSOR, description="the ``next`` of the page before")] = None,
) -> ConversationsBody:
    """The caller's, latest first."""
    return conversations_body(kept.page(caller, limit, read_cursor(after) if after else None))


@router.post("", status_code=201, dependencies=JSON)
def create_conversation(asked: NewConversation, kept: Kept, caller: Caller) -> ConversationBody:
    """One that has no turns yet: ask within it by its id."""
    return ConversationBody.model_validate(kept.create(caller, asked.title))


@router.get("/{conversation}.md", response_class=Response, responses=_MARKDOWN | READING)
def export_conversation(conversation: str, kept: Kept, caller: Caller) -> Response:
    """The conversation as Markdown, with footnotes."""
    text = to_markdown(kept.get(caller, conversation), kept.turns(caller, conversation))
    headers = {"Content-Disposition": 'attachment; filename="conversation.md"'}
    return Response(text, headers=headers, media_type="text/markdown; charset=utf-8")


@router.get("/{conversation}", responses=READING)
def get_conversation(
    conversation: str, kept: Kept, caller: Caller, services: ServicesDep, links: LinksDep, *, html: bool = False
) -> WholeConversationBody:
    """The conversation with its turns: answers as they were given, as far as their sources may still be read."""
    return conversation_body(
        kept.get(caller, conversation),
        kept.turns(caller, conversation),
        AnswerContext(services.advice, links=links, html=html),
    )


@router.patch("/{conversation}", dependencies=JSON, responses=ONE)
def rename_conversation(conversation: str, asked: NewTitle, kept: Kept, caller: Caller) -> ConversationBody:
    """Gives the conversation another title."""
    return ConversationBody.model_validate(kept.rename(caller, conversation, asked.title))


@router.delete("/{conversation}", status_code=204, responses=ONE)
def delete_conversation(conversation: str, kept: Kept, caller: Caller) -> None:
    """It is gone with its turns, and its id is known no more."""
    kept.delete(caller, conversation)
