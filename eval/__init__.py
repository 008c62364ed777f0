"""Measure against gold."""
