"""Vectors of passages, and the nearest ones to a query: Chroma, and exact search."""
