"""Traces by OpenTelemetry, if a collector is set: a span for each request, each question and each of its stages.

Spans hold no question, no text and no path of a document. Without a collector, OpenTelemetry is not imported.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core.inquiry import Inquiry
from api.core.problems import kind_of
from api.middleware.request_log import route_of
from rag.types import Answer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_STANDARD = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_STAGES = ("rewrite", "retrieve", "generate", "check", "retry")
"""In the order in which a question takes them; each starts where the one before ended."""
_NS = 10**9


@contextmanager
def exporting(endpoint: str | None) -> Iterator["TracerProvider | None"]:
    """Yield a provider that exports to ``endpoint`` (OTLP over gRPC), or as OpenTelemetry's variables say.

    Yield None without a collector. The remaining spans are sent at the end.
    """
    if not endpoint and not any(os.environ.get(name) for name in _STANDARD):
        yield None
        return
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    attributes = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "footnote"}
    provider = TracerProvider(resource=Resource.create(attributes))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    try:
        yield provider
    finally:
        provider.shutdown()


class QuestionTracer:
    """Makes a span for each inquiry, and within it one for each stage of the answer."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._tracer = provider.get_tracer(__name__)

    @contextmanager
    def observe(self, inquiry: Inquiry, /) -> Iterator[Callable[[Answer], None]]:
        """Wrap the inquiry in a span. The span does not become the current one: contexts change within a stream."""
        from opentelemetry.trace import StatusCode

        began = time.time_ns()
        span = self._tracer.start_span("ask", start_time=began, attributes={"footnote.via": inquiry.via})

        try:
            yield partial(self._trace_answer, span, began)
        except Exception as error:
            span.set_status(StatusCode.ERROR, kind_of(error))
            raise
        finally:
            span.end()

    def _trace_answer(self, span: "Span", start: int, answer: Answer) -> None:
        """Describe the answer, and make spans of the seconds that its stages took; a cached answer has none."""
        from opentelemetry.trace import set_span_in_context

        values = {
            "footnote.status": answer.status,
            "footnote.declined_by": answer.declined_by,
            "footnote.cached": answer.cached,
            "footnote.confidence": answer.confidence,
            "footnote.hits": len(answer.retrieval.hits),
            "footnote.citations": len(answer.citations),
            "gen_ai.response.model": answer.model,
            "gen_ai.usage.input_tokens": answer.usage.input_tokens,
            "gen_ai.usage.output_tokens": answer.usage.output_tokens,
        }
        span.set_attributes({name: value for name, value in values.items() if value is not None})
        for stage in _STAGES:
            if stage in answer.timings:
                end = start + round(answer.timings[stage] * _NS)
                self._tracer.start_span(stage, set_span_in_context(span), start_time=start).end(end)
                start = end


class TracedRequests:
    """Makes a span for each request, within the trace that its ``traceparent`` names."""

    def __init__(self, app: ASGIApp, provider: "TracerProvider") -> None:
        self._app = app
        self._tracer = provider.get_tracer(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outer = TraceContextTextMapPropagator().extract(dict(Headers(scope=scope)))
        with self._tracer.start_as_current_span(
            "request", outer, SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:

            async def send_and_note_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            try:
                await self._app(scope, receive, send_and_note_status)
            except Exception as error:
                span.set_status(StatusCode.ERROR, kind_of(error))
                raise
            finally:
                span.update_name(f"{scope['method']} {route_of(scope)}")
                span.set_attribute("http.route", route_of(scope))
