"""``/v1/conversations``: a caller's questions and answers."""

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
from api.rendering.downloads import attachment
from api.schemas.answer import AnswerContext

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])
JSON = [Depends(json_only)]
NOT_FOUND = problem_responses("not-found")
READING = problem_responses("not-found", *CATALOG)
_MARKDOWN: Responses = {200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}}


async def get_conversations(services: ServicesDep) -> Conversations:
    """Return the store of conversations: without it, these routes do not exist."""
    assert services.conversations  # noqa: S101
    return services.conversations


ConversationsDep = Annotated[Conversations, Depends(get_conversations)]


@router.get("")
def list_conversations(
    conversations: ConversationsDep,
    caller: Caller,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=CURSOR, description="the ``next`` of the previous page")] = None,
) -> ConversationsBody:
    """List the caller's conversations, latest first."""
    return conversations_body(conversations.page(caller, limit, read_cursor(after) if after else None))


@router.post("", status_code=201, dependencies=JSON)
def create_conversation(body: NewConversation, conversations: ConversationsDep, caller: Caller) -> ConversationBody:
    """Create a conversation without turns. Ask in it by its id."""
    return ConversationBody.model_validate(conversations.create(caller, body.title))


@router.get("/{conversation}.md", response_class=Response, responses=_MARKDOWN | READING)
def export_conversation(conversation: str, conversations: ConversationsDep, caller: Caller) -> Response:
    """Return the conversation as Markdown, with footnotes."""
    text = to_markdown(conversations.get(caller, conversation), conversations.turns(caller, conversation))
    headers = {"Content-Disposition": attachment("conversation.md")}
    return Response(text, headers=headers, media_type="text/markdown; charset=utf-8")


@router.get("/{conversation}", responses=READING)
def get_conversation(
    conversation: str,
    conversations: ConversationsDep,
    caller: Caller,
    services: ServicesDep,
    links: LinksDep,
    *,
    html: bool = False,
) -> WholeConversationBody:
    """Return the conversation with its turns. Answers whose sources the caller may no longer read are withheld."""
    return conversation_body(
        conversations.get(caller, conversation),
        conversations.turns(caller, conversation),
        AnswerContext(services.advice, links=links, html=html),
    )


@router.patch("/{conversation}", dependencies=JSON, responses=NOT_FOUND)
def rename_conversation(
    conversation: str, body: NewTitle, conversations: ConversationsDep, caller: Caller
) -> ConversationBody:
    """Rename the conversation."""
    return ConversationBody.model_validate(conversations.rename(caller, conversation, body.title))


@router.delete("/{conversation}", status_code=204, responses=NOT_FOUND)
def delete_conversation(conversation: str, conversations: ConversationsDep, caller: Caller) -> None:
    """Delete the conversation with its turns."""
    conversations.delete(caller, conversation)
