# Reference numbers for rank tests, Cliff's delta, Hedges g and differences of means.
# R 4.2.2, coin 1.4.2, exactRankTests 0.8.35, effectsize 0.8.3: Rscript rank_tests.R > rank_tests.csv
# Brunner and Munzel 2000, noncentral limits and Cliff 1993 are written out in base R.
suppressMessages({library(coin); library(exactRankTests); library(effectsize)})
row <- function(quantity, term, value) cat(sprintf("%s,%s,%.15g\n", quantity, term, value))
cat("quantity,term,value\n")

untied_x <- c(1.83, 0.51, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3)
untied_y <- c(0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06001, 3.14, 1.293)
scores_x <- c(0, 1, 1, 2, 3, 3, 3, 4, 5, 7, 8, 2, 2, 6, 4)
scores_y <- c(0, 0, 0, 1, 1, 2, 2, 3, 3, 5, 1, 0, 2, 4, 1, 0)
scores_z <- c(4, 4, 6, 7, 2, 8, 9, 5)
many_x <- rep(scores_x, 3); many_y <- rep(scores_y, 3)

mw <- function(term, x, y) {
  test <- suppressWarnings(wilcox.test(x, y, exact = FALSE))
  row("u", term, test$statistic); row("normal p", term, test$p.value)
  frame <- data.frame(v = c(x, y), g = factor(rep(c("x", "y"), c(length(x), length(y)))))
  row("exact p", term, pvalue(wilcox_test(v ~ g, frame, distribution = "exact")))
}
mw("untied", untied_x, untied_y); mw("scores", scores_x, scores_y); mw("uneven", scores_z, scores_y)
row("wilcox.test exact p", "untied", wilcox.test(untied_x, untied_y, exact = TRUE)$p.value)
row("wilcox.exact p", "scores", wilcox.exact(scores_x, scores_y)$p.value)
row("normal p", "many", suppressWarnings(wilcox.test(many_x, many_y))$p.value)

ncp_limits <- function(below, upper) sapply(c(0.975, 0.025), function(share)
  if (below(0) < share) 0 else uniroot(function(l) below(l) - share, c(0, upper), tol = 1e-12)$root)
kw <- function(term, ...) {
  samples <- list(...); v <- unlist(samples); g <- factor(rep(seq_along(samples), lengths(samples)))
  test <- kruskal.test(v, g); n <- length(v); k <- length(samples); h <- unname(test$statistic)
  row("h", term, h); row("kruskal p", term, test$p.value)
  row("rank eta squared", term, rank_eta_squared(v, g, ci = NULL)[[1]])
  f <- summary(aov(rank(v) ~ g))[[1]][["F value"]][1]
  limits <- ncp_limits(function(l) pf(f, k - 1, n - k, ncp = l), 500)
  row("effect low", term, limits[1] / (limits[1] + n)); row("effect high", term, limits[2] / (limits[2] + n))
}
kw("three", scores_x, scores_y, scores_z); kw("near null", scores_x, scores_z, c(3, 5, 2, 8, 6, 4))
tiny <- c(0, 1, 1, 2, 4, 4, 3, 7); tiny_groups <- c(1, 1, 1, 2, 2, 2, 3, 3)
row("h", "tiny", kruskal.test(tiny, tiny_groups)$statistic)
every <- do.call(c, lapply(combn(8, 3, simplify = FALSE), function(one) {
  rest <- setdiff(1:8, one)
  lapply(combn(5, 3, simplify = FALSE), function(two) { g <- rep(3, 8); g[one] <- 1; g[rest[two]] <- 2; g })
}))
hs <- sapply(every, function(g) kruskal.test(tiny, g)$statistic)
row("enumerated p", "tiny", mean(hs >= kruskal.test(tiny, tiny_groups)$statistic - 1e-9))

bm <- function(term, x, y) {  # Brunner and Munzel 2000, Neubert and Brunner 2007 (2.2)
  n <- length(x); m <- length(y); r <- rank(c(x, y)); rx <- r[1:n]; ry <- r[n + 1:m]
  p <- (mean(rx) - (n + 1) / 2) / m
  sx <- sum((rx - rank(x) - mean(rx) + (n + 1) / 2)^2) / (n - 1)
  sy <- sum((ry - rank(y) - mean(ry) + (m + 1) / 2)^2) / (m - 1)
  se <- sqrt(sx / (m^2 * n) + sy / (n^2 * m))
  df <- (sx / (m^2 * n) + sy / (n^2 * m))^2 / ((sx / (m^2 * n))^2 / (n - 1) + (sy / (n^2 * m))^2 / (m - 1))
  row("bm estimate", term, p); row("bm se", term, se)
  row("bm plain p", term, 2 * pt(-abs(p - 0.5) / se, df))
  row("bm plain low", term, p - qt(0.975, df) * se); row("bm plain high", term, p + qt(0.975, df) * se)
  s <- se / (p * (1 - p))
  row("bm logit p", term, 2 * pt(-abs(qlogis(p)) / s, df))
  row("bm logit low", term, plogis(qlogis(p) - qt(0.975, df) * s))
  row("bm logit high", term, plogis(qlogis(p) + qt(0.975, df) * s))
  row("cliffs delta", term, cliffs_delta(x, y, ci = NULL)[[1]])
  d <- sign(outer(x, y, "-")); a <- rowMeans(d) - mean(d); b <- colMeans(d) - mean(d)
  row("cliff 1993 se", term, sqrt((m^2 * sum(a^2) + n^2 * sum(b^2) - sum((d - mean(d))^2)) / (n * m * (n - 1) * (m - 1))))
}
bm("many", many_x, many_y)

g <- function(term, x, y) {
  found <- hedges_g(x, y, pooled_sd = TRUE); d <- cohens_d(x, y, pooled_sd = TRUE)
  row("hedges g", term, found[[1]])
  row("d low", term, d$CI_low); row("d high", term, d$CI_high)
  row("pooled t p", term, t.test(x, y, var.equal = TRUE)$p.value)
  t <- unname(t.test(x, y, var.equal = TRUE)$statistic); df <- length(x) + length(y) - 2
  root <- sqrt(length(x) * length(y) / (df + 2))
  limits <- sapply(c(0.975, 0.025), function(share)
    uniroot(function(l) pt(t, df, ncp = l) - share, t + c(-20, 20), tol = 1e-12)$root)
  row("delta low", term, limits[1] / root); row("delta high", term, limits[2] / root)
  test <- t.test(x, y)
  row("welch estimate", term, -diff(test$estimate)); row("welch p", term, test$p.value)
  row("welch low", term, test$conf.int[1]); row("welch high", term, test$conf.int[2]); row("welch se", term, test$stderr)
}
g("scores", scores_x, scores_y); g("uneven", scores_z, scores_y); g("untied", untied_x, untied_y)
