"""Reads the figures and dates of a text, and tells whether another has them."""
