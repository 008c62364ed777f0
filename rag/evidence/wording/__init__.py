"""Reads names, negations, clauses and languages, and tells where two texts differ in them."""
