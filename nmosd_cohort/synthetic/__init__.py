"""Synthetic registries with a known truth, errors planted on purpose, and a demo delivery."""
