"""Answer from passages, and cite."""
