# Reference numbers for standardised differences of shares and categories.
# Made with R 4.2.2: Rscript balance.R > balance.csv
# Mahalanobis distance with the mean multinomial covariance; limits from pchisq with ncp, solved by
# uniroot; the upper one is the normal limit where that is higher.
cat("case,x,y,conf_level,quantity,value\n")
row <- function(case, x, y, level, quantity, value)
  cat(sprintf("%s,%s,%s,%g,%s,%.12g\n", case, paste(x, collapse = " "), paste(y, collapse = " "), level, quantity, value))
covariance <- function(p) diag(p) - outer(p, p)
categories <- function(x, y, level) {
  n <- sum(x); m <- sum(y); p <- (x / n)[-length(x)]; q <- (y / m)[-length(y)]
  gap <- sqrt(mahalanobis(p, q, (covariance(p) + covariance(q)) / 2))
  weight <- n * m / (n + m); statistic <- weight * gap^2; freedom <- length(x) - 1
  at <- function(share) if (pchisq(statistic, freedom) <= share) 0 else
    uniroot(function(s) pchisq(statistic, freedom, ncp = s) - share, c(0, 50 + 5 * statistic), tol = 1e-12)$root
  row("categories", x, y, level, "estimate", gap)
  row("categories", x, y, level, "conf_low", sqrt(at(0.5 + level / 2) / weight))
  error <- sqrt(1 / weight + gap^2 / (2 * (n + m)))
  row("categories", x, y, level, "conf_high", max(sqrt(at(0.5 - level / 2) / weight), gap + qnorm(0.5 + level / 2) * error))
}
shares <- function(x, y, level) {
  p <- x[1] / x[2]; q <- y[1] / y[2]
  gap <- (p - q) / sqrt((p * (1 - p) + q * (1 - q)) / 2)
  error <- sqrt((x[2] + y[2]) / (x[2] * y[2]) + gap^2 / (2 * (x[2] + y[2])))
  row("shares", x, y, level, "estimate", gap)
  row("shares", x, y, level, "conf_low", gap - qnorm(0.5 + level / 2) * error)
  row("shares", x, y, level, "conf_high", gap + qnorm(0.5 + level / 2) * error)
}
categories(c(20, 30, 50), c(40, 30, 30), 0.95)
categories(c(5, 3, 2, 9), c(14, 8, 6, 21), 0.95)
categories(c(5, 0, 2, 9), c(1, 8, 6, 2), 0.9)
shares(c(30, 40), c(50, 100), 0.95)
shares(c(0, 12), c(7, 30), 0.9)
