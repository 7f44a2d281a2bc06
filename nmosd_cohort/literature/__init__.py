"""Published figures, whether a registry may be set beside them, and what the comparison says."""
