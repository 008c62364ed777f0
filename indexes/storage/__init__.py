"""The catalog in SQLite, the record of the index, and its folder on disk."""
