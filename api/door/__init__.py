"""Who may come in, from where, and how much at once."""
