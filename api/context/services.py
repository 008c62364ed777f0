"""The services that routes use, and the dependencies that identify a caller."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.exceptions import HTTPException

from api.context.question_service import QuestionService
from api.core.principals import Authenticator, ForbiddenError, NoAuthentication, Principal, UnauthorizedError
from api.history.conversation_store import Conversations
from api.history.feedback_store import FeedbackStores
from api.library.library import Library
from api.library.sync_jobs import Indexing
from api.limits.rate_limit import RateLimiter
from api.observability.metrics import Metrics
from api.rendering.links import Links
from indexes.protocols import Retriever
from indexes.types import Scope

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Health = Mapping[str, object]
COOKIE = "footnote_key"
"""Holds the key of a caller who logged in on the page, out of reach of scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that routes use. A service that is None has no routes."""

    questions: QuestionService
    max_question_chars: int
    health: Callable[[], Health]
    """May block: it runs in a thread."""
    advice: str | None = None
    """Shown with answers that no language model wrote."""
    authenticator: Authenticator = field(default_factory=NoAuthentication)
    retriever: Retriever | None = None
    count_documents: Callable[[Scope], int] = lambda _: 1
    """How many documents a search may find. May block."""
    rates: RateLimiter | None = None
    """None sets no limit."""
    public_url: str | None = None
    """The server's address for people; None is the address of each request."""
    conversations: Conversations | None = None
    feedback: FeedbackStores | None = None
    metrics: Metrics | None = None
    ready: Callable[[], None] | None = None
    """Raises an error if the server could not answer now. May block: it runs in a thread."""
    chores: tuple[Callable[[], None], ...] = ()
    """Run once a day."""
    traces: "TracerProvider | None" = None
    patience_s: float = 15.0
    """How long an OpenAI stream waits for its answer before it sends its status: an early failure has its own."""
    library: Library | None = None
    indexing: Indexing | None = None
    slack: APIRouter | None = None
    """The routes for Slack's requests."""


async def get_services(request: Request) -> Services:
    """Return the application's services."""
    services: Services = request.app.state.services
    return services


# read by hand below; these describe the key in the OpenAPI description
_BEARER = HTTPBearer(auto_error=False, description="a key, if the server requires one")
_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="the key of a caller who logged in on the page")
ServicesDep = Annotated[Services, Depends(get_services)]


async def caller(
    request: Request,
    services: ServicesDep,
    _: Annotated[object, Security(_BEARER)] = None,
    __: Annotated[object, Security(_COOKIE)] = None,
) -> Principal:
    """Return the holder of the key in the Authorization header, or else in the page's cookie.

    Raises ``UnauthorizedError`` and ``TooManyRequestsError``.
    """
    key, header = request.cookies.get(COOKIE), request.headers.get("authorization")
    if header is not None:
        scheme, _sep, token = header.partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else ""  # any other scheme is a key that is not valid
    try:
        principal = services.authenticator.authenticate(key)
    except UnauthorizedError as error:
        if COOKIE in request.cookies:  # the page goes on without its expired key if none is required
            error.headers = {**error.headers, "Set-Cookie": f"{COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"}
        raise
    request.state.principal = principal.id  # for the log
    if services.rates:
        services.rates.count_request(principal.id)
    return principal


Caller = Annotated[Principal, Depends(caller)]


async def searcher(services: ServicesDep, principal: Caller) -> Principal:
    """Return the caller, and count a question. Raises ``TooManyRequestsError``."""
    if services.rates:
        services.rates.count_question(principal.id)
    return principal


Searcher = Annotated[Principal, Depends(searcher)]


async def links(request: Request, services: ServicesDep) -> Links:
    """Return the links to sources on this server."""
    return Links(services.public_url or str(request.base_url))


LinksDep = Annotated[Links, Depends(links)]


async def writer(caller: Caller) -> Principal:
    """Return the caller, who may change the index. Raises ``ForbiddenError``."""
    if not caller.may_write:
        raise ForbiddenError("This key may read, but not change the index.")
    return caller


WritingCaller = Annotated[Principal, Depends(writer)]


async def json_only(request: Request) -> None:
    """Raise 415 unless the body is JSON. A form of another site can send text and forms, but no JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415)
