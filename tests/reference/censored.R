# Reference numbers for tests/statistics/censored/test_censored_normal.py.
# Made with R, package survival: Rscript tests/reference/censored.R, which writes censored.csv (set,quantity,term,value)
# and censored_rows.csv (the values).
suppressMessages(library(survival))
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
numbers <- data.frame()
put <- function(set, quantity, term, value)
  numbers <<- rbind(numbers, data.frame(set = set, quantity = quantity, term = term, value = sprintf("%.15g", value)))

set.seed(5)
draw <- function(set, n, low, high) {
  pain <- rbinom(n, 1, 0.6)
  age <- round(runif(n, 2, 7), 1)
  value <- round(exp(1 + 0.4 * pain + 0.1 * age + 0.7 * rnorm(n)), 2)
  # two centres with limits of their own
  below <- ifelse(seq_len(n) %% 2 == 0, low, low * 1.6)
  kind <- ifelse(value < below, -1, ifelse(value > high, 1, 0))
  data.frame(set = set, value = pmin(pmax(value, below), high), kind = kind, pain = pain, age = age)
}
rows <- rbind(draw("small", 24, 2.5, 9), draw("large", 300, 2, 20), draw("heavy", 200, 5, 8), draw("measured", 30, 0, 1e9))
write.csv(rows, file.path(folder, "censored_rows.csv"), row.names = FALSE, quote = FALSE)

for (set in unique(rows$set)) {
  part <- rows[rows$set == set, ]
  left <- ifelse(part$kind == -1, NA, log(part$value))
  right <- ifelse(part$kind == 1, NA, log(part$value))
  fit <- survreg(Surv(left, right, type = "interval2") ~ pain + age, data = part, dist = "gaussian",
    control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
  for (term in names(coef(fit))) {
    put(set, "effect", term, coef(fit)[[term]])
    put(set, "std_error", term, sqrt(vcov(fit)[term, term]))
  }
  put(set, "deviation", "", fit$scale)
  put(set, "log_likelihood", "", fit$loglik[2])
  # The profile of the effect of pain at two held values, by an offset.
  for (held in c(0, 0.5)) {
    offset <- survreg(Surv(left, right, type = "interval2") ~ age + offset(held * pain), data = part,
      dist = "gaussian", control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
    put(set, "profile_log_likelihood", sprintf("%g", held), offset$loglik[2])
  }
  if (set == "measured") {
    limits <- confint(lm(log(value) ~ pain + age, data = part))
    for (side in 1:2) put(set, c("conf_low", "conf_high")[side], "pain", limits["pain", side])
    put(set, "p_value", "pain", summary(lm(log(value) ~ pain + age, data = part))$coefficients["pain", 4])
  }
}
write.csv(numbers, file.path(folder, "censored.csv"), row.names = FALSE, quote = FALSE)
