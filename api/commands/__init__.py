"""The commands of ``footnote``, except those of ``footnote eval``."""
