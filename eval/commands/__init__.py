"""The commands of ``footnote eval``: parse, call, render. Heavy imports come with their use."""
