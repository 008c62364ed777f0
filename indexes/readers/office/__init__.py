"""Readers of Word, OpenDocument, PowerPoint, Excel and RTF files."""
