"""Scores of instruments from their items."""
