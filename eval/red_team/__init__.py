"""Attacks by instructions in documents."""
