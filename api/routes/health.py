"""How the server does, for who watches over it."""

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response

from api.context.services import Caller, ServicesDep
from api.observability.metrics import MEDIA_TYPE
from api.openapi.error_responses import CATALOG, Responses, problem_responses
from api.schemas.question import Body

router = APIRouter(tags=["operating"])
metering = APIRouter(tags=["operating"])
_TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


class ReadyBody(Body):
    status: Literal["ready"] = "ready"


@router.get("/healthz", responses=problem_responses(*CATALOG))
def healthz(services: ServicesDep) -> dict[str, Any]:
    """That it answers; what it holds too, where no key is wanted: with keys, not even how much there is is told."""
    facts = services.health()
    return {"status": facts["status"]} if services.authenticator.wants_key else dict(facts)


@router.get("/readyz", responses=problem_responses(*CATALOG, "not-ready"))
def readyz(services: ServicesDep) -> ReadyBody:
    """That it could answer now: the index opens, and the language model can be reached; 503 says what is not so."""
    if services.ready:
        services.ready()
    return ReadyBody()


@metering.get("/metrics", response_class=Response, responses=_TEXT)
def metrics(services: ServicesDep, caller: Caller) -> Response:  # noqa: ARG001 - any key will do, where one is wanted
    """Figures for Prometheus."""
    return Response(services.metrics.text() if services.metrics else b"", media_type=MEDIA_TYPE)
