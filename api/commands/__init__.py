"""What the commands of `footnote` do, beside those of slack and eval."""
