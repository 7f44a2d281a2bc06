"""Whether the numbers that a paper printed can be true: arithmetic on published figures, with no data at hand."""
