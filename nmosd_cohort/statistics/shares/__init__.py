"""Shares of patients: one, two groups, paired, standardised, misclassified, partly never assessed."""
