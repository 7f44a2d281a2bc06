# Reference numbers for differences from a published figure and for their power.
# Made with R 4.2.2: Rscript verdicts.R > verdicts.csv
row <- function(case, quantity, value) cat(sprintf("%s,%s,%.12g\n", case, quantity, value))
cat("case,quantity,value\n")

# p of two shares: the larger of chi-square's without correction and Fisher's mid-p
mid_p <- function(a, n1, b, n2) {
  if (a + b == 0 || a + b == n1 + n2) return(1)
  d <- dhyper(max(0, a + b - n2):min(a + b, n1), n1, n2, a + b); own <- dhyper(a, n1, n2, a + b)
  less <- d < own * (1 - 1e-7); sum(d[less]) + sum(d[!less & d <= own * (1 + 1e-7)]) / 2
}
score_p <- function(a, n1, b, n2) {
  s <- (a + b) / (n1 + n2)
  if (s == 0 || s == 1) return(1)
  2 * pnorm(-abs(a / n1 - b / n2) / sqrt(s * (1 - s) * (1 / n1 + 1 / n2)))
}
p_value <- function(a, n1, b, n2) max(score_p(a, n1, b, n2), mid_p(a, n1, b, n2))

# Newcombe's limits of a difference from Wilson's, at 95 and 90 %, and p
wilson <- function(k, n, level) suppressWarnings(prop.test(k, n, correct = FALSE, conf.level = level))$conf.int
for (t in list(c(30, 60, 81, 122), c(5, 40, 35, 122), c(45, 50, 117, 145))) {
  name <- paste("newcombe", paste(t, collapse = "/")); p <- c(t[1] / t[2], t[3] / t[4])
  for (level in c(0.95, 0.90)) {
    one <- wilson(t[1], t[2], level); two <- wilson(t[3], t[4], level)
    row(name, paste0("low_", 100 * level), p[1] - p[2] - sqrt((p[1] - one[1])^2 + (two[2] - p[2])^2))
    row(name, paste0("high_", 100 * level), p[1] - p[2] + sqrt((one[2] - p[1])^2 + (p[2] - two[1])^2))
  }
  row(name, "p_value", p_value(t[1], t[2], t[3], t[4]))
}

# Welch's test of samples that have exactly these means and standard deviations
set.seed(1)
sample_of <- function(n, mean, sd) as.vector(scale(rnorm(n))) * sd + mean
welch <- t.test(sample_of(100, 50, 30), sample_of(53, 58.8, 29.8))
row("welch", "p_value", welch$p.value); row("welch", "freedom", welch$parameter)
row("welch", "low_95", welch$conf.int[1]); row("welch", "high_95", welch$conf.int[2])

# Fisher z of a Spearman (Bonett and Wright 2000) and a Pearson correlation: p of their difference
z <- (atanh(0.55) - atanh(0.341)) / sqrt((1 + 0.55^2 / 2) / (60 - 3) + 1 / (71 - 3))
row("bonett_wright 0.55/60 0.341/71", "p_value", 2 * pnorm(-abs(z)))

# Its power, summed over all tables
for (t in list(c(0.5, 20, 0.8, 30), c(0.1, 60, 0.25, 45), c(0.66, 50, 0.81, 145))) {
  power <- 0
  for (a in 0:t[2]) for (b in 0:t[4]) {
    if (p_value(a, t[2], b, t[4]) < 0.05) power <- power + dbinom(a, t[2], t[1]) * dbinom(b, t[4], t[3])
  }
  row(paste("power", paste(t, collapse = "/")), "power", power)
}

# t tests: power of a difference of 1.2 with a standard error of 0.5 and 9 degrees of freedom, and by the normal
reach <- qt(0.975, 9)
row("t_power 2.4/9", "power", 1 - pt(reach, 9, ncp = 2.4) + pt(-reach, 9, ncp = 2.4))
row("t_power 2.4/Inf", "power", 1 - pnorm(qnorm(0.975) - 2.4) + pnorm(qnorm(0.025) - 2.4))
