"""Failures as responses: in words to who asked, in the log where they are ours."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.core.problems import Problem, problem, problem_of
from api.middleware.guards import render
from indexes.errors import FootnoteError

log = logging.getLogger(__name__)

# HTTPException's status: (kind, detail)
_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("bad-json", "The body cannot be read as JSON."),
    404: ("not-found", "There is no such address; /openapi.json lists the API's."),
    405: ("method-not-allowed", "The address exists and does not take this method."),
    408: ("body-too-slow", "The body did not come in time."),
    415: ("bad-media-type", "Send JSON, and the header 'Content-Type: application/json'."),
}
_OF_FILES = ("GET", "HEAD")


def tell_failures(app: FastAPI) -> None:
    """Has the application answer failures so."""
    for kind in (FootnoteError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _on_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unexpected)


def report_problem(error: Exception) -> Problem:
    """What the user is told, and the log too where it is not the user's doing."""
    said = _problem(error)
    if said.status >= 500:
        log.error("%s", said.type, exc_info=error)
    return said


async def _on_error(request: Request, error: Exception) -> Response:
    wrong_method = isinstance(error, HTTPException) and error.status_code == 405
    headers = {"Allow": _methods(request)} if wrong_method else getattr(error, "headers", None)
    return render(report_problem(error), headers)


async def _on_unexpected(_: Request, error: Exception) -> Response:
    return render(problem_of(error))  # not logged here: Starlette raises it again, and the server logs it


async def _on_disconnect(_: Request, __: Exception) -> Response:
    return Response(status_code=499)  # nginx's number for it; nobody reads it


def _methods(request: Request) -> str:
    """Those of an address; Starlette names those of one route, where each method has a route of its own."""
    routes = iter_route_contexts(request.app.routes)
    there = [route for route in routes if route.path_regex.match(request.scope["path"])]
    methods = {method for route in there if route.path == there[0].path for method in route.methods or _OF_FILES}
    return ", ".join(sorted(methods))


def _problem(error: Exception) -> Problem:
    match error:
        case RequestValidationError():
            return _invalid(error)
        case HTTPException(status_code=413, detail=limit):
            return problem("body-too-large", limit)
        case HTTPException(status_code=status) if status in _REFUSALS:
            return problem(*_REFUSALS[status])
        case _:
            return problem_of(error)


def _invalid(error: RequestValidationError) -> Problem:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem("bad-json", f"The body stops being JSON at character {first['loc'][-1]}.")
    field = ".".join(str(part) for part in first["loc"][1:])[:80] or "body"
    return problem("bad-request", f"{field}: {first['msg']}")
