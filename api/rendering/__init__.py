"""Answers as safe Markdown and HTML, links, printable text."""
