"""Files of every format become text with sections and places."""
