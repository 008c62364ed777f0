"""Figures for Prometheus: how many, how long, and what became of it. No label takes values without end."""

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
    """One application's figures, in a registry of their own."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        ProcessCollector(registry=own)
        self.seconds = Histogram(
            "footnote_answer_seconds", "Seconds by stage", ["stage"], registry=own, buckets=_SECONDS
        )
        self.answers = Counter("footnote_answers", "Answers by how they ended", ["status", "via"], registry=own)
        self.sentences = Counter("footnote_sentences", "Sentences of answers by verdict", ["verdict"], registry=own)
        self.declined = Counter("footnote_declines", "Declined answers by what declined", ["by"], registry=own)
        self.tokens = Counter("footnote_tokens", "Tokens of the model, read and written", ["direction"], registry=own)
        self.failures = Counter("footnote_failures", "Failed answers by kind", ["kind"], registry=own)
        self.in_flight = Gauge("footnote_answers_in_flight", "Answers being written", registry=own)
        self.requests = Counter("footnote_http_requests", "HTTP requests", ["method", "route", "status"], registry=own)

    def watch(self, name: str, about: str, read: Callable[[], float]) -> None:
        """A figure that is read when it is asked for, such as the length of a queue: ``footnote_`` and its name."""
        Gauge(f"footnote_{name}", about, registry=self._registry).set_function(read)

    @contextmanager
    def observe(self, inquiry: Inquiry, /) -> Iterator[Callable[[Answer], None]]:
        """Count the inquiry by its end: an answer's status, ``failed`` or ``abandoned``."""
        status = "abandoned"

        def observe_answer(answer: Answer) -> None:
            nonlocal status
            status = answer.status
            self._count(answer)

        try:
            with self.in_flight.track_inprogress():
                yield observe_answer
        except Exception as error:
            status = "failed"
            self.failures.labels(kind_of(error)).inc()
            raise
        finally:
            self.answers.labels(status, inquiry.via).inc()

    def _count(self, answer: Answer) -> None:
        for stage in _STAGES:
            if stage in answer.timings:
                self.seconds.labels(stage).observe(answer.timings[stage])
        for sentence in answer.sentences:
            self.sentences.labels(sentence.verdict).inc()
        if answer.declined_by:
            self.declined.labels(answer.declined_by).inc()
        self.tokens.labels("input").inc(answer.usage.input_tokens or 0)
        self.tokens.labels("output").inc(answer.usage.output_tokens or 0)

    def count_request(self, request: RequestRecord) -> None:
        self.requests.labels(request.method, request.route, str(request.status)).inc()

    def text(self) -> bytes:
        return generate_latest(self._registry)
