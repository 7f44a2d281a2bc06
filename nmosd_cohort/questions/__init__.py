"""The questions of the review, one module each: a cohort frame becomes statistics and these a Result."""
