"""How the server does, for who watches over it."""

from typing import Any

from fastapi import APIRouter

from api.desk import AtDesk
from api.failures import PROBLEMS

router = APIRouter(responses=PROBLEMS, tags=["operating"])


@router.get("/healthz")
def healthz(desk: AtDesk) -> dict[str, Any]:
    """That it answers; what it holds too, where no key is wanted: with keys, not even how much there is is told."""
    facts = desk.health()
    return {"status": facts["status"]} if desk.door.wants_key else dict(facts)
