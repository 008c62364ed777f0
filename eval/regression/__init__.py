"""Comparison with a baseline, and the gate."""
