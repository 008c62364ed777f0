"""Text that no reader can see, and text that no answer may hold."""
