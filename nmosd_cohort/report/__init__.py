"""Result to table, plot and page: the only place that rounds, formats and labels."""
