"""Texts become unit vectors: one module a vendor."""
