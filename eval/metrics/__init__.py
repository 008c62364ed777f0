"""Metrics of retrieval, answers and citations."""
