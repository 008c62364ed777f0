"""``/v1/session``: who one is here; the page keeps its key in a cookie that no script can read."""

from fastapi import APIRouter, Depends, Request, Response

from api.context.services import COOKIE, Caller, Services, ServicesDep, json_only
from api.core.principals import Principal
from api.openapi.error_responses import problem_responses
from api.schemas.question import Body, Text

router = APIRouter(prefix="/v1/session", tags=["keys"])
_KEPT_S = 30 * 24 * 3600
"""How long a browser stays logged in; a key that ends or is revoked before that opens nothing from then on."""


class FeaturesBody(Body):
    """Which parts this server has."""

    documents: bool
    conversations: bool
    feedback: bool


class SessionBody(Body):
    id: str
    name: str
    groups: tuple[str, ...]
    may_write: bool
    key_needed: bool
    features: FeaturesBody


class LoginRequest(Body):
    key: Text


@router.get("")
async def get_session(services: ServicesDep, caller: Caller) -> SessionBody:
    """Who asks, and what there is for them."""
    return _body(services, caller)


@router.post("", dependencies=[Depends(json_only)], responses=problem_responses("unauthorized", "records-unusable"))
async def log_in(asked: LoginRequest, services: ServicesDep, request: Request, response: Response) -> SessionBody:
    """As above, for who holds the key; the answer has the browser keep it."""
    principal = services.authenticator.authenticate(asked.key)
    https = (services.public_url or str(request.url)).startswith("https:")
    response.set_cookie(COOKIE, asked.key, max_age=_KEPT_S, secure=https, httponly=True, samesite="strict")
    return _body(services, principal)


@router.delete("", status_code=204)
async def log_out(response: Response) -> None:
    """Has the browser forget the key."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def _body(services: Services, principal: Principal) -> SessionBody:
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
