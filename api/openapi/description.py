"""The API's description of itself (OpenAPI), made whole: all that may go wrong, and where."""

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from api.core.problems import Problem
from api.core.request_ids import HEADER
from api.openapi.error_responses import add_example, example_of, kind_of, kinds_of, told_by_status
from api.openapi.examples import EVENTS, EXAMPLES, Example
from api.schemas.openai_response import error_body, status_of

Json = dict[str, Any]
OPENAI = "OpenAI-compatible"
"""The tag of the routes that fail in OpenAI's shape."""
ABOUT = """Answers questions from indexed documents, and footnotes every sentence to the exact place it came from.

Failures are problem details (RFC 9457) with a stable `type`; the OpenAI-compatible part fails in OpenAI's shape.
Every response names its request in `X-Request-ID`, which is the one that came with the request where it is of 128
visible ASCII characters at most. Streams are server-sent events. MCP clients find the same at `/mcp`."""
_EVERYWHERE = ("unknown-host", "internal-error")
_CHANGING = ("post", "patch", "delete")
_BEFORE_THE_ROUTES = ("unknown-host", "cross-site")
_WITH_A_KEY = ("unauthorized", "too-many-requests", "records-unusable")
_WITH_A_BODY = ("body-too-large", "body-too-slow")
_WITH_JSON = ("bad-json", "bad-media-type")
# what comes in a stream: a word of OpenAPI 3.2, which older readers pass over
_EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
_REQUEST_ID = {"description": "what the request is known by", "schema": {"type": "string"}}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_OPENAI_FAILURE: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": _TEXT_OR_NULL,
                "code": _TEXT_OR_NULL,
            },
        }
    },
}


def describe(app: FastAPI) -> None:
    """Has the application tell the whole description, made when it is first asked for."""
    app.title, app.version, app.description = "Footnote", version("footnote"), ABOUT
    app.servers = [{"url": "/", "description": "this server"}]
    plain, whole = app.openapi, Json()

    def openapi() -> Json:
        if not whole:
            whole.update(_completed(plain()))
        return whole

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's guide has it


def _completed(spec: Json) -> Json:
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= {"Problem": Problem.model_json_schema(mode="serialization"), "OpenAIFailure": _OPENAI_FAILURE}
    for operations in spec["paths"].values():
        for method, operation in operations.items():
            _complete(method, operation)
            _exemplify(operation, EXAMPLES.get(operation["operationId"], Example()))
    words: Json = json.loads(json.dumps(spec).replace("``", "`"))  # docstrings have two where Markdown has one
    return words


def _complete(method: str, operation: Json) -> None:
    told: Json = operation["responses"]
    kinds = dict.fromkeys([*_implied(method, operation), *kinds_of(told)])
    given = {status: response for status, response in told.items() if status < "4"}
    failures = _openai_failures(kinds) if OPENAI in operation.get("tags", ()) else _failures(kinds)
    operation["responses"] = dict(sorted((given | failures).items()))
    for response in operation["responses"].values():
        response.setdefault("headers", {})[HEADER] = _REQUEST_ID
        if stream := response.get("content", {}).get(EVENTS):
            stream.pop("schema", None)  # FastAPI knows it for a text
            stream["itemSchema"] = _EVENT
    if "security" in operation:
        operation["security"] = [{}, *operation["security"]]  # a server on its own machine asks for no key


def _exemplify(operation: Json, example: Example) -> None:
    """Here rather than at the routes: FastAPI drops the nulls of examples."""
    if example.takes is not None:
        operation["requestBody"]["content"][example.media_type]["example"] = example.takes
    for media_type, value in example.answers.items():
        success = next(response for status, response in operation["responses"].items() if status < "3")
        success["content"][media_type]["example"] = value


def _implied(method: str, operation: Json) -> Iterator[str]:
    """What may go wrong by what the operation is and takes."""
    yield from _EVERYWHERE
    if method in _CHANGING:
        yield "cross-site"
    if "security" in operation:
        yield from _WITH_A_KEY
    if "422" in operation["responses"]:
        yield "bad-request"
    if body := operation.get("requestBody"):
        yield from _WITH_A_BODY
        if "application/json" in body["content"]:
            yield from _WITH_JSON


def _failures(kinds: Iterable[str]) -> Json:
    return {str(status): response for status, response in told_by_status(map(example_of, kinds)).items()}


def _openai_failures(kinds: Iterable[str]) -> Json:
    """But for what is refused before the routes, which knows no shapes."""
    told: Json = {}
    for failure in map(example_of, kinds):
        if kind_of(failure) in _BEFORE_THE_ROUTES:
            continue
        status = str(status_of(failure))
        response = told.setdefault(status, {"description": failure.title, "content": {}})
        add_example(response, failure, "application/json", "OpenAIFailure", error_body(failure))
    return told | _failures(kind for kind in kinds if kind in _BEFORE_THE_ROUTES)
