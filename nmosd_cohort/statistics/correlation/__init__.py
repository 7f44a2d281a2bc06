"""Correlation of two scores, plain, adjusted, within patients and between groups."""
