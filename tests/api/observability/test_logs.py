"""The log: one line for each event, whatever is in it, and nothing of what people ask."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.app.fastapi_app import create_app
from api.core import request_ids
from api.core.sqlite import RecordsError
from api.history.conversation_store import Conversations
from api.history.retention import daily
from api.middleware.failures import report_problem
from api.middleware.request_log import RequestRecord
from api.observability.logs import FORMS, Form, configure
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.principals import ListedKeys, bearer, somebody
from fakes.services import fake_services
from rag.errors import ModelError

BOTH: list[Form] = ["text", "json"]


def raised(error: Exception, cause: Exception | None = None) -> Any:
    """As ``exc_info`` has it."""
    try:
        raise error from cause
    except Exception as caught:  # noqa: BLE001 - it was just raised
        return type(caught), caught, caught.__traceback__


def record(message: str, facts: dict[str, Any] | None = None, exc_info: Any = None) -> logging.LogRecord:
    made = logging.LogRecord("api", logging.INFO, "a.py", 1, "%s", (message,), exc_info)
    if facts is not None:
        made.facts = facts
    return made


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What our own loggers write, as JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(FORMS["json"]())
    logger = logging.getLogger("api")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)


@given(message=st.text(), key=st.text(min_size=1), value=st.text(), request_id=st.text(min_size=1))
@pytest.mark.parametrize("form", BOTH)
def test_nothing_breaks_a_line_or_steers_a_terminal(
    form: Form, message: str, key: str, value: str, request_id: str
) -> None:
    token = request_ids.current.set(request_id)
    try:
        error = raised(ValueError(value), ValueError(message))
        line = FORMS[form](details=True).format(record(message, {key: value}, error))
    finally:
        request_ids.current.reset(token)
    assert line.isprintable()
    if form == "json":
        assert line.isascii()
        assert json.loads(line)["request_id"] == (value if key == "request_id" else request_id)


def test_a_line_of_text_and_one_of_json_tell_the_same() -> None:
    facts = {"route": "/v1/ask", "status": 200, "principal": "ada"}
    made = record("request", facts)
    text, line = (FORMS[form]().format(made) for form in BOTH)
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"], told["status"]) == ("info", "api", "request", 200)
    assert text == f'{told["time"]} info api: request, route="/v1/ask", status=200, principal=ada'


@pytest.mark.parametrize("form", BOTH)
def test_the_words_of_a_failure_are_left_out_unless_they_are_asked_for(form: Form) -> None:
    error = raised(RuntimeError("secret question"), ModelError("secret document"))
    without, within = (FORMS[form](details=details).format(record("failed", None, error)) for details in (False, True))
    assert "secret" not in without
    assert all(name in without for name in ("RuntimeError", "ModelError", "test_logs.py"))
    assert "secret question" in within
    assert "secret document" in within


async def test_a_request_is_told_by_its_route_and_who_asked(log: io.StringIO, tmp_path: Any) -> None:
    parts = {
        "authenticator": ListedKeys(ada=somebody("ada")),
        "conversations": Conversations.open(tmp_path, lambda ids, _: set(ids)),
    }
    app = create_app(fake_services(ScriptedAnswerer(*telling(answer("The secret [1].", {1: "secret"}))), **parts))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        headers = bearer("ada") | {"X-Request-ID": "r1"}
        await client.post("/v1/ask/stream", json={"question": "secret?"}, headers=headers)
        await client.get("/v1/conversations/secret?secret=secret", headers=bearer("ada"))
        await client.get("/v1/conversations", headers=bearer("secret"))
    rows = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(row["route"], row["status"], row["principal"]) for row in rows] == [
        ("/v1/ask/stream", 200, "ada"),
        ("/v1/conversations/{conversation}", 404, "ada"),
        ("/v1/conversations", 401, ""),
    ]
    ids = [row["request_id"] for row in rows]
    assert ids[0] == "r1"
    assert len(set(ids)) == 3
    assert all(row["ms"] > 0 for row in rows)
    assert "secret" not in log.getvalue()


@pytest.mark.parametrize("error", [ModelError("secret"), RuntimeError("secret")])
def test_a_failure_of_ours_is_logged_by_its_kind(log: io.StringIO, error: Exception) -> None:
    said = report_problem(raised(error)[1])
    (row,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (row["message"], row["level"]) == (said.type, "error")
    assert row["exception"][0].startswith(type(error).__name__)
    assert "secret" not in log.getvalue()


@pytest.mark.parametrize("form", BOTH)
def test_all_loggers_of_the_process_write_so(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    root, ours = logging.getLogger(), logging.getLogger("api")
    before = (root.handlers[:], root.level, ours.level)
    try:
        configure(form)
        logging.getLogger("starlette").warning("bad\nrequest")
        logging.getLogger("openai").info("what was asked")
        ours.info("hello")
        lines = capsys.readouterr().err.splitlines()
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        ours.setLevel(before[2])
    assert len(lines) == 2
    assert "bad\\nrequest" in lines[0]
    assert "hello" in lines[1]


def test_a_chore_is_done_daily_and_again_after_it_failed(log: io.StringIO) -> None:
    again, times = threading.Event(), list[int]()

    def chore() -> None:
        times.append(1)
        if len(times) == 2:
            again.set()
        raise RecordsError("The disk is full.")

    with daily([chore], seconds=0.01):
        assert again.wait(10)
    assert json.loads(log.getvalue().splitlines()[0])["message"] == "A daily chore failed: records-unusable"
    done = len(times)
    assert threading.active_count() >= 1
    assert len(times) == done


def test_what_is_told_of_a_request_holds_nothing_that_it_said() -> None:
    assert set(RequestRecord.__slots__) == {"method", "route", "status", "seconds", "principal"}
