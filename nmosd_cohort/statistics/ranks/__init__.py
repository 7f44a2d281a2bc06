"""Ordered scores of two or more groups."""
