# Reference numbers for rank methods and paired change.
# Made with R 4.2.2: Rscript ranks.R > ranks.csv
row <- function(case, x, y, level, quantity, value)
  cat(sprintf("%s,%s,%s,%g,%s,%.12g\n", case, paste(x, collapse = " "), paste(y, collapse = " "), level, quantity, value))
cat("case,x,y,conf_level,quantity,value\n")

untied_x <- c(1.83, 0.51, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3)
untied_y <- c(0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06001, 3.14, 1.293)
scores_x <- c(0, 1, 1, 2, 3, 3, 3, 4, 5, 7, 8, 2, 2, 6, 4); scores_y <- c(0, 0, 0, 1, 1, 2, 2, 3, 3, 5, 1, 0, 2, 4, 1, 0)
edss_x <- c(1.5, 2, 2, 3.5, 4, 6, 6.5, 6.5, 7, 3); edss_y <- c(1, 1, 1.5, 2, 2, 3, 4, 6, 2.5, 0, 0, 1.5)

two <- function(case, x, y, level, exact) {
  test <- suppressWarnings(wilcox.test(x, y, conf.int = TRUE, conf.level = level, exact = exact, tol.root = 1e-11))
  row(case, x, y, level, "p_value", test$p.value)
  row(case, x, y, level, "conf_low", test$conf.int[1]); row(case, x, y, level, "conf_high", test$conf.int[2])
  row(case, x, y, level, "estimate", median(outer(x, y, "-")))
}
two("two exact", untied_x, untied_y, 0.95, TRUE)
two("two exact", untied_x[1:4], untied_y[1:5], 0.9, TRUE)
two("two normal", scores_x, scores_y, 0.95, FALSE)
two("two normal", edss_x, edss_y, 0.9, FALSE)
two("two normal", rep(scores_x, 4), rep(scores_y, 5), 0.95, FALSE)

one <- function(case, x, level, exact) {
  test <- suppressWarnings(wilcox.test(x, conf.int = TRUE, conf.level = level, exact = exact, tol.root = 1e-11))
  changed <- x[x != 0]
  pairs <- outer(changed, changed, "+") / 2
  row(case, x, "", level, "p_value", test$p.value)
  row(case, x, "", level, "conf_low", test$conf.int[1]); row(case, x, "", level, "conf_high", test$conf.int[2])
  row(case, x, "", level, "estimate", median(pairs[!lower.tri(pairs)]))
}
one("one exact", untied_x - untied_y, 0.95, TRUE)
one("one exact", c(-2.3, 0.4, -1.1, -0.7, -3.2, 0.9, -1.6), 0.9, TRUE)
one("one normal", c(-4, -4, -3, -3, -3, -2, -2, -1, -1, -1, 1, 2), 0.95, FALSE)
one("one normal", c(-4, -4, -3, 0, 0, -3, -3, -2, -2, 0, -1, -1, -1, 1, 2), 0.95, FALSE)

before <- c(5, 6, 4, 7, 8, 3, 6); after <- c(3, 6, 3, 4, 2, 4, 5)
test <- t.test(after, before, paired = TRUE)
row("paired t", before, after, 0.95, "estimate", test$estimate)
row("paired t", before, after, 0.95, "conf_low", test$conf.int[1]); row("paired t", before, after, 0.95, "conf_high", test$conf.int[2])
row("paired t", before, after, 0.95, "p_value", test$p.value)
for (p in c(0, 0.1, 0.25, 0.5, 0.9, 1)) row("quantile", scores_x, "", p, "estimate", quantile(scores_x, p, type = 7))
