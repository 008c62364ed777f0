"""Metrics for Prometheus: counts, times and outcomes. No label has an unlimited number of values."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from api.core.inquiry import Inquiry
from api.core.problems import kind_of
from api.middleware.request_log import RequestRecord
from rag.types import Answer

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 150, 300)
_STAGES = ("rewrite", "retrieve", "first_token", "generate", "check", "retry", "total")


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.seconds = Histogram(
            "footnote_answer_seconds", "Seconds by stage", ["stage"], registry=registry, buckets=_SECONDS
        )
        self.answers = Counter("footnote_answers", "Answers by how they ended", ["status", "via"], registry=registry)
        self.sentences = Counter(
            "footnote_sentences", "Sentences of answers by verdict", ["verdict"], registry=registry
        )
        self.declined = Counter("footnote_declines", "Declined answers by what declined", ["by"], registry=registry)
        self.tokens = Counter(
            "footnote_tokens", "Tokens of the model, read and written", ["direction"], registry=registry
        )
        self.failures = Counter("footnote_failures", "Failed answers by kind", ["kind"], registry=registry)
        self.in_flight = Gauge("footnote_answers_in_flight", "Answers being written", registry=registry)
        self.requests = Counter(
            "footnote_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry
        )

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Add the gauge ``footnote_NAME``, whose value is read at each request for the metrics."""
        Gauge(f"footnote_{name}", description, registry=self._registry).set_function(read)

    @contextmanager
    def observe(self, inquiry: Inquiry, /) -> Iterator[Callable[[Answer], None]]:
        """Count the inquiry by its end: an answer's status, ``failed`` or ``abandoned``."""
        status = "abandoned"

        def observe_answer(answer: Answer) -> None:
            nonlocal status
            status = answer.status
            for stage in _STAGES:
                if stage in answer.timings:
                    self.seconds.labels(stage).observe(answer.timings[stage])
            for sentence in answer.sentences:
                self.sentences.labels(sentence.verdict).inc()
            if answer.declined_by:
                self.declined.labels(answer.declined_by).inc()
            self.tokens.labels("input").inc(answer.usage.input_tokens or 0)
            self.tokens.labels("output").inc(answer.usage.output_tokens or 0)

        try:
            with self.in_flight.track_inprogress():
                yield observe_answer
        except Exception as error:
            status = "failed"
            self.failures.labels(kind_of(error)).inc()
            raise
        finally:
            self.answers.labels(status, inquiry.via).inc()

    def count_request(self, request: RequestRecord) -> None:
        """Count a handled request."""
        self.requests.labels(request.method, request.route, str(request.status)).inc()

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)
