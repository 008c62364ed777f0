"""What every reader uses: a builder of extractions, archives, budgets, scratch files."""
