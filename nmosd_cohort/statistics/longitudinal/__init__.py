"""Several visits of the same patients: mixed models and generalised estimating equations."""
