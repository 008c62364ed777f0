"""The description of the API: examples and error responses."""
