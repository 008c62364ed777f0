"""The errors of a route in the OpenAPI description: kinds of problems by status, each with an example."""

from collections.abc import Iterable
from typing import Any

from api.core.problems import KINDS, MEDIA_TYPE, Problem
from api.schemas.openai_response import error_body, status_of

Responses = dict[int | str, dict[str, Any]]
SEARCHING = ("bad-question", "bad-filter", "question-too-long")
CATALOG = ("index-missing", "index-unreadable")
INDEX = (*CATALOG, "encoder-mismatch", "encoder-unavailable", "reranker-unavailable", "chroma-unavailable")
MODEL = (
    *("model-error", "model-unauthorized", "model-unreachable", "model-busy", "model-timeout"),
    *("model-filtered", "model-tool-call", "model-empty"),
)
ANSWERING = (*INDEX, *MODEL, "too-busy", "deadline-passed")


def problem_responses(*kinds: str) -> Responses:
    """Return a route's ``responses`` for errors of its own: those of method, key and body are added later."""
    return group_by_status(make_example(kind) for kind in kinds)


def group_by_status(examples: Iterable[Problem], *, openai: bool = False) -> Responses:
    """Return a response for each status of the problems, with the problems as its examples, also in OpenAI's shape."""
    responses: Responses = {}
    media_type, schema = ("application/json", "OpenAIFailure") if openai else (MEDIA_TYPE, "Problem")
    for example in examples:
        status = status_of(example) if openai else example.status
        value = error_body(example) if openai else example.model_dump(exclude_none=True)
        response = responses.setdefault(status, {"description": example.title, "content": {}})
        ref = {"$ref": f"#/components/schemas/{schema}"}
        content = response["content"].setdefault(media_type, {"schema": ref, "examples": {}})
        content["examples"][kind_of_problem(example)] = {"summary": example.title, "value": value}
    return responses


def make_example(kind: str) -> Problem:
    """Return a problem of the kind, with its title as its detail."""
    status, title = KINDS[kind]
    return Problem(type=f"urn:footnote:problem:{kind}", title=title, status=status, detail=f"{title}.")


def kind_of_problem(problem: Problem) -> str:
    """Return the kind in a problem's ``type``."""
    return problem.type.rpartition(":")[2]


def kinds_in(responses: dict[str, Any]) -> list[str]:
    """Return the kinds that a route's responses have as examples."""
    contents = (response.get("content", {}).get(MEDIA_TYPE, {}) for response in responses.values())
    return [kind for content in contents for kind in content.get("examples", {})]
