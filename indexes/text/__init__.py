"""Text before anything is known of it: words, sentences, tokens, one normal form."""
