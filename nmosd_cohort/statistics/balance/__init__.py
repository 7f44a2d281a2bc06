"""Differences between two groups in standard deviations, for tables that describe them: shares, categories, scores."""
