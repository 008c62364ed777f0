"""Question and text are read together and scored: one module a vendor."""
