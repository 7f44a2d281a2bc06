"""Regression of values of which some are known only to lie below or above a limit."""
