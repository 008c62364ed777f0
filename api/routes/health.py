"""How the server does, for who watches over it."""

from typing import Any

from fastapi import APIRouter

from api.desk import AtDesk
from api.failures import PROBLEMS

router = APIRouter(responses=PROBLEMS, tags=["operating"])


@router.get("/healthz")
def healthz(desk: AtDesk) -> dict[str, Any]:
    return dict(desk.health())
