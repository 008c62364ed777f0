"""The engine: everything above, made from the settings."""
