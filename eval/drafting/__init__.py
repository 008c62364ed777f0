"""Drafts of gold questions, and their review."""
