"""Who may read which documents, and how documents are labelled."""
