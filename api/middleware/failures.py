"""Errors as responses: in words for the client, and in the log if they are ours."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.core.field_faults import FieldFault, first_fault
from api.core.problems import Problem, problem, problem_of
from api.middleware.guards import render
from indexes.errors import FootnoteError

log = logging.getLogger(__name__)

# HTTPException's status: (kind, detail)
_HTTP_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("bad-json", "The body is not valid JSON."),
    404: ("not-found", "There is no such address. /openapi.json lists the API's."),
    405: ("method-not-allowed", "The address exists, but not with this method."),
    408: ("body-too-slow", "The body did not arrive in time."),
    415: ("bad-media-type", "Send JSON, and the header 'Content-Type: application/json'."),
}


def handle_failures(app: FastAPI) -> None:
    """Make the application answer errors with problems."""

    async def answer_error(request: Request, error: Exception) -> Response:
        headers = getattr(error, "headers", None)
        if isinstance(error, HTTPException) and error.status_code == 405:
            # Starlette names the methods of one route, and each method of an address has its own route here
            routes = iter_route_contexts(request.app.routes)
            matches = [route for route in routes if route.path_regex.match(request.scope["path"])]
            same = [route for route in matches if route.path == matches[0].path]
            methods = {method for route in same for method in route.methods or ("GET",)}
            if "GET" in methods:
                methods.add("HEAD")
            headers = {"Allow": ", ".join(sorted(methods))}
        return render(report_problem(error), headers)

    async def answer_unexpected(_: Request, error: Exception) -> Response:
        return render(problem_of(error))  # Starlette raises it again, and the server logs it

    async def answer_disconnect(_: Request, __: Exception) -> Response:
        return Response(status_code=499)  # nginx's number for a client that left; nobody reads it

    for kind in (FootnoteError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer_error)
    app.add_exception_handler(ClientDisconnect, answer_disconnect)
    app.add_exception_handler(Exception, answer_unexpected)


def fault_of(error: RequestValidationError) -> FieldFault:
    """Return the first fault of a request: of its body, or of its parameters, whose values are not known here."""
    errors = error.errors()
    part = errors[0]["loc"][0]
    within = [{**each, "loc": each["loc"][1:]} for each in errors if each["loc"][0] == part]
    if part == "body":
        return first_fault(within, error.body)
    return first_fault(within, {each["loc"][0]: [None] * 100 for each in within})


def report_problem(error: Exception) -> Problem:
    """Return the problem to show to the client, and log the error if the client did not cause it."""
    match error:
        case RequestValidationError():
            first = error.errors()[0]
            if first["type"] == "json_invalid":
                result = problem("bad-json", f"The body stops being JSON at character {first['loc'][-1]}.")
            else:
                result = problem("bad-request", str(fault_of(error)))
        case HTTPException(status_code=413, detail=limit):
            result = problem("body-too-large", limit)
        case HTTPException(status_code=status) if status in _HTTP_ERRORS:
            result = problem(*_HTTP_ERRORS[status])
        case _:
            result = problem_of(error)
    if result.status >= 500:
        log.error("%s", result.type, exc_info=error)
    return result
