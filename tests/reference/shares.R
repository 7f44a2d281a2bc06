# Reference numbers for odds ratios, McNemar's mid-p, standardised shares and rates, prevalence by an imperfect test,
# worst-case limits and shares weighted for assessment.
# Made with R 4.2.2, BiasedUrn 2.0.9, epiR 2.0.57, epitools 0.5-10.1, numDeriv 2016.8-1.1 and survey 4.1-1:
# Rscript shares.R > shares.csv
suppressMessages({library(epiR); library(epitools); library(BiasedUrn); library(numDeriv); library(survey)})
row <- function(quantity, term, value) cat(sprintf("%s,%s,%.14g\n", quantity, term, value))
limits <- function(quantity, value) { row(quantity, "conf_low", value[1]); row(quantity, "conf_high", value[2]) }
name <- function(prefix, counts) paste(prefix, paste(counts, collapse = "/"))
cat("quantity,term,value\n")

# Odds ratio given both margins: fisher.test stops its search early, so the same equations are also solved tightly
# on the noncentral hypergeometric distribution of BiasedUrn. Counts: events and patients of groups 1 and 2.
for (t in list(c(6, 7, 2, 9), c(3, 4, 1, 4), c(27, 66, 117, 145), c(0, 10, 5, 10), c(8, 8, 3, 9))) {
  x <- t[1]; m1 <- t[2]; m2 <- t[4]; n <- t[1] + t[3]; q <- name("conditional", t)
  test <- fisher.test(matrix(c(t[1], t[2] - t[1], t[3], t[4] - t[3]), 2, byrow = TRUE))
  row(q, "fisher_estimate", test$estimate)
  row(q, "fisher_low", test$conf.int[1]); row(q, "fisher_high", test$conf.int[2])
  find <- function(f) exp(uniroot(f, c(-12, 12), tol = 1e-14)$root)
  lowest <- max(0, n - m2); highest <- min(n, m1)
  if (x > lowest && x < highest)
    row(q, "estimate", find(function(l) meanFNCHypergeo(m1, m2, n, exp(l), precision = 0) - x))
  if (x > lowest)
    row(q, "conf_low", find(function(l) pFNCHypergeo(x - 1, m1, m2, n, exp(l), 1e-14, lower.tail = FALSE) - 0.025))
  if (x < highest)
    row(q, "conf_high", find(function(l) pFNCHypergeo(x, m1, m2, n, exp(l), 1e-14) - 0.025))
  row(q, "p_value", min(1, 2 * min(phyper(x, m1, m2, n), phyper(x - 1, m1, m2, n, lower.tail = FALSE))))
}
for (t in list(c(6, 7, 2, 9), c(27, 66, 117, 145))) {
  table <- matrix(c(t[1], t[2] - t[1], t[3], t[4] - t[3]), 2, byrow = TRUE)
  found <- epi.2by2(table, method = "cohort.count")$massoc.detail
  q <- name("epi_2by2", t)
  row(q, "odds_ratio", found$OR.strata.wald$est)
  row(q, "odds_low", found$OR.strata.wald$lower); row(q, "odds_high", found$OR.strata.wald$upper)
}

# McNemar mid-p: no package here, formula of Fagerland, Lydersen and Laake 2013 from the exact test; with equal counts
# half the probability is taken off, as they say
for (b in list(c(1, 7), c(6, 16), c(12, 2), c(5, 5), c(0, 1)))
  row(name("mcnemar_mid_p", b), "p_value",
      binom.test(min(b), sum(b))$p.value - dbinom(min(b), sum(b), 0.5) / (if (b[1] == b[2]) 2 else 1))

# Fleiss 1981, births with Down's syndrome by birth order and mother's age: table 1 of Fay and Feuer 1997
births <- matrix(c(230061, 329449, 114920, 39487, 14208, 3052, 72202, 326701, 208667, 83228, 28466, 5375,
                   15050, 175702, 207081, 117300, 45026, 8660, 2293, 68800, 132424, 98301, 46075, 9834,
                   327, 30666, 123419, 149919, 104088, 34392), 6)
cases <- matrix(c(107, 141, 60, 40, 39, 25, 25, 150, 110, 84, 82, 39, 3, 71, 114, 103, 108, 75,
                  1, 26, 64, 89, 137, 96, 0, 8, 63, 112, 262, 295), 6)
standard <- rowMeans(births)
for (order in 1:5) {
  found <- ageadjust.direct(cases[, order], births[, order], stdpop = standard)
  q <- paste("fleiss", order)
  row(q, "estimate", found["adj.rate"]); limits(q, found[c("lci", "uci")])
}
# epiR's worked example, Thrusfield 2007
obs <- matrix(c(15, 46, 53, 16), 2, byrow = TRUE, dimnames = list(c("ED", "GL"), c("M", "F")))
tar <- matrix(c(48, 212, 180, 71), 2, byrow = TRUE, dimnames = list(c("ED", "GL"), c("M", "F")))
std <- matrix(c(250, 250), 1, dimnames = list("", c("M", "F")))
found <- epi.directadj(obs, tar, std, units = 1, conf.level = 0.95)$adj.strata
for (i in 1:2) {
  row(paste("leptospirosis", i), "estimate", found$est[i])
  limits(paste("leptospirosis", i), c(found$lower[i], found$upper[i]))
}

# Stratified Wilson limits: no package here, formulas of Yan and Su 2010 with given weights on prop.test's limits
stratified <- function(x, n, w, level) {
  w <- w / sum(w); z <- qnorm((1 + level) / 2); error <- sqrt(x / n * (1 - x / n) / n)
  reduced <- if (any(error > 0)) z * sqrt(sum(w^2 * error^2)) / sum(w * error) else z
  each <- mapply(function(k, m) suppressWarnings(
    prop.test(k, m, correct = FALSE, conf.level = 2 * pnorm(reduced) - 1))$conf.int, x, n)
  each %*% w
}
limits("stratified mixed", stratified(c(1, 8, 14, 2), c(3, 20, 31, 2), c(1, 2, 3, 4), 0.95))
limits("stratified wide", stratified(c(12, 30, 9), c(40, 50, 12), c(0.2, 0.5, 0.3), 0.9))
limits("stratified extremes", stratified(c(0, 3, 0, 4), c(2, 3, 5, 4), c(1, 1, 1, 1), 0.95))

# True prevalence: epiR with known accuracy
for (t in list(c(45, 150, 0.96, 0.89), c(35, 122, 0.83, 0.90), c(19, 20, 0.96, 0.99))) for (m in c("wilson", "c-p")) {
  found <- epi.prev(t[1], t[2], t[3], t[4], method = m, units = 1)$tp
  q <- paste(name("known", t), m)
  row(q, "estimate", found$est); limits(q, c(found$lower, found$upper))
}
# Estimated accuracy: no package here, formulas of Lang and Reiczigel 2014, not held within 0 and 1
lang_reiczigel <- function(x, n, a, na, b, nb, level) {
  z <- qnorm((1 + level) / 2)
  n_ <- n + z^2; ap <- (x + z^2 / 2) / n_; na_ <- na + 2; nb_ <- nb + 2; se <- (a + 1) / na_; sp <- (b + 1) / nb_
  p <- (ap + sp - 1) / (se + sp - 1)
  shift <- 2 * z^2 * (p * se * (1 - se) / na_ - (1 - p) * sp * (1 - sp) / nb_)
  v <- (ap * (1 - ap) / n_ + p^2 * se * (1 - se) / na_ + (1 - p)^2 * sp * (1 - sp) / nb_) / (se + sp - 1)^2
  p + shift + c(-1, 1) * z * sqrt(v)
}
for (t in list(c(45, 150, 69, 83, 64, 71), c(35, 122, 74, 89, 64, 71), c(60, 145, 33, 40, 36, 40)))
  limits(name("estimated", t), lang_reiczigel(t[1], t[2], t[3], t[4], t[5], t[6], 0.95))

# Worst-case limits: critical value of Imbens and Manski 2004 by a search, exact binomial limits with its tail
for (t in list(c(48, 60, 100), c(10, 11, 12), c(3, 40, 41), c(0, 20, 25), c(9, 9, 9))) {
  low <- t[1] / t[3]; high <- (t[1] + t[3] - t[2]) / t[3]
  distance <- (high - low) / sqrt(max(low * (1 - low), high * (1 - high)) / t[3])
  if (is.nan(distance)) distance <- 0
  z <- if (distance == 0) qnorm(0.975) else
    uniroot(function(z) pnorm(z + distance) - pnorm(-z) - 0.95, c(1, 3), tol = 1e-14)$root
  q <- name("worst_case", t)
  row(q, "z", z)
  limits(q, c(binom.test(t[1], t[3], conf.level = 1 - 2 * pnorm(-z))$conf.int[1],
              binom.test(t[1] + t[3] - t[2], t[3], conf.level = 1 - 2 * pnorm(-z))$conf.int[2]))
}

# Weighted for assessment: cells of severity and decade. Stacked estimating equations differentiated numerically.
cells <- data.frame(severe = rep(0:1, each = 4), decade = rep(0:3, 2), all = c(30, 28, 25, 17, 14, 22, 19, 21),
                    assessed = c(12, 15, 14, 11, 10, 17, 16, 19), events = c(5, 7, 8, 6, 7, 13, 14, 17))
people <- cells[rep(1:8, cells$all), 1:2]
people$r <- as.numeric(sequence(cells$all) <= rep(cells$assessed, cells$all))
people$y <- ifelse(people$r == 1, as.numeric(sequence(cells$all) <= rep(cells$events, cells$all)), NA)
y <- ifelse(people$r == 1, people$y, 0)
x <- cbind(1, people$severe, people$decade)
fit <- glm(r ~ severe + decade, binomial, people, epsilon = 1e-15)
weighted <- function(q, cap) {
  weight <- function(theta) pmin(cap, 1 / plogis(x %*% theta)[, 1])
  w <- people$r * weight(coef(fit)); share <- sum(w * y) / sum(w)
  equations <- function(theta) cbind(x * (people$r - plogis(x %*% theta[1:3])[, 1]),
                                     people$r * weight(theta[1:3]) * (y - theta[4]))
  theta <- c(coef(fit), share); n <- nrow(people)
  bread <- solve(jacobian(function(at) colSums(equations(at)), theta))
  error <- sqrt((bread %*% crossprod(equations(theta)) %*% t(bread))[4, 4] * n / (n - 3))
  ess <- sum(w)^2 / sum(w^2)
  row(q, "estimate", share); row(q, "std_error", error); row(q, "effective_n", ess); row(q, "largest_weight", max(w))
  limits(q, plogis(qlogis(share) + c(-1, 1) * qt(0.975, ess - 1) * error / (share * (1 - share))))
}
weighted("weighted free", Inf)
weighted("weighted capped", 1.5)
row("weighted free", "smallest_probability", min(fitted(fit)))
design <- estWeights(people, formula = ~ severe + decade, subset = ~ I(r == 1))
row("weighted survey", "estimate", coef(svymean(~ y, design)))
row("weighted survey", "std_error", sqrt(vcov(svymean(~ y, design))[1, 1]))
