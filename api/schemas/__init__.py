"""JSON schemas of questions, answers and searches."""
