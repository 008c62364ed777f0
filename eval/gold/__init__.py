"""Gold questions: files, rows, evidence, lint."""
