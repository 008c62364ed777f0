"""Optional models as data: which are known, where they lie, and how they are fetched."""
