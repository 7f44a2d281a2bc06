# Limits and p-values of printed counts, means and correlations: base R, no packages.
# Run as: Rscript tests/reference/integrity_recompute.R > tests/reference/integrity_recompute.csv
rows <- list()
add <- function(case, name, ...) rows[[length(rows) + 1]] <<- data.frame(case, name, low = c(...)[1], high = c(...)[2])
for (share in list(c(81, 122), c(35, 122), c(6, 7), c(2, 30))) {
  case <- paste(share, collapse = "/")
  add(case, "Wilson", 100 * prop.test(share[1], share[2], correct = FALSE)$conf.int)
  add(case, "Wilson with continuity correction", 100 * prop.test(share[1], share[2])$conf.int)
  add(case, "Clopper-Pearson", 100 * binom.test(share[1], share[2])$conf.int)
  add(case, "Jeffreys", 100 * qbeta(c(.025, .975), share[1] + .5, share[2] - share[1] + .5))
  fit <- summary(glm(cbind(share[1], share[2] - share[1]) ~ 1, family = binomial))$coefficients
  add(case, "logit", 100 * plogis(fit[1] + c(-1, 1) * qnorm(.975) * fit[2]))
}
for (t in list(c(36, 57, 18, 51), c(14, 57, 6, 51), c(6, 7, 2, 9))) {
  m <- rbind(c(t[1], t[2] - t[1]), c(t[3], t[4] - t[3]))
  case <- paste(t, collapse = "/")
  p <- function(test) rep(suppressWarnings(test)$p.value, 2)
  add(case, "Pearson chi-square", p(chisq.test(m, correct = FALSE)))
  add(case, "chi-square with Yates correction", p(chisq.test(m)))
  add(case, "Fisher exact", p(fisher.test(m)))
}
from_summary <- function(equal) {
  set.seed(1)
  scaled <- function(n, mean, sd) as.vector(scale(rnorm(n))) * sd + mean
  rep(t.test(scaled(38, 3.3, 3.1), scaled(43, 2.3, 2.2), var.equal = equal)$p.value, 2)
}
add("means", "Welch t", from_summary(FALSE))
add("means", "Student t", from_summary(TRUE))
add("chi2 3.038", "p", rep(pchisq(3.038, 1, lower.tail = FALSE), 2))
add("f 4.2 on 1 and 30", "p", rep(pf(4.2, 1, 30, lower.tail = FALSE), 2))
add("t 2.3 on 18", "p", rep(2 * pt(-2.3, 18), 2))
write.csv(do.call(rbind, rows), row.names = FALSE, quote = FALSE)
