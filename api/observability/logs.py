"""The log on standard error: a line for each event, whatever it holds, as text or as JSON.

What people ask and what documents say is left out: a request is told by its route, a failure by its kind and place.
"""

import json
import logging
import logging.config
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from api.core import request_ids
from api.middleware.request_log import RequestRecord
from api.rendering.printable import printable

Form = Literal["text", "json"]
_log = logging.getLogger("api.middleware.request_log")
_CHAIN = 5
"""Causes that are told of a failure, at most."""


def configure(form: Form, *, details: bool = False) -> None:
    """Has everything that is logged in this process written so; ours from INFO on, others' from WARNING on."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": FORMS[form], "details": details}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {"api": {"level": "INFO"}},
        }
    )


def log_request(request: RequestRecord) -> None:
    """A line in the log."""
    facts = {
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "ms": round(request.seconds * 1000, 1),
        "principal": request.principal,
    }
    _log.info("request", extra={"facts": facts})


class JsonLines(logging.Formatter):
    """An object a line. ``details`` has the words of exceptions told too."""

    def __init__(self, *, details: bool = False) -> None:
        super().__init__()
        self._details = details

    def format(self, record: logging.LogRecord) -> str:
        return _ascii_json(self.told(record))

    def told(self, record: logging.LogRecord) -> dict[str, Any]:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := request_ids.current.get():
            told["request_id"] = request_id
        told |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1]:
            told["exception"] = _exception(record.exc_info[1], details=self._details)
        return told


class TextLines(JsonLines):
    """The same for people: ``2026-01-31T09:00:00.000+00:00 info api.middleware.request_log: request, status=200``."""

    def format(self, record: logging.LogRecord) -> str:
        told = self.told(record)
        head = " ".join(str(told.pop(name)) for name in ("time", "level"))
        logger, message = told.pop("logger"), told.pop("message")
        facts = "".join(f", {name}={_fact(value)}" for name, value in told.items())
        return printable(f"{head} {logger}: {message}{facts}")


FORMS: Mapping[Form, type[JsonLines]] = {"text": TextLines, "json": JsonLines}


def _exception(error: BaseException, *, details: bool) -> list[str]:
    """It and its causes: what each is and where it was raised, innermost last; their words only with ``details``."""
    told, at = list[str](), error
    for _ in range(_CHAIN):
        words = f": {at}" if details else ""
        told.append(f"{type(at).__name__}{words} at {_places(at.__traceback__)}")
        cause = at.__cause__ or at.__context__
        if cause is None:
            break
        at = cause
    return told


def _places(raised: TracebackType | None) -> str:
    frames = traceback.extract_tb(raised)
    return " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames) or "no known place"


def _fact(value: object) -> str:
    return value if isinstance(value, str) and value.isalnum() else _ascii_json(value)


def _ascii_json(value: object) -> str:
    """JSON leaves DEL alone, of all characters that steer a terminal."""
    return json.dumps(value, default=str).replace("\x7f", "\\u007f")
