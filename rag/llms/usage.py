"""The tokens that a server says it counted, whatever it calls them."""

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
"""Anthropic's, which its ``input_tokens`` leave out."""


def read_usage(told: object) -> Usage | None:
    """Of an object or mapping; None where no tokens are told there."""
    for read, written in _NAMES:
        usage = Usage(_count(told, read), _count(told, written))
        if (usage.input_tokens, usage.output_tokens) != (None, None):
            beside = sum(_count(told, name) or 0 for name in _BESIDE)
            whole = None if usage.input_tokens is None else usage.input_tokens + beside
            return Usage(whole, usage.output_tokens, _cached(told))
    return None


def _cached(told: object) -> int | None:
    places = ((_value(told, name), "cached_tokens") for name in _DETAILS)
    counts = (_count(*place) for place in (*places, (told, _BESIDE[0]), (told, "cached_content_token_count")))
    return next((count for count in counts if count is not None), None)


def _count(told: object, name: str) -> int | None:
    value = _value(told, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _value(told: object, name: str) -> Any:
    return told.get(name) if isinstance(told, Mapping) else getattr(told, name, None)
