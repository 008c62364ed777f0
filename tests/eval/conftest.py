"""A model server on loopback."""

from collections.abc import Iterator

import pytest

from fakes.openai_server import OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server
