# Reference numbers for Kendall's tau-b, correlation within patients, differences and adjusted Spearman.
# R 4.2.2, MASS 7.3.58.2, numDeriv 2016.8.1.1, psych 2.2.9: Rscript correlations.R > correlations.csv
# Error of tau-b (Goodman and Kruskal 1972), limits of Zou 2007, the correlation of probability-scale residuals
# and its sandwich error (Liu, Li, Wanga and Shepherd 2018) are written out in base R.
suppressMessages({library(MASS); library(numDeriv)})
row <- function(quantity, term, value) cat(sprintf("%s,%s,%.15g\n", quantity, term, value))
cat("quantity,term,value\n")

tau_table <- function(term, tab) {  # twice the pairs, as in SAS PROC FREQ
  r <- nrow(tab); c <- ncol(tab); n <- sum(tab); d <- matrix(0, r, c)
  for (i in 1:r) for (j in 1:c) {
    s <- outer(sign(1:r - i), sign(1:c - j)); d[i, j] <- sum(tab * s)
  }
  wr <- n^2 - sum(rowSums(tab)^2); wc <- n^2 - sum(colSums(tab)^2); w <- sqrt(wr * wc)
  tau <- sum(tab * d) / w
  v <- outer(rowSums(tab), colSums(tab), function(a, b) a * wc + b * wr)
  ase <- sqrt(sum(tab * (2 * w * d + tau * v)^2) - n^3 * tau^2 * (wr + wc)^2) / w^2
  row("tau", term, tau); row("tau ase", term, ase)
  reach <- qt(0.975, n - 2) * ase / (1 - tau^2) * sqrt(n / (n - 2))
  row("tau low", term, tanh(atanh(tau) - reach)); row("tau high", term, tanh(atanh(tau) + reach))
}
x <- c(0, 0, 1, 2, 3, 5, 5, 7, 8, 10); y <- c(3, 9, 8, 12, 10, 20, 18, 25, 20, 40)
tau_table("dose", rbind(c(26, 26, 23, 18, 9), c(6, 7, 9, 14, 23)))
tau_table("tied", table(x, y))
test <- suppressWarnings(cor.test(x, y, method = "kendall"))
row("cor.test tau", "tied", test$estimate); row("cor.test p", "tied", test$p.value)
u <- c(1.2, 0.4, 3.3, 2.8, 5.1, 4.7, 6.6, 2.2, 0.9, 7.4); v <- c(2.1, 0.3, 1.9, 4.4, 3.6, 6.1, 5.2, 0.8, 1.5, 4.9)
test <- cor.test(u, v, method = "kendall", exact = TRUE)
row("cor.test tau", "untied", test$estimate); row("cor.test p", "untied", test$p.value)
tau_table("untied", table(u, v))

patient <- c(1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5); a <- c(2, 4, 5, 6, 7, 9, 8, 1, 3, 5, 5, 6, 3, 1)
b <- c(9, 8, 6, 5, 6, 2, 4, 7, 7, 6, 5, 5, 8, 9)
fit <- anova(lm(b ~ factor(patient) + a)); ss <- fit[["Sum Sq"]]; df <- fit[["Df"]][3]
r <- sign(coef(lm(b ~ factor(patient) + a))["a"]) * sqrt(ss[2] / (ss[2] + ss[3]))
row("within r", "visits", r); row("within p", "visits", fit[["Pr(>F)"]][2]); row("within freedom", "visits", df)
row("within low", "visits", tanh(atanh(r) - qnorm(0.975) / sqrt(df - 1)))
row("within high", "visits", tanh(atanh(r) + qnorm(0.975) / sqrt(df - 1)))

row("psych r.test p", "0.55 60 0.341 71", suppressWarnings(psych::r.test(n = 60, r12 = 0.55, r34 = 0.341, n2 = 71))$p)
zou <- function(term, r1, n1, r2, n2) {
  l1 <- tanh(atanh(r1) + c(-1, 1) * qnorm(0.975) / sqrt(n1 - 3)); l2 <- tanh(atanh(r2) + c(-1, 1) * qnorm(0.975) / sqrt(n2 - 3))
  row("zou low", term, r1 - r2 - sqrt((r1 - l1[1])^2 + (l2[2] - r2)^2))
  row("zou high", term, r1 - r2 + sqrt((l1[2] - r1)^2 + (r2 - l2[1])^2))
}
zou("0.55 60 0.341 71", 0.55, 60, 0.341, 71); zou("0.2 25 -0.4 40", 0.2, 25, -0.4, 40)

# Adjusted Spearman: cumulative logit models by polr, residuals P(Y* < y) - P(Y* > y), sandwich by numDeriv.
tally <- read.csv("models_tally.csv"); rows <- tally[rep(seq_len(nrow(tally)), tally$n), ]
z <- as.matrix(rows[c("neuropathic", "woman", "age_decade", "duration_years")])
model <- function(values) {
  level <- as.integer(factor(values)); k <- max(level)
  start <- polr(factor(values) ~ z, method = "logistic", control = list(reltol = 1e-15, maxit = 500))
  unpack <- function(theta, i) {
    cuts <- c(-Inf, theta[1:(k - 1)], Inf); eta <- drop(z[i, , drop = FALSE] %*% theta[-(1:(k - 1))])
    list(up = plogis(cuts[level[i] + 1] - eta), lo = plogis(cuts[level[i]] - eta))
  }
  loglik <- function(theta, i = seq_along(level)) { p <- unpack(theta, i); log(p$up - p$lo) }
  score <- function(theta) {  # derivative of each row's log-likelihood, written out
    p <- unpack(theta, seq_along(level)); du <- p$up * (1 - p$up); dl <- p$lo * (1 - p$lo); pr <- p$up - p$lo
    s <- matrix(0, length(level), k - 1)
    for (j in 1:(k - 1)) s[, j] <- ((level == j) * du - (level == j + 1) * dl) / pr
    cbind(s, -(du - dl) / pr * z)
  }
  theta <- c(start$zeta, coef(start))
  for (step in 1:8) theta <- theta - solve(jacobian(function(t) colSums(score(t)), theta), colSums(score(theta)))
  list(theta = theta, score = score, residual = function(theta) { p <- unpack(theta, seq_along(level)); p$up + p$lo - 1 })
}
partial <- function(term, one, two) {
  first <- model(one); second <- model(two); m1 <- length(first$theta); m2 <- length(second$theta)
  moments <- function(all) {  # rows of the stacked estimating functions
    t1 <- all[1:m1]; t2 <- all[m1 + 1:m2]; g <- all[m1 + m2 + 1:5]
    p <- first$residual(t1); q <- second$residual(t2)
    cbind(first$score(t1), second$score(t2), p - g[1], q - g[2], p * q - g[3], p^2 - g[4], q^2 - g[5])
  }
  p <- first$residual(first$theta); q <- second$residual(second$theta)
  g <- c(mean(p), mean(q), mean(p * q), mean(p^2), mean(q^2)); all <- c(first$theta, second$theta, g)
  bread <- solve(jacobian(function(a) colMeans(moments(a)), all)); meat <- crossprod(moments(all)) / length(p)
  variance <- bread %*% meat %*% t(bread) / length(p)
  correlation <- function(g) (g[3] - g[1] * g[2]) / sqrt((g[4] - g[1]^2) * (g[5] - g[2]^2))
  slope <- grad(correlation, g)
  row("partial spearman", term, correlation(g))
  row("partial spearman se", term, sqrt(drop(slope %*% variance[m1 + m2 + 1:5, m1 + m2 + 1:5] %*% slope)))
}
partial("edss2 nrs", rows$edss2, rows$nrs)
partial("nrs in four", rows$edss2, findInterval(rows$nrs, c(1, 4, 7)))
