"""Citations: markers, quotes and numbers."""
