# Reference numbers for pooling over imputations, shares of missing values and tipping points.
# Made with R 4.2.2, mice 3.15.0: Rscript missing.R > missing.csv
suppressPackageStartupMessages(library(mice))
row <- function(quantity, term, value) cat(sprintf("%s,%s,%.15g\n", quantity, term, value))
cat("quantity,term,value\n")

pool <- function(name, q, u, n) {
  found <- pool.scalar(q, u, n = n, k = 1)
  for (term in c("qbar", "ubar", "b", "t", "df", "r", "fmi")) row(name, term, found[[term]])
  reach <- qt(0.975, found$df) * sqrt(found$t)
  row(name, "conf_low", found$qbar - reach)
  row(name, "conf_high", found$qbar + reach)
  row(name, "p_value", 2 * pt(-abs(found$qbar) / sqrt(found$t), found$df))
}
pool("small", c(2.0, 2.4, 2.2), c(0.16, 0.16, 0.16), 59)
pool("large", c(0.31, 0.44, 0.27, 0.38, 0.35, 0.40), c(0.021, 0.019, 0.024, 0.020, 0.022, 0.018), Inf)
pool("tight", c(-1.21, -0.40, -0.93, -1.60, -0.12), c(0.06, 0.08, 0.05, 0.07, 0.06), 24)

# pool() of linear models over imputations that mice ships: nhanes, five imputations by pmm
made <- mice(nhanes, m = 5, maxit = 4, seed = 23, printFlag = FALSE)
fits <- with(made, lm(chl ~ age + bmi))
pooled <- mice::pool(fits)$pooled
for (i in 1:3) {
  for (j in 1:5) {
    row(paste0("nhanes_estimate_", pooled$term[i]), j, coef(fits$analyses[[j]])[i])
    row(paste0("nhanes_variance_", pooled$term[i]), j, vcov(fits$analyses[[j]])[i, i])
  }
  for (term in c("estimate", "ubar", "b", "t", "df", "riv", "fmi")) row(paste0("nhanes_", pooled$term[i]), term, pooled[i, term])
}

for (delta in c(-2, -0.5, 0, 1.5)) {
  wilson <- prop.test(48, 60, correct = FALSE)
  moved <- function(p) 0.6 * p + 0.4 * plogis(qlogis(p) + delta)
  row("tipping", paste0("estimate_", delta), moved(48 / 60))
  row("tipping", paste0("conf_low_", delta), moved(wilson$conf.int[1]))
  row("tipping", paste0("conf_high_", delta), moved(wilson$conf.int[2]))
}
low <- prop.test(48, 60, correct = FALSE)$conf.int[1]
row("tipping", "delta", uniroot(function(delta) 0.6 * low + 0.4 * plogis(qlogis(low) + delta) - 0.5, c(-6, 0), tol = 1e-13)$root)

patterns <- md.pattern(nhanes, plot = FALSE)
for (i in seq_len(nrow(patterns) - 1)) {
  missing <- sort(colnames(patterns)[-5][patterns[i, -5] == 0])
  row("patterns", paste0(c("missing", missing), collapse = " "), as.numeric(rownames(patterns)[i]))
}
for (name in names(nhanes)) for (i in 1:25) row(paste0("nhanes_data_", name), i, nhanes[i, name])
