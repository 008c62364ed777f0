"""What may go wrong, for the API's description: kinds of problems, by status, each with an example."""

from collections.abc import Iterable
from typing import Any

from api.core.problems import KINDS, MEDIA_TYPE, Problem

Responses = dict[int | str, dict[str, Any]]
SEARCHING = ("bad-question", "bad-filter", "question-too-long")
CATALOG = ("index-missing", "index-unreadable")
INDEX = (*CATALOG, "encoder-mismatch", "encoder-unavailable", "reranker-unavailable", "chroma-unavailable")
MODEL = ("model-error", "model-unauthorized", "model-unreachable", "model-busy", "model-timeout")
ANSWERING = (*INDEX, *MODEL, "too-busy", "deadline-passed")


def problem_responses(*kinds: str) -> Responses:
    """For a route's ``responses``: what it may answer besides what method, key and body bring about."""
    return told_by_status(example_of(kind) for kind in kinds)


def told_by_status(examples: Iterable[Problem]) -> Responses:
    """A response for each status that the problems have, with each of them as an example."""
    told: Responses = {}
    for example in examples:
        response = told.setdefault(example.status, {"description": example.title, "content": {}})
        add_example(response, example, MEDIA_TYPE, "Problem", example.model_dump(exclude_none=True))
    return told


def add_example(response: dict[str, Any], of: Problem, media_type: str, schema: str, value: Any) -> None:
    ref = {"$ref": f"#/components/schemas/{schema}"}
    content = response["content"].setdefault(media_type, {"schema": ref, "examples": {}})
    content["examples"][kind_of(of)] = {"summary": of.title, "value": value}


def example_of(kind: str) -> Problem:
    status, title = KINDS[kind]
    return Problem(type=f"urn:footnote:problem:{kind}", title=title, status=status, detail=f"{title}.")


def kind_of(told: Problem) -> str:
    return told.type.rpartition(":")[2]


def kinds_of(responses: dict[str, Any]) -> list[str]:
    """The kinds that a route's responses name."""
    contents = (response.get("content", {}).get(MEDIA_TYPE, {}) for response in responses.values())
    return [kind for content in contents for kind in content.get("examples", {})]
