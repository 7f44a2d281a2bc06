"""Bootstrap and permutation through the cells of a tally."""
