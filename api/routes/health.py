"""How the server does, for who watches over it."""

from typing import Any

from fastapi import APIRouter

from api.desk import AtDesk
from api.failures import PROBLEMS
from api.refusals import INDEX, refusals

router = APIRouter(responses=PROBLEMS, tags=["operating"])


@router.get("/healthz", responses=refusals(*INDEX[:2]))
def healthz(desk: AtDesk) -> dict[str, Any]:
    """That it answers, and from how much."""
    return dict(desk.health())
