"""Ground of the API: principals, problems, request ids, SQLite files."""
