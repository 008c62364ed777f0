"""A question with who asks it, whichever way it comes in: the native API, OpenAI's, MCP, Slack or the page."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from api.core.principals import LOCAL, Principal
from rag.types import Answer, Question

Saver = Callable[[Answer], Awaitable[None]]
"""Puts an answer on disk."""
Via = Literal["api", "openai", "mcp", "slack"]


new_id = partial(secrets.token_urlsafe, 16)
"""Returns 22 random characters (128 bits), which nobody can guess."""


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


@dataclass(frozen=True, slots=True)
class Recording:
    """An inquiry that is being recorded, and the function that puts its answer on disk, if anything keeps it."""

    inquiry: Inquiry
    """With the history of its conversation."""
    save: Saver | None = None
