"""Figures for Prometheus, and whether the server is ready."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.app.fastapi_app import create_app
from api.context.question_service import QuestionService
from api.core.inquiry import Inquiry
from api.core.problems import KINDS
from api.observability.metrics import Metrics
from api.observability.readiness import Readiness
from fakes.answerer import EndlessAnswerer, ScriptedAnswerer, Step, answer, telling, unverified_answer
from fakes.engines import OpenEngine
from fakes.principals import ListedKeys, bearer, somebody
from fakes.services import fake_services
from indexes.errors import FootnoteError, IndexMissingError
from rag.errors import ModelBusyError
from rag.types import Completed, Question, Usage

LEAVE = answer("Staff get 25 days [1].\nSo they say.", {1: "25 days"}, verdicts=("supported", "unsupported"))
DECLINED = replace(answer("No.", status="declined"), declined_by="search", sentences=())


def figures(metrics: Metrics) -> dict[str, float]:
    """By name and labels, those that are not zero."""
    return {
        f"{sample.name}{[value for _, value in sorted(sample.labels.items())]}": sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.value and sample.name.startswith("footnote_") and not sample.name.endswith("_created")
    }


def measured(answerer: ScriptedAnswerer, metrics: Metrics) -> QuestionService:
    return QuestionService(answerer=answerer, observers=(metrics,))


async def asked(metrics: Metrics, *script: Step) -> None:
    await measured(ScriptedAnswerer(*script), metrics).answer(Inquiry(question=Question("?"), via="mcp"))


async def test_an_answer_is_counted_by_what_became_of_it_and_timed_by_stage() -> None:
    metrics = Metrics()
    await asked(metrics, *telling(LEAVE))
    await asked(metrics, Completed(DECLINED))
    await asked(metrics, Completed(replace(unverified_answer(), usage=Usage(), timings={})))
    told = figures(metrics)
    assert {
        "footnote_answers_total['answered', 'mcp']": 1,
        "footnote_answers_total['declined', 'mcp']": 1,
        "footnote_answers_total['unverified', 'mcp']": 1,
        "footnote_sentences_total['supported']": 1,
        "footnote_sentences_total['unsupported']": 2,
        "footnote_declines_total['search']": 1,
        "footnote_tokens_total['input']": 22,
        "footnote_tokens_total['output']": 14,
        "footnote_answer_seconds_count['retrieve']": 2,
        "footnote_answer_seconds_sum['total']": 3.0,
        "footnote_answer_seconds_bucket['2.5', 'total']": 2,
    }.items() <= told.items()
    assert "footnote_answer_seconds_bucket['1.0', 'total']" not in told


@pytest.mark.parametrize(
    ("error", "kind"), [(ModelBusyError("It is busy."), "model-busy"), (ValueError("secret"), "internal-error")]
)
async def test_a_failure_is_counted_by_its_kind(error: Exception, kind: str) -> None:
    metrics = Metrics()
    with pytest.raises(type(error)):
        await asked(metrics, error)
    told = figures(metrics)
    assert told[f"footnote_failures_total['{kind}']"] == 1
    assert told["footnote_answers_total['failed', 'mcp']"] == 1
    assert "secret" not in metrics.text().decode()


async def test_an_error_with_a_kind_of_its_own_makes_no_label() -> None:
    class StrangeError(FootnoteError):
        kind = "made-up-by-a-plugin"

    metrics = Metrics()
    with pytest.raises(StrangeError):
        await asked(metrics, StrangeError("?"))
    assert figures(metrics)["footnote_failures_total['internal-error']"] == 1


async def test_answers_in_flight_are_counted_until_they_end_or_are_left() -> None:
    metrics = Metrics()
    streams = [measured(EndlessAnswerer(), metrics).stream(Inquiry(question=Question("?"))) for _ in "ab"]
    for stream in streams:
        await anext(stream)
    assert figures(metrics)["footnote_answers_in_flight[]"] == 2
    await asyncio.gather(*(stream.aclose() for stream in streams))
    assert figures(metrics) == {"footnote_answers_total['abandoned', 'api']": 2}


def test_a_queue_is_read_when_it_is_asked_for() -> None:
    metrics, queue = Metrics(), ["a"]
    metrics.watch("queue_length", "Questions that wait for their turn", lambda: len(queue))
    queue.append("b")
    assert figures(metrics) == {"footnote_queue_length[]": 2}


def test_each_application_has_figures_of_its_own() -> None:
    one, other = Metrics(), Metrics()
    one.in_flight.inc()
    assert figures(other) == {}


async def test_requests_are_counted_by_route_and_never_by_path() -> None:
    metrics = Metrics()
    app = create_app(fake_services(ScriptedAnswerer(*telling(LEAVE)), metrics=metrics))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.post("/v1/ask", json={"question": "?"})
        await client.post("/v1/ask", json={})
        for path in ("/secret", "/other", "/static/app.js", "/static/secret.js"):
            await client.get(path)
        await client.request("SECRET", "/")
        await client.get("/healthz", headers={"Host": "secret.example"})
        text = (await client.get("/metrics")).text
    requests = {key: value for key, value in figures(metrics).items() if key.startswith("footnote_http")}
    assert requests == {
        "footnote_http_requests_total['POST', '/v1/ask', '200']": 1,
        "footnote_http_requests_total['POST', '/v1/ask', '422']": 1,
        "footnote_http_requests_total['GET', 'none', '404']": 2,
        "footnote_http_requests_total['GET', '/static', '200']": 1,
        "footnote_http_requests_total['GET', '/static', '404']": 1,
        "footnote_http_requests_total['other', '/', '405']": 1,
        "footnote_http_requests_total['GET', 'none', '421']": 1,
        "footnote_http_requests_total['GET', '/metrics', '200']": 1,
    }
    assert "secret" not in text.lower()


async def test_a_request_that_breaks_is_counted_as_a_500() -> None:
    def health() -> dict[str, object]:
        raise RuntimeError("broken")

    metrics = Metrics()
    app = create_app(fake_services(ScriptedAnswerer(), metrics=metrics, health=health))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/healthz")
    assert figures(metrics) == {"footnote_http_requests_total['GET', '/healthz', '500']": 1}


async def test_figures_take_a_key_where_one_is_wanted_and_health_does_not() -> None:
    authenticator = ListedKeys(ada=somebody("ada"))
    app = create_app(
        fake_services(
            ScriptedAnswerer(), metrics=Metrics(), authenticator=authenticator, health=lambda: {"status": "ok"}
        )
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert (await client.get("/metrics")).status_code == 401
        assert (await client.get("/metrics", headers=bearer("wrong"))).status_code == 401
        told = await client.get("/metrics", headers=bearer("ada"))
        assert (told.status_code, told.headers["content-type"].partition(";")[0]) == (200, "text/plain")
        assert [(await client.get(path)).status_code for path in ("/healthz", "/readyz")] == [200, 200]


# Ready


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def _llm(port: int) -> dict[str, str]:
    return {"model": "m", "base_url": f"http://127.0.0.1:{port}/v1"}


def test_it_is_ready_when_the_models_server_takes_connections(
    opened: OpenEngine, samples_index: Path, listening: int
) -> None:
    Readiness(opened(samples_index, llm=_llm(listening)))()
    Readiness(opened(samples_index))()  # without a model, answers are put together offline


async def test_it_is_not_ready_when_the_models_server_is_gone(
    opened: OpenEngine, samples_index: Path, listening: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = int(gone.getsockname()[1])
    ready = Readiness(opened(samples_index, llm=_llm(port)))
    app = create_app(fake_services(ScriptedAnswerer(), ready=ready))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        told = await client.get("/readyz")
    assert (told.status_code, told.json()["type"]) == (503, "urn:footnote:problem:not-ready")
    assert "llm.base_url" in told.json()["detail"]
    assert str(port) not in told.text


def test_the_models_server_is_not_called_for_each_look(opened: OpenEngine, samples_index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ready = Readiness(opened(samples_index, llm=_llm(int(listener.getsockname()[1]))), fresh=60)
        for _ in range(5):
            ready()
        listener.setblocking(False)
        listener.accept()[0].close()
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_it_is_not_ready_while_its_index_is_away(opened: OpenEngine, own_index: Path) -> None:
    ready = Readiness(opened(own_index))
    ready()
    away = own_index.rename(own_index.with_name("away"))
    with pytest.raises(IndexMissingError):
        ready()
    away.rename(own_index)
    ready()
    assert KINDS[IndexMissingError.kind][0] == 503
