"""What the routes have at hand, and who stands before them."""

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

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Health = Mapping[str, object]
COOKIE = "footnote_key"
"""Holds the key of who logged in on the page, out of reach of scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Who answers, on what terms, and how they are doing. Routes of a part that is None are not there."""

    questions: QuestionService
    max_question_chars: int
    health: Callable[[], Health]
    """May block: it runs in a thread."""
    advice: str | None = None
    """Shown with the answers that no language model wrote."""
    authenticator: Authenticator = field(default_factory=NoAuthentication)
    retriever: Retriever | None = None
    rates: RateLimiter | None = None
    """How often anybody may ask; without them, as often as they like."""
    public_url: str | None = None
    """Where people open the server; None where that is wherever a request came to."""
    conversations: Conversations | None = None
    feedback: FeedbackStores | None = None
    metrics: Metrics | None = None
    ready: Callable[[], None] | None = None
    """Raises what keeps it from answering, in words. May block: it runs in a thread."""
    chores: tuple[Callable[[], None], ...] = ()
    """What is to be done once a day."""
    traces: "TracerProvider | None" = None
    patience_s: float = 15.0
    """How long an OpenAI stream waits for its answer before it sends its status: till then a failure has its own."""
    library: Library | None = None
    indexing: Indexing | None = None
    slack: APIRouter | None = None
    """Takes what Slack sends."""


async def get_services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


# read by _key_of; these tell the API's description of it
_BEARER = HTTPBearer(auto_error=False, description="a key, where the server asks for one")
_IN_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="the key of who logged in on the page")
ServicesDep = Annotated[Services, Depends(get_services)]


async def caller(
    request: Request,
    services: ServicesDep,
    _: Annotated[object, Security(_BEARER)] = None,
    __: Annotated[object, Security(_IN_COOKIE)] = None,
) -> Principal:
    """Who asks, by the key in the Authorization header, or in the page's cookie. Raises ``UnauthorizedError``.

    And ``TooManyRequestsError``.
    """
    try:
        principal = services.authenticator.authenticate(_key_of(request))
    except UnauthorizedError as error:
        if COOKIE in request.cookies:  # of a key that ended: without it, where no key is wanted, the page goes on
            error.headers = {**error.headers, "Set-Cookie": f"{COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"}
        raise
    request.state.principal = principal.id  # for the log
    if services.rates:
        services.rates.count_request(principal.id)
    return principal


Caller = Annotated[Principal, Depends(caller)]


async def searcher(services: ServicesDep, principal: Caller) -> Principal:
    """A caller whose search counts as a question. Raises ``TooManyRequestsError``."""
    if services.rates:
        services.rates.count_question(principal.id)
    return principal


Searcher = Annotated[Principal, Depends(searcher)]


async def links(request: Request, services: ServicesDep) -> Links:
    return Links(services.public_url or str(request.base_url))


LinksDep = Annotated[Links, Depends(links)]


def _key_of(request: Request) -> str | None:
    """None where none was sent. A header that is no bearer's is a key that opens nothing."""
    sent = request.headers.get("authorization")
    if sent is None:
        return request.cookies.get(COOKIE)
    scheme, _, key = sent.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def writer(caller: Caller) -> Principal:
    """Who asks, where they may change what is indexed. Raises ``ForbiddenError``."""
    if not caller.may_write:
        raise ForbiddenError("This key may read, and not change what is indexed.")
    return caller


Writer = Annotated[Principal, Depends(writer)]


async def json_only(request: Request) -> None:
    """A form of another site can send text and forms without asking; JSON it cannot."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415)
