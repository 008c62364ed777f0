"""A Chroma server that is away, silent, broken or not one: answers stay the same, and nobody waits long."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from fakes.chroma_server import ChromaRun, free_port
from fakes.vectors import Vectors, assert_exact, put, units
from indexes.errors import ChromaUnavailableError
from indexes.storage.catalog import Catalog
from indexes.vectors.chroma_embedded import EmbeddedChroma
from indexes.vectors.chroma_server import ChromaServer
from indexes.vectors.index import ChromaVectors

OpenAt = Callable[[str], ChromaVectors]
PATIENCE_S = 6
"""A few seconds: what a question may wait for a server that does not answer."""


@pytest.fixture
def at(tmp_path: Path, catalog: Catalog) -> Iterator[OpenAt]:
    """This index, its vectors on the server at an address."""
    with ExitStack() as opened:

        def open_at(url: str) -> ChromaVectors:
            vectors = ChromaVectors(ChromaServer(url, catalog, tmp_path), catalog)
            opened.callback(vectors.close)
            return vectors

        yield open_at


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaRun]:
    """One of the test's own, to be stopped."""
    (tmp_path / "server").mkdir()
    with ChromaRun(tmp_path / "server") as made:
        yield made


@contextmanager
def silent() -> Iterator[str]:
    """Accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def saying(status: int, body: bytes) -> Iterator[str]:
    """Answers everything alike."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # http.server looks for these names

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@contextmanager
def nobody() -> Iterator[str]:
    yield f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (nobody, "does not answer"),
        (silent, "does not answer"),
        (lambda: saying(502, b"<html>Bad gateway</html>"), "is not a Chroma server"),
        (lambda: saying(404, b'{"detail": "Not Found"}'), "is not a Chroma server"),
        (lambda: saying(200, b"<html>Welcome</html>"), "is not a Chroma server"),
        (lambda: saying(200, b"{}"), "is not a Chroma server"),
    ],
    ids=["nobody", "silent", "gateway", "another", "page", "json"],
)
def test_an_address_without_a_chroma_server_costs_a_short_wait_one_warning_and_no_answer(
    catalog: Catalog, at: OpenAt, there: Callable[[], Iterator[str]], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    stored = put(catalog, "a", 300)
    with there() as url:  # type: ignore[attr-defined]
        catalog.set("vectors", record_of(url))
        vectors, began = at(url), time.monotonic()
        assert_exact(vectors, stored)
        assert time.monotonic() - began < PATIENCE_S
        assert vectors.publish() is False
        assert time.monotonic() - began < 2 * PATIENCE_S
        (warning,) = caplog.messages
        assert url in warning
        assert told in warning
        assert vectors.damaged() is None
        assert told in vectors.faults()[0]
        with pytest.raises(ChromaUnavailableError, match=told):
            vectors.publish(force=True)
    assert_exact(vectors, stored)


def record_of(url: str) -> str:
    """As a publication to that server would have left it."""
    snapshot = {"place": url, "name": "footnote-lost", "revision": 1, "count": 300, "seal": {}}
    return json.dumps({"snapshot": snapshot, "before": None})


def test_searches_outlive_the_server_and_use_it_again_when_it_is_back(
    catalog: Catalog, at: OpenAt, server: ChromaRun
) -> None:
    stored, vectors = put(catalog, "a", 1200), at(server.url)
    assert vectors.publish() is True
    before = answers(vectors)
    server.stop()
    assert answers(vectors) == before
    stored |= put(catalog, "b", 200, seed=1)
    assert vectors.publish() is False
    assert_exact(vectors, stored)
    server.start()
    assert_exact(vectors, stored)
    later = at(server.url)  # a restarted process; this one asks again after half a minute
    assert (later.damaged(), later.pending()) == (None, 200)
    assert later.publish() is True
    assert (later.pending(), later.faults()) == (0, [])
    assert_exact(later, stored)


def test_the_server_is_asked_again_after_a_pause(
    catalog: Catalog, at: OpenAt, server: ChromaRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, vectors = put(catalog, "a", 300), at(server.url)
    vectors.publish()
    server.stop()
    assert_exact(vectors, stored)
    server.start()
    assert vectors.pending() == 300
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 31)
    assert_exact(vectors, stored)
    assert vectors.pending() == 0


def test_a_server_that_falls_silent_while_it_is_in_use_costs_one_short_wait(
    catalog: Catalog, at: OpenAt, chroma_url: str
) -> None:
    stored = put(catalog, "a", 300)
    with forwarding(chroma_url) as (url, stop):
        vectors = at(url)
        vectors.publish()
        assert_exact(vectors, stored)
        stop.set()
        began = time.monotonic()
        assert_exact(vectors, stored)
        assert time.monotonic() - began < PATIENCE_S


@contextmanager
def forwarding(url: str) -> Iterator[tuple[str, threading.Event]]:
    """Another address of a server; once told, it accepts and never answers."""
    stop, ended = threading.Event(), threading.Event()

    class Forward(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if stop.is_set():
                ended.wait(30)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = httpx.request(
                self.command, url + self.path, content=body, headers={"Content-Type": "application/json"}
            )
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_DELETE = do_GET  # noqa: N815  # as above

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Forward) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{http.server_port}", stop
        finally:
            ended.set()
            http.shutdown()


def test_vectors_move_from_files_to_a_server_and_back(
    catalog: Catalog, vectors: ChromaVectors, at: OpenAt, chroma_url: str, tmp_path: Path
) -> None:
    stored = put(catalog, "a", 300)
    vectors.publish()
    on_server = at(chroma_url)
    assert on_server.damaged() == f"the vectors are in Chroma at embedded, and not yet at {chroma_url}"
    assert_exact(on_server, stored)
    assert on_server.publish() is True
    back = ChromaVectors(EmbeddedChroma(tmp_path / "index" / "chroma"), catalog)
    assert_exact(back, stored)
    assert back.publish() is True
    assert (back.damaged(), back.pending()) == (None, 0)
    assert_exact(back, stored)
    back.close()


def test_a_collection_that_lacks_records_is_not_used(catalog: Catalog, at: OpenAt, chroma_url: str) -> None:
    stored: Vectors = put(catalog, "a", 300)
    vectors = at(chroma_url)
    vectors.publish()
    assert_exact(vectors, stored)
    record = json.loads(catalog.get("vectors") or "")["snapshot"]
    collections = f"{chroma_url}/api/v2/tenants/default_tenant/databases/default_database/collections"
    collection = httpx.get(f"{collections}/{record['name']}").json()["id"]
    httpx.post(f"{collections}/{collection}/delete", json={"ids": ["a-1 0", "a-2 0"]}).raise_for_status()
    again = at(chroma_url)
    assert again.damaged() == f"{record['name']} holds 298 of its 300 vectors"
    assert_exact(again, stored)
    assert again.publish() is True
    assert (again.damaged(), again.faults()) == (None, [])


def answers(vectors: ChromaVectors) -> list[list[tuple[str, float]]]:
    return [vectors.search(query, limit=20) for query in units(10, 3)]
