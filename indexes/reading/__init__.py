"""Files become documents: one module a format family."""
