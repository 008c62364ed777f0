"""Readers of text, code, data and markup."""
