"""Differences between a registry's estimate and a published figure, one module a scale."""
