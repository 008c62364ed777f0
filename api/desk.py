"""What the routes have at hand, and who stands before them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.asking import Asking
from api.principals import Doorkeeper, OpenDoor, Principal
from indexes.protocols import Retriever

Health = Mapping[str, object]
COOKIE = "footnote_key"
"""Holds the key of who logged in on the page, out of reach of scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who answers, on what terms, and how they are doing. Routes of a part that is None are not there."""

    asking: Asking
    max_question_chars: int
    health: Callable[[], Health]
    """May block: it runs in a thread."""
    advice: str | None = None
    """Shown with the answers that no language model wrote."""
    door: Doorkeeper = field(default_factory=OpenDoor)
    retriever: Retriever | None = None
    slack: APIRouter | None = None
    """Takes what Slack sends."""


async def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(desk_of)]


async def caller(request: Request, desk: AtDesk) -> Principal:
    """Who asks, by the key in the Authorization header, or in the page's cookie. Raises ``UnauthorizedError``."""
    return await run_in_threadpool(desk.door.admit, _key_of(request))


Caller = Annotated[Principal, Depends(caller)]


def _key_of(request: Request) -> str | None:
    """None where none was sent. A header that is no bearer's is a key that opens nothing."""
    sent = request.headers.get("authorization")
    if sent is None:
        return request.cookies.get(COOKIE)
    scheme, _, key = sent.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def json_only(request: Request) -> None:
    """A form of another site can send text and forms without asking; JSON it cannot."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415)
