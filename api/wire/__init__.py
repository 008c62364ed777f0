"""What crosses the edge, as JSON: the same for every way in."""
