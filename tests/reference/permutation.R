# Reference numbers for permutation tests, multiplicity and max-T.
# Made with R 4.2.2, coin 1.4.2, exactRankTests 0.8.35, multtest 2.54.0: Rscript permutation.R > permutation.csv
# Limits of shifts have no package that keeps ties: the loops below shift the data and list every allocation.
suppressPackageStartupMessages({library(coin); library(exactRankTests); library(multtest)})
row <- function(quantity, term, value) cat(sprintf("%s,%s,%.15g\n", quantity, term, value))
cat("quantity,term,value\n")

p <- c(0.01, 0.04, 0.03, 0.005, 0.55, 0.02, 1, 0.0004, 0.03)
for (method in c("holm", "BH")) for (i in seq_along(p)) row(paste0("adjust_", method), i, p.adjust(p, method)[i])

pain <- c(1, 2, 2, 3, 6, 7, 7, 8, 0, 3, 5, 5, 9, 4)
group <- factor(c("b", "b", "b", "b", "a", "a", "a", "a", "b", "b", "a", "b", "a", "b"))
site <- factor(c(1, 1, 1, 2, 1, 2, 1, 2, 2, 2, 2, 1, 1, 1))
three <- factor(c("a", "b", "c", "a", "b", "c", "a", "b", "c", "c", "b", "b", "a", "a"))
exact <- function(...) as.numeric(pvalue(oneway_test(..., distribution = exact_or())))
exact_or <- function() "exact"
row("two_groups", "two_sided", exact(pain ~ group))
row("two_groups", "greater", exact(pain ~ group, alternative = "greater"))
row("two_groups", "less", exact(pain ~ group, alternative = "less"))
row("two_groups", "strata", exact(pain ~ group | site))
row("two_groups", "exactRankTests", perm.test(pain[group == "a"], pain[group == "b"], exact = TRUE)$p.value)
# k groups: every allocation of 5, 5 and 4 of 14 patients, statistic sum of n * mean^2 (coin has no exact version)
total <- 0; extreme <- 0
observed <- sum(tapply(pain, three, function(v) sum(v)^2 / length(v)))
size <- table(three)
for (one in combn(14, size[1], simplify = FALSE)) {
  rest <- setdiff(1:14, one)
  two <- combn(rest, size[2])
  sum_one <- sum(pain[one]); sum_two <- colSums(matrix(pain[two], nrow = size[2]))
  value <- sum_one^2 / size[1] + sum_two^2 / size[2] + (sum(pain) - sum_one - sum_two)^2 / size[3]
  total <- total + ncol(two); extreme <- extreme + sum(value >= observed - 1e-9)
}
row("three_groups", "greater", extreme / total)

shift_limits <- function(x, y, level) {
  all <- c(x, y); nx <- length(x); sets <- combn(length(all), nx)
  below <- function(d) { v <- c(x - d, y); mean(colSums(matrix(v[sets], nrow = nx)) <= sum(x - d) + 1e-9) }
  above <- function(d) { v <- c(x - d, y); mean(colSums(matrix(v[sets], nrow = nx)) >= sum(x - d) - 1e-9) }
  steps <- unique(round(apply(sets, 2, function(s) {
    kept <- sum(s <= nx); if (kept == nx) return(NA)
    moved_in <- sum(y) - sum(all[-s][!(which(!(seq_along(all) %in% s)) <= nx)])
    moved_out <- sum(x) - sum(all[s][s <= nx])
    (moved_out - moved_in) / (nx - kept)
  }), 12))
  steps <- sort(steps[!is.na(steps)])
  alpha <- (1 - level) / 2
  kept <- steps[sapply(steps, function(d) above(d) > alpha + 1e-12 & below(d) > alpha + 1e-12)]
  c(min(kept), max(kept), min(1, 2 * min(above(0), below(0))))
}
x <- c(6, 7, 8, 9, 4.5); y <- c(1, 2, 4, 5, 5, 3)
for (level in c(0.9, 0.95)) {
  found <- shift_limits(x, y, level)
  for (i in 1:3) row(paste0("shift_", level), c("conf_low", "conf_high", "p_value")[i], found[i])
}
flip_limits <- function(d, level) {
  sets <- as.matrix(expand.grid(rep(list(c(FALSE, TRUE)), length(d))))
  above <- function(m) mean(apply(sets, 1, function(s) sum((d - m)[s])) <= 1e-9)
  below <- function(m) mean(apply(sets, 1, function(s) sum((d - m)[s])) >= -1e-9)
  steps <- unique(round(apply(sets[-1, ], 1, function(s) mean(d[s])), 12))
  alpha <- (1 - level) / 2
  kept <- steps[sapply(steps, function(m) above(m) > alpha + 1e-12 & below(m) > alpha + 1e-12)]
  c(min(kept), max(kept), min(1, 2 * min(above(0), below(0))))
}
change <- c(-4, -3, -3, -2, -2, -1, 0, 1)
for (level in c(0.9, 0.95)) {
  found <- flip_limits(change, level)
  for (i in 1:3) row(paste0("flip_", level), c("conf_low", "conf_high", "p_value")[i], found[i])
}

outcomes <- rbind(pain = c(1, 2, 2, 3, 6, 7, 7, 8, 5), sleep = c(3, 1, 4, 2, 5, 4, 7, 6, 5),
  walk = c(9, 7, 8, 6, 7, 8, 5, 6, 9), mood = c(1, 3, 2, 1, 4, 2, 3, 1, 2))
label <- c(0, 0, 0, 0, 1, 1, 1, 1, 1)
invisible(capture.output(found <- mt.maxT(outcomes, label, test = "t", side = "abs", B = 0)))
for (i in 1:4) for (term in c("teststat", "rawp", "adjp"))
  row(paste0("max_t_", term), rownames(outcomes)[found$index[i]], found[i, term])
