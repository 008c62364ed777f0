"""Answers made of sentences of the documents, without a language model."""
