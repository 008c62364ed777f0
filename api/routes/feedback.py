"""``/v1/answers``: what their askers think of them."""

from fastapi import APIRouter, Depends

from api.context.services import AtDesk, Caller, json_only
from api.history.feedback_store import Feedback
from api.openapi.error_responses import refusals

router = APIRouter(prefix="/v1/answers", tags=["feedback"])


@router.post("/{answer}/feedback", dependencies=[Depends(json_only)], responses=refusals("not-found"))
def give_feedback(answer: str, said: Feedback, desk: AtDesk, caller: Caller) -> Feedback:
    """Kept with the answer, in place of what was said before; only who asked can say it."""
    if desk.feedback:
        desk.feedback.give(caller, answer, said)
    return said
