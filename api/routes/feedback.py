"""``/v1/answers``: what their askers think of them."""

from fastapi import APIRouter, Depends

from api.context.services import Caller, ServicesDep, json_only
from api.history.feedback_store import Feedback
from api.openapi.error_responses import problem_responses

router = APIRouter(prefix="/v1/answers", tags=["feedback"])


@router.post("/{answer}/feedback", dependencies=[Depends(json_only)], responses=problem_responses("not-found"))
def give_feedback(answer: str, said: Feedback, services: ServicesDep, caller: Caller) -> Feedback:
    """Kept with the answer, in place of what was said before; only who asked can say it."""
    if services.feedback:
        services.feedback.give(caller, answer, said)
    return said
