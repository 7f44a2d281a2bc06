"""Two scores of the same patients: change, responders and regression to the mean."""
