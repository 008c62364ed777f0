"""The encoder against a server on loopback."""

import gc
import math
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import hashed_vector
from indexes.errors import EncoderError
from indexes.models.openai_encoder import OpenAIEncoder

KEY = "sk-very-secret-0123456789"
TEXTS = ["one text", "another text", "a third", "a fourth", "a fifth"]


@pytest.fixture(autouse=True)
def _no_keys_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(dimensions=8) as server:
        yield server


def encoder(server: OpenAIServer, **others: Any) -> OpenAIEncoder:
    options: dict[str, Any] = {"base_url": server.base_url, "api_key": KEY, "retries": 0} | others
    return OpenAIEncoder("tiny", **options)


def failure(encoder: OpenAIEncoder) -> str:
    with pytest.raises(EncoderError) as caught:
        encoder.encode(["a text"])
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_rows_are_units_in_the_order_of_the_texts(server: OpenAIServer) -> None:
    rows = encoder(server).encode(TEXTS)
    expected = np.array([hashed_vector(text, 8) for text in TEXTS])
    assert rows.dtype == np.float32
    assert rows.shape == (5, 8)
    np.testing.assert_allclose(rows, expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=1e-5)


def test_texts_go_in_batches(server: OpenAIServer) -> None:
    rows = encoder(server, batch_size=2).encode(TEXTS)
    assert [request.body["input"] for request in server.requests] == [TEXTS[:2], TEXTS[2:4], TEXTS[4:]]
    np.testing.assert_allclose(rows, encoder(server).encode(TEXTS))


def test_the_request_names_the_model_and_asks_for_floats(server: OpenAIServer) -> None:
    encoder(server).encode(["a text"])
    request = server.requests[0]
    assert request.body == {"model": "tiny", "input": ["a text"], "encoding_format": "float"}
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_the_dimensions_are_asked_for_once(server: OpenAIServer) -> None:
    model = encoder(server)
    assert [model.dimensions, model.dimensions] == [8, 8]
    assert len(server.requests) == 1


def test_what_was_embedded_tells_the_dimensions(server: OpenAIServer) -> None:
    model = encoder(server)
    model.encode(["a text"])
    assert model.dimensions == 8
    assert len(server.requests) == 1


def test_no_texts_are_no_rows(server: OpenAIServer) -> None:
    assert encoder(server).encode([]).shape == (0, 8)


def test_threads_share_an_encoder(server: OpenAIServer) -> None:
    model = encoder(server)
    with ThreadPoolExecutor(4) as pool:
        assert [rows.shape for rows in pool.map(lambda _: model.encode(TEXTS), range(8))] == [(5, 8)] * 8


def test_an_encoder_that_is_dropped_leaves_no_connection_open(server: OpenAIServer) -> None:
    model = encoder(server)
    model.encode(["a text"])
    client = model._client
    del model
    gc.collect()
    assert client.is_closed()


def test_its_name_and_limits_need_no_server() -> None:
    model = OpenAIEncoder("tiny", base_url="http://127.0.0.1:9/v1", max_tokens=512)
    assert (model.name, model.max_tokens, OpenAIEncoder("tiny").max_tokens) == ("tiny", 512, 8191)


@pytest.mark.parametrize(
    ("text", "tokens"),  # counted with OpenAI's cl100k_base
    [
        ("The warranty covers batteries for two years from the date of purchase.", 13),
        ("def count_tokens(self, text: str) -> int:", 12),
        ("| 2024-01-15 | 1,299.00 | EUR |", 19),
        ("Система отвечает на вопросы.", 11),
        ("系统根据您的文档回答问题。", 13),
        ("0f9a8b7c6d5e4f3a2b1c", 19),
    ],
)
def test_the_estimate_of_tokens_is_on_the_high_side_and_not_by_far(text: str, tokens: int) -> None:
    assert tokens <= OpenAIEncoder("tiny").count_tokens(text) <= 2.5 * tokens


def test_an_empty_text_has_no_tokens() -> None:
    assert OpenAIEncoder("tiny").count_tokens("") == 0


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=401, error=f"Incorrect API key provided: {KEY}"), "(401): set FOOTNOTE_EMBEDDING__API_KEY."),
        (Reply(status=404), "does not know the model 'tiny' (404)"),
        (Reply(status=400, error="input too long"), "refused the request (400: input too long)"),
        (Reply(status=429, retry_after=30), "is busy (429: scripted failure): try again in 30 s"),
        (Reply(status=500), "failed (500: scripted failure)"),
        (Reply(vectors=((1.0, 2.0), (3.0, 4.0))), "2 vectors for 1 texts"),
        (Reply(vectors=((math.nan, 1.0),)), "not finite"),
        (Reply(vectors=((math.inf, 1.0),)), "not finite"),
        (Reply(vectors=((0.0, 0.0),)), "of length 0"),
        (Reply(vectors=((),)), "without dimensions"),
        (Reply(body=b'{"data": []}'), "cannot be read"),
        (Reply(body=b'{"data": [{"index": null, "embedding": [1.0]}]}'), "cannot be read"),
        (Reply(body=b'{"data": [{"index": 0, "embedding": "words"}]}'), "cannot be read"),
        (Reply(body=b'{"data": [5]}'), "cannot be read"),
        (Reply(body=b'{"detail": "no"}'), "cannot be read"),
        (Reply(body=b"[]"), "cannot be read"),
        (Reply(body=b"{not json"), "cannot be read"),
        (Reply(body=b"<html>Welcome</html>", content_type="text/html"), "cannot be read"),
    ],
)
def test_a_failure_is_told_in_words(server: OpenAIServer, reply: Reply, words: str) -> None:
    server.embedding_replies = [reply]
    message = failure(encoder(server))
    assert message.startswith("The embedding server at http://127.0.0.1:")
    assert words in message


def test_an_answer_that_does_not_come_ends_in_time(server: OpenAIServer) -> None:
    server.embedding_replies = [Reply(stall_at=0)]
    began = time.monotonic()
    assert "raise FOOTNOTE_EMBEDDING__TIMEOUT_S" in failure(encoder(server, timeout=0.3, retries=2))
    assert time.monotonic() - began < 10
    assert len(server.requests) == 1


def test_a_refused_connection_asks_whether_the_server_runs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    message = failure(OpenAIEncoder("tiny", base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY, retries=0))
    assert "is it running, and is FOOTNOTE_EMBEDDING__BASE_URL right?" in message


def test_a_busy_server_is_asked_again_after_the_time_it_named(server: OpenAIServer) -> None:
    server.embedding_replies = [Reply(status=429, retry_after=1), Reply()]
    encoder(server, retries=1).encode(["a text"])
    first, second = server.requests
    assert second.at - first.at >= 1


def test_a_server_that_stays_busy_is_asked_as_often_as_configured(server: OpenAIServer) -> None:
    server.embedding_replies = [Reply(status=429, retry_after=0)]
    failure(encoder(server, retries=2))
    assert len(server.requests) == 3


def test_a_redirect_is_told_and_not_followed(server: OpenAIServer) -> None:
    with OpenAIServer() as elsewhere:
        server.embedding_replies = [Reply(status=307, headers={"Location": f"{elsewhere.base_url}/embeddings"})]
        assert "FOOTNOTE_EMBEDDING__BASE_URL" in failure(encoder(server))
        assert elsewhere.requests == []


def test_a_model_that_changes_its_dimensions_is_an_error(server: OpenAIServer) -> None:
    model = encoder(server)
    server.embedding_replies = [Reply(vectors=((1.0, 2.0),)), Reply(vectors=((1.0, 2.0, 3.0),))]
    model.encode(["a text"])
    assert "3 dimensions after 2" in failure(model)


def test_no_key_and_no_address_says_what_to_set() -> None:
    assert "FOOTNOTE_EMBEDDING__API_KEY (or OPENAI_API_KEY)" in failure(OpenAIEncoder("tiny"))
