"""What an OpenAI-compatible server says, as JSON and as server-sent events."""

import hashlib
import json
import re
from typing import Any

from fakes.prompt_reading import read_user_turn
from rag.types import Turn

Json = dict[str, Any]


def source_with(words: str, body: Json) -> int:
    """The number of the first source in a request to a model that has the words."""
    _, sources = read_user_turn(Turn("user", body["messages"][-1]["content"]))
    return next(source.number for source in sources if words in source.text)


def hashed_vector(text: str, dimensions: int) -> tuple[float, ...]:
    """Deterministic, not a unit: the sum of a vector for each word, so that texts which share words are near."""
    words = re.findall(r"\w+", text.lower()) or [text]
    columns = zip(*(_word_vector(word, dimensions) for word in words), strict=True)
    return tuple(float(sum(column)) for column in columns)


def _word_vector(word: str, dimensions: int) -> list[float]:
    digest = hashlib.shake_128(word.encode()).digest(dimensions)
    return [(byte - 127.5) / 127.5 for byte in digest]


def event(content: Json) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()


def delta(body: Json, delta: Json, finish_reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    head = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
    return head | {"choices": [choice]}


def usage(tokens: tuple[int, int] | None) -> Json | None:
    if tokens is None:
        return None
    read, written = tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def error(message: str) -> Json:
    return {"error": {"message": message, "type": "fake", "param": None, "code": None}}
