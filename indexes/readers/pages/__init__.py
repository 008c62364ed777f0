"""Readers of files that have pages: PDF and images."""
