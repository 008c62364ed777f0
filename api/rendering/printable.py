"""Text without what would move a cursor."""


def printable(path: str) -> str:
    """A file's name without what would move the cursor, break the line or turn its direction."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in path)
