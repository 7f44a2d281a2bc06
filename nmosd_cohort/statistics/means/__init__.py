"""Means, their differences, and those in standard deviations."""
