"""The chat models that can answer."""
