# Reference numbers for the Freedman-Lane permutation with max-T over several exposures.
# Made with R 4.2.2, base only: Rscript freedman_lane.R > freedman_lane.csv
# All 5040 orders of 7 patients are listed, and the whole model is fitted by lm to each.
row <- function(quantity, term, value) cat(sprintf("%s,%s,%.15g\n", quantity, term, value))
cat("quantity,term,value\n")
pain <- c(0, 3, 5, 2, 8, 6, 4)
age <- c(31, 52, 47, 60, 38, 55, 44)
exposures <- list(upper = c(0, 0, 1, 0, 1, 1, 0), lower = c(1, 0, 1, 1, 0, 0, 1), gap = c(1, 0, NA, 1, 0, 1, 1))
orders <- function(v) if (length(v) < 2) list(v) else
  do.call(c, lapply(seq_along(v), function(i) lapply(orders(v[-i]), function(rest) c(v[i], rest))))
all_orders <- orders(1:7)
t_of <- function(y, x, z) summary(lm(y ~ x + z))$coefficients["x", "t value"]
one_order <- function(order) sapply(exposures, function(x) {
  known <- which(!is.na(x))
  own <- order[order %in% known]                 # the order among those known only
  reduced <- lm(pain[known] ~ age[known])
  shuffled <- fitted(reduced) + residuals(reduced)[match(own, known)]
  t_of(shuffled, x[known], age[known])
})
t_all <- sapply(all_orders, one_order)
observed <- t_all[, 1]                           # the first order is 1 to 7
largest <- apply(abs(t_all), 2, max)
critical <- sort(largest)[ceiling(0.9 * length(largest))]
for (name in names(exposures)) {
  fit <- summary(lm(pain ~ exposures[[name]] + age))$coefficients[2, ]
  row("estimate", name, fit[1]); row("std_error", name, fit[2]); row("statistic", name, observed[name])
  row("p_value", name, mean(abs(t_all[name, ]) >= abs(observed[name]) - 1e-9))
  row("p_adjusted", name, mean(largest >= abs(observed[name]) - 1e-9))
  row("conf_low", name, fit[1] - critical * fit[2]); row("conf_high", name, fit[1] + critical * fit[2])
}
