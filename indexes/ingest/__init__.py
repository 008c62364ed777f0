"""Files become documents, passages and vectors in the index."""
