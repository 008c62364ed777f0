"""The question: validation, filters, language, parts, follow-ups."""
