"""schemathesis asks every operation of the API all that its description allows, and much that it does not.

Held against the description is each answer's status, media type, headers and body; none may be a 5xx. What routes
others add is asked too: the description is that of the application with all its parts.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.engine import events, from_schema

from api.app.composition import make_services
from api.app.fastapi_app import create_app
from fakes.engines import RememberingEncoder, WarmEngine
from indexes.ingest.documents import document_id
from rag.settings import load_settings

EXAMPLES = 10
"""Of each operation in each phase; 15 took 36 to 78 s, by what else the machine did."""

ALONE = "FOOTNOTE_TEST_ALONE"

UNLIMITED = {"requests_per_minute": 10**6}


@pytest.fixture
def api(own_index: Path, encoder: RememberingEncoder, tmp_path: Path) -> Iterator[Any]:
    """The whole application over the samples, answering offline, as often as it is asked."""
    engine = WarmEngine(
        load_settings(index={"dir": own_index}, server={"dir": tmp_path / "server"} | UNLIMITED), encoder
    )
    services = make_services(engine)
    yield schemathesis.openapi.from_asgi("/openapi.json", create_app(services, allowed_hosts=["*"]))
    assert services.indexing
    services.indexing.stop()
    engine.close()


@pytest.mark.timeout(600)
def test_the_api_is_fuzzed_in_a_process_of_its_own() -> None:
    # after other tests, schemathesis fails within itself
    test = f"{__file__}::test_whatever_is_asked_is_answered_as_described"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", test]
    ran = subprocess.run(command, env=os.environ | {ALONE: "1"}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-5000:]


@pytest.mark.skipif(ALONE not in os.environ, reason="the test above runs it, in a process of its own")
@pytest.mark.timeout(600)  # a busy machine, and every route there is
def test_whatever_is_asked_is_answered_as_described(api: Any) -> None:
    api.config.generation.update(max_examples=EXAMPLES, deterministic=True)
    # a schema cannot say all that a question may not be, and text that reads as a number is taken for one
    for unsaid in (api.config.checks.positive_data_acceptance, api.config.checks.negative_data_rejection):
        unsaid.enabled = False
    asked: set[str] = set()
    wrong: list[str] = []
    for event in from_schema(api).execute():
        if isinstance(event, events.ScenarioFinished):
            asked.add(event.recorder.label)
            checks = [check for those in event.recorder.checks.values() for check in those]
            wrong += [f"{event.recorder.label}: {c.failure_info.failure}" for c in checks if c.failure_info]
        elif isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(event))
    assert wrong == []
    operations = {f"{method.upper()} {path}" for path, of in api.raw_schema["paths"].items() for method in of}
    assert operations <= asked


def test_what_only_a_known_id_opens_is_told_as_described(api: Any) -> None:
    """A document's text, and feedback on an answer: ids that are guessed open neither."""

    def told(method: str, path: str, body: Any = None, **ids: str) -> Any:
        given = {} if body is None else {"body": body, "media_type": "application/json"}
        response = api[path][method].Case(path_parameters=ids, **given).call_and_validate()
        assert response.status_code < 300
        return response.json()

    assert told("GET", "/v1/documents/{id}", id=document_id("handbook/leave-policy.pdf"))["text"]
    conversation = told("POST", "/v1/conversations", {})["id"]
    answer = told("POST", "/v1/ask", {"question": "How many days of leave?", "conversation": conversation})["id"]
    assert told("POST", "/v1/answers/{answer}/feedback", {"verdict": "up"}, answer=answer)["verdict"] == "up"
    assert told("GET", "/v1/conversations/{conversation}", conversation=conversation)["turns"]
