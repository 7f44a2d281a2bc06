# Reference numbers of clustered_rate_ratios: MASS::glm.nb with sandwich::vcovCL.
# Run in tests/reference: Rscript clustered_rates.R
library(MASS)
library(sandwich)
rows <- data.frame(
  patient = rep(1:14, each = 2),
  after = rep(0:1, 14),
  events = c(2, 0, 1, 1, 3, 1, 0, 0, 2, 0, 1, 0, 1, 1, 2, 0, 4, 2, 1, 0, 6, 1, 0, 3, 5, 0, 1, 0),
  years = c(1, 2.5, 1, 0.8, 1, 3.1, 0.6, 1.2, 1, 2, 1, 0.4, 1, 1.7, 1, 2.2, 1, 1.1, 0.9, 2.8, 1, 1.9, 1, 2, 1, 3, 0.5, 1)
)
fit <- glm.nb(events ~ after + offset(log(years)), rows, control = glm.control(epsilon = 1e-12, maxit = 200))
error <- sqrt(diag(vcovCL(fit, cluster = rows$patient, type = "HC0", cadjust = TRUE)))
out <- data.frame(name = c("log_ratio", "error", "dispersion"),
                  value = c(coef(fit)[["after"]], error[["after"]], 1 / fit$theta))
write.csv(out, "clustered_rates.csv", row.names = FALSE)
write.csv(rows, "clustered_rates_rows.csv", row.names = FALSE)
