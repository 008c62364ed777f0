"""A server that speaks the OpenAI protocol on loopback, scripted by the test.

    with OpenAIServer() as server:
        server.replies = [Reply(status=429, retry_after=1), Reply(pieces=("Hello", " [1]"))]
        ...OpenAIChat("any", base_url=server.base_url)...
        assert server.requests[1].body["model"] == "any"

``server.respond = lambda body: Reply(...)`` builds each reply from the request instead. Chat completions take
``replies``, embeddings take ``embedding_replies``; the last one is given again and again.
"""

import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from fakes.openai_wire import Json, delta, error, event, hashed_vector, usage


@dataclass(frozen=True)
class Reply:
    """One answer. The positions ``*_at`` count pieces: 0 is before the first."""

    pieces: tuple[str, ...] = ("Hello",)
    usage: tuple[int, int] | None = (7, 3)
    """Input and output tokens; streamed only where the request asks for it."""
    finish_reason: str | None = "stop"
    done: bool = True
    """Whether ``[DONE]`` ends the stream. With no ``finish_reason`` either, the stream ends as a cut one does."""
    reasoning: tuple[str, ...] = ()
    pause: float = 0.0
    """Seconds before each piece."""
    again: str = ""
    """A piece that comes after the others over and over, until the client leaves or the server stops."""
    stall_at: int | None = None
    """Here it falls silent, until the client leaves or the server stops."""
    drip: bytes = b""
    """Sent over and over while it stalls, in place of silence."""
    cut_at: int | None = None
    """Here the connection is closed, in the middle of a chunked body."""
    raw_at: tuple[int, bytes] | None = None
    """Bytes to send as they are at a position."""
    status: int = 200
    error: str = "scripted failure"
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | str | None = None
    content_type: str | None = None
    body: bytes | None = None
    """The whole body, whatever was asked."""
    vectors: tuple[tuple[float, ...], ...] | None = None
    """For embeddings, in place of the hashed ones."""


@dataclass
class Request:
    """What a client sent, and whether it left before the reply was through."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Json
    at: float
    """``time.monotonic()`` of its arrival."""
    left_early: threading.Event = field(default_factory=threading.Event)


class OpenAIServer:
    """Runs in threads between ``with`` and its end; ``base_url`` ends in ``/v1``."""

    def __init__(self, *, dimensions: int = 16, models: tuple[str, ...] = ("fake",)) -> None:
        self.replies: list[Reply] = []
        self.embedding_replies: list[Reply] = []
        self.respond: Callable[[Json], Reply] | None = None
        self.requests: list[Request] = []
        self.asked = threading.Event()
        self.dimensions = dimensions
        self.models = models
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._http = _HTTPServer(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def record(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
        self.asked.set()

    def chat_reply(self, body: Json) -> Reply:
        return self.respond(body) if self.respond else self._next(self.replies)

    def embedding_reply(self) -> Reply:
        return self._next(self.embedding_replies)

    def _next(self, replies: list[Reply]) -> Reply:
        with self._lock:
            if not replies:
                return Reply()
            return replies.pop(0) if len(replies) > 1 else replies[0]


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = False  # joined at the end: a test leaves nothing behind

    def __init__(self, fake: OpenAIServer) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", 0), _Handler)


class _CutError(Exception):
    """The connection is closed as the script has it."""


class _Handler(BaseHTTPRequestHandler):
    server: _HTTPServer
    protocol_version = "HTTP/1.1"
    timeout = 5  # a connection on which nothing is asked does not hold up the end

    @property
    def fake(self) -> OpenAIServer:
        return self.server.fake

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """A test's output is its own."""

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            data = [{"id": name, "object": "model", "owned_by": "fake"} for name in self.fake.models]
            self._whole(Reply(), {"object": "list", "data": data})
        else:
            self._whole(Reply(status=404), error("no such page"))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, body, time.monotonic())
        self.fake.record(request)
        try:
            self._answer(body)
        except OSError:
            request.left_early.set()
        except _CutError:
            self.close_connection = True

    def _answer(self, body: Json) -> None:
        if self.path == "/v1/embeddings":
            reply = self.fake.embedding_reply()
            self._whole(reply, error(reply.error)) if reply.status != 200 else self._embed(reply, body)
        elif self.path == "/v1/chat/completions":
            reply = self.fake.chat_reply(body)
            self._whole(reply, error(reply.error)) if reply.status != 200 else self._chat(reply, body)
        else:
            self._whole(Reply(status=404), error("no such page"))

    def _embed(self, reply: Reply, body: Json) -> None:
        if reply.stall_at is not None:
            return self._wait(None)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors = reply.vectors or tuple(hashed_vector(text, self.fake.dimensions) for text in texts)
        rows = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
        # Last first: the order of the list is not the order of the texts.
        return self._whole(reply, {"object": "list", "model": body["model"], "data": rows[::-1]})

    def _chat(self, reply: Reply, body: Json) -> None:
        if body.get("stream") and reply.body is None:
            return self._stream(reply, body)
        message = {"role": "assistant", "content": "".join(reply.pieces)}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
        completion = {"id": "chatcmpl-fake", "object": "chat.completion", "created": 0, "model": body["model"]}
        return self._whole(reply, completion | {"choices": [choice], "usage": usage(reply.usage)})

    def _stream(self, reply: Reply, body: Json) -> None:
        self._head(reply, reply.content_type or "text/event-stream", {"Transfer-Encoding": "chunked"})
        for data in self._events(reply, body):
            self._chunk(data)
        self.wfile.write(b"0\r\n\r\n")

    def _events(self, reply: Reply, body: Json) -> Iterator[bytes]:
        yield event(delta(body, {"role": "assistant", "content": ""}))
        for thought in reply.reasoning:
            yield event(delta(body, {"reasoning_content": thought}))
        for position, piece in enumerate(reply.pieces):
            yield from self._mishaps(reply, position)
            self._wait(reply.pause)
            yield event(delta(body, {"content": piece}))
        yield from self._mishaps(reply, len(reply.pieces))
        while reply.again and not self.fake.stopping.is_set():
            self._wait(reply.pause)
            yield event(delta(body, {"content": reply.again}))
        if reply.finish_reason:
            yield event(delta(body, {}, reply.finish_reason))
        if reply.usage and body.get("stream_options", {}).get("include_usage"):
            yield event(delta(body, {}) | {"choices": [], "usage": usage(reply.usage)})
        if reply.done:
            yield b"data: [DONE]\n\n"

    def _mishaps(self, reply: Reply, position: int) -> Iterator[bytes]:
        if reply.raw_at and reply.raw_at[0] == position:
            yield reply.raw_at[1]
        if reply.stall_at == position:
            yield from self._stall(reply.drip)
        if reply.cut_at == position:
            self.connection.shutdown(socket.SHUT_RDWR)
            raise _CutError

    def _stall(self, drip: bytes) -> Iterator[bytes]:
        while drip and not self.fake.stopping.is_set():
            yield drip
            self._wait(0.05)
        self._wait(None)

    def _wait(self, seconds: float | None) -> None:
        """Ends sooner where the client leaves, which is an ``OSError``, or the server stops."""
        ends = time.monotonic() + (seconds if seconds is not None else float("inf"))
        while time.monotonic() < ends and not self.fake.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], max(0.0, min(0.02, ends - time.monotonic())))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError("the client left")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _whole(self, reply: Reply, content: Json) -> None:
        data = json.dumps(content).encode() if reply.body is None else reply.body
        self._head(reply, reply.content_type or "application/json", {"Content-Length": str(len(data))})
        self.wfile.write(data)

    def _head(self, reply: Reply, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(reply.status)
        waits = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
        # One request a connection: no thread is left waiting for the next.
        always = {"Content-Type": content_type, "Connection": "close"}
        for name, value in (always | headers | waits | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
