"""How many questions at once, and how many a minute."""
