"""The OpenAPI description, completed: every error of every operation, and examples."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from api.core.problems import Problem
from api.core.request_ids import HEADER
from api.openapi.error_responses import group_by_status, kinds_in, make_example
from api.openapi.examples import EVENTS, EXAMPLES, Example

Json = dict[str, Any]
OPENAI = "OpenAI-compatible"
"""The tag of the routes whose errors have OpenAI's shape."""
ABOUT = """Answers questions from indexed documents, and footnotes every sentence to its exact place.

Errors are problem details (RFC 9457) with a stable `type`. Errors of the OpenAI-compatible routes have OpenAI's shape.
Every response has an `X-Request-ID`. It is the request's own if that has at most 128 visible ASCII characters. Streams
are server-sent events. MCP clients find the same tools at `/mcp`."""
_EVERYWHERE = ("unknown-host", "internal-error")
_CHANGING = ("post", "patch", "delete")
_BEFORE_THE_ROUTES = ("unknown-host", "cross-site")
_WITH_A_KEY = ("unauthorized", "too-many-requests", "records-unusable")
_WITH_A_BODY = ("body-too-large", "body-too-slow")
_WITH_JSON = ("bad-json", "bad-media-type")
# the events of a stream: a keyword of OpenAPI 3.2, which older readers ignore
_EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
_REQUEST_ID = {"description": "the id of the request", "schema": {"type": "string"}}
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
    """Complete the application's description when it is first requested."""
    app.title, app.version, app.description = "Footnote", version("footnote"), ABOUT
    app.servers = [{"url": "/", "description": "this server"}]
    generate, spec = app.openapi, Json()

    def openapi() -> Json:
        """Return the completed description."""
        if not spec:
            generated = generate()
            schemas = generated.setdefault("components", {}).setdefault("schemas", {})
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            schemas |= {"Problem": Problem.model_json_schema(mode="serialization"), "OpenAIFailure": _OPENAI_FAILURE}
            for operations in generated["paths"].values():
                for method, operation in operations.items():
                    _complete(method, operation)
            spec.update(json.loads(json.dumps(generated).replace("``", "`")))  # docstrings have two, Markdown has one
        return spec

    app.openapi = openapi  # type: ignore[method-assign]  # as in FastAPI's guide


def _complete(method: str, operation: Json) -> None:
    """Add the errors that every such operation has, the request id, and the examples."""
    responses: Json = operation["responses"]
    kinds = list(dict.fromkeys([*_implied_kinds(method, operation), *kinds_in(responses)]))
    openai = [kind for kind in kinds if OPENAI in operation.get("tags", ()) and kind not in _BEFORE_THE_ROUTES]
    by_status = group_by_status(map(make_example, openai), openai=True)
    by_status |= group_by_status(make_example(kind) for kind in kinds if kind not in openai)
    errors = {str(status): response for status, response in by_status.items()}
    successes = {status: response for status, response in responses.items() if status < "4"}
    operation["responses"] = dict(sorted((successes | errors).items()))
    for response in operation["responses"].values():
        response.setdefault("headers", {})[HEADER] = _REQUEST_ID
        if stream := response.get("content", {}).get(EVENTS):
            stream.pop("schema", None)  # FastAPI takes it for a text
            stream["itemSchema"] = _EVENT
    if "security" in operation:
        operation["security"] = [{}, *operation["security"]]  # a server on its own machine requires no key
    example = EXAMPLES.get(operation["operationId"], Example())  # not at the routes: FastAPI drops examples' nulls
    if example.request is not None:
        operation["requestBody"]["content"][example.media_type]["example"] = example.request
    for media_type, value in example.responses.items():
        success = next(response for status, response in operation["responses"].items() if status < "3")
        success["content"][media_type]["example"] = value


def _implied_kinds(method: str, operation: Json) -> Iterator[str]:
    """Yield the kinds of errors that follow from the method, the key and the body."""
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
