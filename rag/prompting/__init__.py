"""Prompts for language models, and what fits their context window."""
