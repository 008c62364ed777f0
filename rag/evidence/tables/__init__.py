"""Reads tables as relations, and holds claims against their cells."""
