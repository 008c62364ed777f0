"""Conversations, feedback and the audit log, kept in SQLite files."""
