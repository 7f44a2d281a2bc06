"""Tallies or arrays in, estimates out: nothing here knows of registries, diseases or pages."""
