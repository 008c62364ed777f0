"""``/v1/answers``: feedback on answers."""

from fastapi import APIRouter, Depends

from api.context.services import Caller, ServicesDep, json_only
from api.history.feedback_store import Feedback
from api.openapi.error_responses import problem_responses

router = APIRouter(prefix="/v1/answers", tags=["feedback"])


@router.post("/{answer}/feedback", dependencies=[Depends(json_only)], responses=problem_responses("not-found"))
def give_feedback(answer: str, feedback: Feedback, services: ServicesDep, caller: Caller) -> Feedback:
    """Store the feedback with the answer, in place of any before. Only its asker may give it."""
    if services.feedback:
        services.feedback.give(caller, answer, feedback)
    return feedback
