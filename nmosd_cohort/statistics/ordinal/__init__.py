"""Models of an ordered outcome."""
