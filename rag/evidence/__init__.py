"""Whether a source bears out a sentence: figures, dates, names, negation, words."""
