# Reference numbers for shares, differences, ratios and rates.
# Made with R 4.2.2: Rscript proportions.R > proportions.csv
row <- function(case, quantity, value) cat(sprintf("%s,%s,%.12g\n", case, quantity, value))
limits <- function(case, value) { row(case, "conf_low", value[1]); row(case, "conf_high", value[2]) }
cat("case,quantity,value\n")

for (counts in list(c(117, 145), c(6, 7), c(0, 12), c(9, 9), c(33, 1000))) {
  k <- counts[1]; n <- counts[2]; name <- paste(k, n, sep = "/")
  limits(paste("wilson", name), suppressWarnings(prop.test(k, n, correct = FALSE))$conf.int)
  limits(paste("clopper_pearson", name), binom.test(k, n)$conf.int)
  limits(paste("jeffreys", name), c(if (k == 0) 0 else qbeta(0.025, k + 0.5, n - k + 0.5),
                                    if (k == n) 1 else qbeta(0.975, k + 0.5, n - k + 0.5)))
}

# risk ratio: score limits with the restricted likelihood maximised numerically, no closed form
score <- function(ratio, x1, n1, x2, n2) {
  log_likelihood <- function(p2) dbinom(x1, n1, min(1, ratio * p2), log = TRUE) + dbinom(x2, n2, p2, log = TRUE)
  p2 <- optimize(log_likelihood, c(0, min(1, 1 / ratio)), maximum = TRUE, tol = 1e-14)$maximum
  p1 <- ratio * p2
  (ratio * x2 / n2 - x1 / n1) / sqrt(ratio^2 * p2 * (1 - p2) / n2 + p1 * (1 - p1) / n1)
}
for (t in list(c(36, 40, 16, 80), c(5, 56, 1, 29), c(10, 10, 7, 20), c(27, 66, 117, 145))) {
  name <- paste("risk_ratio", paste(t, collapse = "/"))
  ratio <- (t[1] / t[2]) / (t[3] / t[4])
  find <- function(z, low, high) exp(uniroot(function(l) score(exp(l), t[1], t[2], t[3], t[4]) - z, c(low, high),
                                            tol = 1e-12)$root)
  limits(name, c(find(-qnorm(0.975), log(ratio) - 4, log(ratio)), find(qnorm(0.975), log(ratio), log(ratio) + 4)))
  row(name, "p_value", suppressWarnings(prop.test(t[c(1, 3)], t[c(2, 4)], correct = FALSE)$p.value))
}

# odds ratio: Woolf limits are those of a logistic model; with an empty cell Fisher's exact conditional limits
for (t in list(c(6, 7, 2, 9), c(27, 66, 117, 145))) {
  fit <- glm(cbind(c(t[3], t[1]), c(t[4] - t[3], t[2] - t[1])) ~ c(0, 1), family = binomial, epsilon = 1e-12)
  name <- paste("odds_ratio", paste(t, collapse = "/"))
  row(name, "estimate", exp(coef(fit)[2])); limits(name, exp(confint.default(fit)[2, ]))
  row(name, "p_value", summary(fit)$coefficients[2, 4])
}
for (t in list(c(0, 10, 5, 10), c(8, 8, 3, 9))) {
  test <- fisher.test(matrix(c(t[1], t[2] - t[1], t[3], t[4] - t[3]), 2, byrow = TRUE))
  limits(paste("odds_ratio", paste(t, collapse = "/")), test$conf.int)
}

for (r in list(c(0, 10), c(1, 2.5), c(12, 20), c(33, 41.7), c(100, 250)))
  limits(paste("rate", paste(r, collapse = "/")), poisson.test(r[1], r[2])$conf.int)
for (r in list(c(12, 20, 30, 22), c(0, 10, 4, 12), c(5, 9, 0, 11)))
  limits(paste("rate_ratio", paste(r, collapse = "/")), poisson.test(r[c(1, 3)], r[c(2, 4)])$conf.int)

# cluster-robust Poisson regression: GEE sandwich by hand from the scores, n / (n - 1), t(n - 1)
before <- c(2, 1, 3, 0, 2, 1, 1, 2, 4, 1, 0, 2); years_before <- c(1, 1, 2, 1, 1, 0.5, 1, 1, 2, 1, 1, 1)
after <- c(0, 1, 1, 0, 0, 0, 1, 0, 2, 0, 0, 1); years_after <- c(1, 2, 1, 1, 0.5, 1, 1, 3, 1, 1, 1, 2)
id <- rep(1:12, 2); period <- rep(0:1, each = 12); events <- c(before, after); years <- c(years_before, years_after)
fit <- glm(events ~ period + offset(log(years)), family = poisson, epsilon = 1e-12)
scores <- rowsum((events - fitted(fit)) * cbind(1, period), id)
bread <- vcov(fit); meat <- crossprod(scores) * 12 / 11
error <- sqrt((bread %*% meat %*% bread)[2, 2])
row("paired_rate_ratio", "estimate", exp(coef(fit)[2]))
limits("paired_rate_ratio", exp(coef(fit)[2] + c(-1, 1) * qt(0.975, 11) * error))
row("paired_rate_ratio", "p_value", 2 * pt(-abs(coef(fit)[2]) / error, 11))
one <- glm(events[1:12] ~ 1 + offset(log(years[1:12])), family = poisson)
row("overdispersion", "estimate", sum(residuals(one, "pearson")^2) / 11)

