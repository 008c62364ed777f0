"""Text without characters that would move a cursor."""


def printable(text: str) -> str:
    """Return the text with escapes in place of what moves the cursor, breaks the line or turns its direction."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def on_one_line(text: str) -> str:
    """Return the text on one line: blanks in place of what cannot be printed, one at a time."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
