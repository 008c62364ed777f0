"""Probabilities and their log-odds."""

import math


def sigmoid(log_odds: float) -> float:
    """Return the probability, 0 to 1, that has these log-odds."""
    return 1 / (1 + math.exp(-log_odds))


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability, which is first clipped to between .01 and .99."""
    clipped = min(max(probability, 0.01), 0.99)
    return math.log(clipped / (1 - clipped))
