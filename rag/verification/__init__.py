"""Each sentence of an answer held against the passages it cites."""
