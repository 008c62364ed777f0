"""How the server does, for who watches over it."""

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response

from api.context.services import AtDesk, Caller
from api.observability.metrics import MEDIA_TYPE
from api.openapi.error_responses import CATALOG, Responses, refusals
from api.schemas.question import Body

router = APIRouter(tags=["operating"])
metering = APIRouter(tags=["operating"])
_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


class ReadyBody(Body):
    status: Literal["ready"] = "ready"


@router.get("/healthz", responses=refusals(*CATALOG))
def healthz(desk: AtDesk) -> dict[str, Any]:
    """That it answers; what it holds too, where no key is wanted: with keys, not even how much there is is told."""
    facts = desk.health()
    return {"status": facts["status"]} if desk.door.wants_key else dict(facts)


@router.get("/readyz", responses=refusals(*CATALOG, "not-ready"))
def readyz(desk: AtDesk) -> ReadyBody:
    """That it could answer now: the index opens, and the language model can be reached; 503 says what is not so."""
    if desk.ready:
        desk.ready()
    return ReadyBody()


@metering.get("/metrics", response_class=Response, responses=_TEXT)
def metrics(desk: AtDesk, caller: Caller) -> Response:  # noqa: ARG001 - any key will do, where one is wanted
    """Figures for Prometheus."""
    return Response(desk.metrics.text() if desk.metrics else b"", media_type=MEDIA_TYPE)
