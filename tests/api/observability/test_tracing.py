"""Traces: what spans there are, that they say nothing of what was asked, and that a collector gets them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from dataclasses import replace
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.app.fastapi_app import create_app
from api.context.question_service import QuestionService
from api.core.inquiry import Inquiry
from api.observability.tracing import QuestionTracer, exporting
from fakes.answerer import EndlessAnswerer, ScriptedAnswerer, answer, telling
from fakes.services import fake_services
from rag.errors import ModelBusyError
from rag.types import Question

TIMINGS = {"rewrite": 0.5, "retrieve": 0.25, "first_token": 1.0, "generate": 1.0, "check": 0.125, "total": 2.0}
SECRET = replace(answer("The secret [1].", {1: "secret"}, path="secret.pdf"), timings=TIMINGS)


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> Iterator[TracerProvider]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    yield provider
    provider.shutdown()


def by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def traced(answerer: ScriptedAnswerer, provider: TracerProvider) -> QuestionService:
    return QuestionService(answerer=answerer, observers=(QuestionTracer(provider),))


def client(provider: TracerProvider, answerer: ScriptedAnswerer) -> httpx.AsyncClient:
    questions = traced(answerer, provider)
    app = create_app(fake_services(answerer, questions=questions, traces=provider))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/ask/stream"])
async def test_a_request_a_question_and_its_stages_are_one_trace(
    provider: TracerProvider, spans: InMemorySpanExporter, path: str
) -> None:
    outer = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with client(provider, ScriptedAnswerer(*telling(SECRET))) as asked:
        await asked.post(path, json={"question": "secret?"}, headers={"traceparent": outer})
    told = by_name(spans)
    assert set(told) == {f"POST {path}", "ask", "rewrite", "retrieve", "generate", "check"}
    parents = {name: span.parent.span_id for name, span in told.items() if span.parent}
    request, question = told[f"POST {path}"], told["ask"]
    assert parents[request.name] == 0xB7AD6B7169203331
    assert parents["ask"] == request.get_span_context().span_id
    assert {parents[stage] for stage in ("rewrite", "retrieve", "generate", "check")} == {
        question.get_span_context().span_id
    }
    assert {span.get_span_context().trace_id for span in told.values()} == {0x0AF7651916CD43DD8448EB211C80319C}
    assert "secret" not in str([span.to_json() for span in told.values()])
    assert (request.attributes or {})["http.response.status_code"] == 200
    assert (question.attributes or {})["gen_ai.usage.input_tokens"] == 11


async def test_stages_follow_one_another_as_long_as_they_took(
    provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    questions = traced(ScriptedAnswerer(*telling(SECRET)), provider)
    await questions.answer(Inquiry(question=Question("?")))
    told = by_name(spans)
    at = told["ask"].start_time or 0
    for stage, seconds in (("rewrite", 0.5), ("retrieve", 0.25), ("generate", 1.0), ("check", 0.125)):
        assert told[stage].start_time == at
        at += int(seconds * 10**9)
        assert told[stage].end_time == at


async def test_a_failure_is_told_by_its_kind(provider: TracerProvider, spans: InMemorySpanExporter) -> None:
    async with client(provider, ScriptedAnswerer(ModelBusyError("secret"))) as asked:
        await asked.post("/v1/ask", json={"question": "?"})
    told = by_name(spans)
    assert (told["ask"].status.status_code.name, told["ask"].status.description) == ("ERROR", "model-busy")
    assert told["POST /v1/ask"].status.status_code.name == "ERROR"
    assert "secret" not in str([span.to_json() for span in told.values()])


async def test_a_question_that_is_left_ends_its_span(provider: TracerProvider, spans: InMemorySpanExporter) -> None:
    stream = traced(EndlessAnswerer(), provider).stream(Inquiry(question=Question("?")))
    await anext(stream)
    await stream.aclose()
    assert set(by_name(spans)) == {"ask"}


# Sent


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes what is exported."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.services: list[str] = []
        self.came = threading.Event()

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's
        for resource in request.resource_spans:
            attributes = {a.key: a.value.string_value for a in resource.resource.attributes}
            self.services.append(attributes["service.name"])
            self.names += [span.name for scope in resource.scope_spans for span in scope.spans]
        self.came.set()
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    """A real OTLP receiver on loopback, and its address."""
    server, taking = grpc.server(futures.ThreadPoolExecutor(2)), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(taking, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield taking, f"http://127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.mark.parametrize("by", ["setting", "variable"])
def test_a_collector_gets_the_spans_at_the_end_at_the_latest(
    collector: tuple[Collector, str], monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    taking, address = collector
    if by == "variable":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    with exporting(address if by == "setting" else None) as provider:
        assert provider
        provider.get_tracer("test").start_span("hello").end()
    assert taking.came.wait(10)
    assert (taking.names, taking.services) == (["hello"], ["footnote"])


def test_without_a_collector_nothing_of_it_is_loaded() -> None:
    script = """
import sys
from api.observability.tracing import exporting
with exporting(None) as provider:
    assert provider is None
assert not [name for name in sys.modules if name.startswith(("opentelemetry", "grpc"))]
"""
    subprocess.run([sys.executable, "-c", script], check=True)
