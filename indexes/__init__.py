"""Find the passages that matter."""
