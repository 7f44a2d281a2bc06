"""Missing values: patterns, multiple imputation, tipping points."""
