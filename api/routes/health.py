"""Health, readiness and metrics, for those who operate the server."""

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
    """The response of a server that is ready."""

    status: Literal["ready"] = "ready"


@router.get("/healthz", responses=problem_responses(*CATALOG))
def healthz(services: ServicesDep) -> dict[str, Any]:
    """Return that the server runs. Without keys, return the size of the index too."""
    facts = services.health()
    return {"status": facts["status"]} if services.authenticator.wants_key else dict(facts)


@router.get("/readyz", responses=problem_responses(*CATALOG, "not-ready"))
def readyz(services: ServicesDep) -> ReadyBody:
    """Return whether the server could answer now: the index opens and the language model can be reached, or 503."""
    if services.ready:
        services.ready()
    return ReadyBody()


@metering.get("/metrics", response_class=Response, responses=_TEXT)
def metrics(services: ServicesDep, caller: Caller) -> Response:  # noqa: ARG001 - any valid key may read them
    """Return the metrics in Prometheus's text format."""
    return Response(services.metrics.text() if services.metrics else b"", media_type=MEDIA_TYPE)
