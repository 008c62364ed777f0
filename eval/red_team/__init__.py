"""Attacks by instructions and falsehoods in documents."""
