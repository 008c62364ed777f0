"""The finish reasons of replies that are no answers, as servers spell them."""

FILTERED = frozenset(
    {"content_filter", "refusal", "safety", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}
)
"""Those of OpenAI, Anthropic and Google."""
TOOL_CALLS = frozenset({"tool_calls", "function_call", "tool_use"})
