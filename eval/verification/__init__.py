"""Measures of the verifier itself."""
