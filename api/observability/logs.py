"""The log on standard error: one line per event, whatever it holds, as text or as JSON.

It leaves out what people ask and what documents say: a request appears by its route, an error by its type and place.
"""

import json
import logging
import logging.config
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from api.core import request_ids
from api.rendering.printable import printable

Form = Literal["text", "json"]
_MAX_CAUSES = 5


def configure(form: Form, *, details: bool = False) -> None:
    """Send all log records of this process to standard error: ours from INFO on, others from WARNING on.

    ``details`` adds the messages of exceptions.
    """
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


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def __init__(self, *, details: bool = False) -> None:
        super().__init__()
        self._details = details

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        return _ascii_json(self.fields(record))

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the record's fields, in the order of the line.

        An exception and its causes appear by their types and places, with messages only if ``details`` are on.
        """
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := request_ids.current.get():
            fields["request_id"] = request_id
        fields |= getattr(record, "facts", {})
        error, causes = record.exc_info[1] if record.exc_info else None, list[str]()
        while error is not None and len(causes) < _MAX_CAUSES:
            message = f": {error}" if self._details else ""
            frames = traceback.extract_tb(error.__traceback__)
            place = " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames) or "no known place"
            causes.append(f"{type(error).__name__}{message} at {place}")
            error = error.__cause__ or error.__context__
        return fields | ({"exception": causes} if causes else {})


class TextLines(JsonLines):
    """Formats a record for people: ``2026-01-31T09:00:00.000+00:00 info api.slack.bot: connected, teams=2``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        fields = self.fields(record)
        time, level, logger, message = (fields.pop(name) for name in ("time", "level", "logger", "message"))
        values = {n: v if isinstance(v, str) and v.isalnum() else _ascii_json(v) for n, v in fields.items()}
        return printable(f"{time} {level} {logger}: {message}" + "".join(f", {n}={v}" for n, v in values.items()))


FORMS: Mapping[Form, type[JsonLines]] = {"text": TextLines, "json": JsonLines}


def _ascii_json(value: object) -> str:
    """Return JSON without any control character: ``json`` leaves DEL alone."""
    return json.dumps(value, default=str).replace("\x7f", "\\u007f")
