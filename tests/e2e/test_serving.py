"""A real ``footnote serve`` with all its parts: what it keeps, counts, and writes to standard error."""

import json
import socket
from pathlib import Path

import httpx

from api.history.audit_log import Journal
from api.history.feedback_store import Feedback
from fakes.footnote_serve import footnote_serve

QUESTION = "How many days of leave does a new employee get?"


def test_what_was_asked_is_kept_and_counted_and_the_log_says_nothing_of_it(samples_index: Path, tmp_path: Path) -> None:
    variables = {"FOOTNOTE_SERVER__LOG": "json", "FOOTNOTE_JOURNAL__ON": "true"}
    with footnote_serve(samples_index, tmp_path, **variables) as (server, address, lines):
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            conversation = client.post("/v1/conversations", json={}).json()["id"]
            answer = client.post(
                "/v1/ask", json={"question": QUESTION, "conversation": conversation, "html": True}
            ).json()
            feedback = client.post(f"/v1/answers/{answer['id']}/feedback", json={"verdict": "up"})
            (turn,) = client.get(f"/v1/conversations/{conversation}", params={"html": True}).json()["turns"]
            client.get("/secret%1b[31m%0aforged")
            client.get("/v1/conversations/secret%0aforged")
            assert client.get("/readyz").json() == {"status": "ready"}
            figures = client.get("/metrics").text
        url = httpx.URL(address)
        with socket.create_connection((url.host, url.port or 0)) as wire:  # uvicorn's own warning
            wire.sendall(b"nonsense \x1b[31m\r\n\r\n")
            wire.recv(1000)
        server.terminate()
        server.wait(30)
    rows = [json.loads(line) for line in lines]
    assert (turn["answer"], turn["feedback"]) == (answer, feedback.json())
    (entry,) = Journal.open_existing(tmp_path / "var" / "server").entries()
    assert (entry.id, entry.question, entry.feedback) == (answer["id"], QUESTION, Feedback(verdict="up"))
    assert [row["route"] for row in rows if row["message"] == "request"] == [
        "/v1/conversations",
        "/v1/ask",
        "/v1/answers/{answer}/feedback",
        "/v1/conversations/{conversation}",
        "none",
        "/v1/conversations/{conversation}",
        "/readyz",
        "/metrics",
    ]
    (asked,) = [row for row in rows if row.get("route") == "/v1/ask"]
    assert (asked["method"], asked["status"], asked["principal"], asked["level"]) == ("POST", 200, "local", "info")
    assert any(row["logger"].startswith("uvicorn") for row in rows)
    written = "".join(lines)
    assert answer["citations"]
    secrets = ["leave", "secret", "forged", *(part for c in answer["citations"] for part in (c["path"], c["quote"]))]
    assert [secret for secret in secrets if secret in written] == []
    assert 'footnote_answers_total{status="answered",via="api"} 1.0' in figures
    assert 'footnote_http_requests_total{method="GET",route="none",status="404"} 1.0' in figures
