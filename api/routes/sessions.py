"""``/v1/session``: the caller, and the page's login, whose key is in a cookie that no script can read."""

from fastapi import APIRouter, Depends, Request, Response

from api.context.services import COOKIE, Caller, Services, ServicesDep, json_only
from api.core.principals import Principal
from api.openapi.error_responses import problem_responses
from api.schemas.question import Body, Text

router = APIRouter(prefix="/v1/session", tags=["keys"])
_SESSION_S = 30 * 24 * 3600
"""How long a browser stays logged in, as long as its key is valid."""


class FeaturesBody(Body):
    """The features of this server."""

    documents: bool
    conversations: bool
    feedback: bool


class SessionBody(Body):
    """The caller, and what the server offers."""

    id: str
    name: str
    groups: tuple[str, ...]
    may_write: bool
    key_needed: bool
    features: FeaturesBody


class LoginRequest(Body):
    """A login by key."""

    key: Text


@router.get("")
async def get_session(services: ServicesDep, caller: Caller) -> SessionBody:
    """Return the caller and the features of the server."""
    return session_body(services, caller)


@router.post("", dependencies=[Depends(json_only)], responses=problem_responses("unauthorized", "records-unusable"))
async def log_in(body: LoginRequest, services: ServicesDep, request: Request, response: Response) -> SessionBody:
    """Log in by key: the browser stores it as a cookie."""
    principal = services.authenticator.authenticate(body.key)
    https = (services.public_url or str(request.url)).startswith("https:")
    response.set_cookie(COOKIE, body.key, max_age=_SESSION_S, secure=https, httponly=True, samesite="strict")
    return session_body(services, principal)


@router.delete("", status_code=204)
async def log_out(response: Response) -> None:
    """Log out: the browser deletes the key."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def session_body(services: Services, principal: Principal) -> SessionBody:
    """Return the session of a principal."""
    return SessionBody(
        id=principal.id,
        name=principal.name,
        groups=tuple(sorted(principal.audience.groups)),
        may_write=principal.may_write,
        key_needed=services.authenticator.wants_key,
        features=FeaturesBody(
            documents=services.library is not None,
            conversations=services.conversations is not None,
            feedback=services.feedback is not None,
        ),
    )
