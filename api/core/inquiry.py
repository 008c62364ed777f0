"""A question with who asks it, whichever way it comes in: the native API, OpenAI's, MCP, Slack or the page."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from api.core.principals import LOCAL, Principal
from rag.types import Answer, Question

Via = Literal["api", "openai", "mcp", "slack"]


def new_id() -> str:
    """Return 22 random characters (128 bits), which nobody can guess."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A question, who asks it, in which conversation, and the id of its answer."""

    question: Question
    """Its audience is the principal's."""
    principal: Principal = LOCAL
    conversation: str | None = None
    """The id of a stored conversation: its turns become the history, and the answer its next turn."""
    via: Via = "api"
    id: str = field(default_factory=new_id)


async def _save_nothing(_: Answer) -> None: ...


@dataclass(frozen=True, slots=True)
class Recording:
    """An inquiry that is being recorded, and the function that puts its answer on disk."""

    inquiry: Inquiry
    """With the history of its conversation."""
    save: Callable[[Answer], Awaitable[None]] = _save_nothing
