"""Finding the passages that answer a query, best first."""
