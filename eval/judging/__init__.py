"""A language model judges answers."""
