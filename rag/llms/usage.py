"""Reads the token counts of a response, under any of their names."""

from collections.abc import Mapping
from typing import Any

from rag.types import Usage

_NAMES = (
    ("prompt_tokens", "completion_tokens"),  # OpenAI's, and most others'
    ("input_tokens", "output_tokens"),  # Anthropic's, OpenAI's responses
    ("prompt_token_count", "candidates_token_count"),  # Google's
)
_DETAILS = ("prompt_tokens_details", "input_tokens_details")
_BESIDE = ("cache_read_input_tokens", "cache_creation_input_tokens")
"""Anthropic's counts, which its ``input_tokens`` leave out."""


def read_usage(source: object) -> Usage | None:
    """Return the usage in an object or mapping; None if it holds no token counts."""
    for input_name, output_name in _NAMES:
        read, written = _count(source, input_name), _count(source, output_name)
        if (read, written) == (None, None):
            continue
        if read is not None:
            read += sum(_count(source, name) or 0 for name in _BESIDE)
        places = [(_value(source, name), "cached_tokens") for name in _DETAILS]
        places += [(source, _BESIDE[0]), (source, "cached_content_token_count")]
        cached = (_count(*place) for place in places)
        return Usage(read, written, next((count for count in cached if count is not None), None))
    return None


def _count(source: object, name: str) -> int | None:
    value = _value(source, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _value(source: object, name: str) -> Any:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
