# Numbers for tests/statistics/pooling/test_borrowing.py.
# R 4.2.2, base only; Rscript robust_map.R > robust_map.csv
# The distribution of a further study's share by nested adaptive integration of the binomial-normal model, with
# priors N(0, 2^2) of the mean logit and half-normal(scale) of the spread. Simpson's rule over the spread, with no
# grid in common with the library.
numbers <- list()
keep <- function(quantity, term, value) {
  numbers[[length(numbers) + 1]] <<- data.frame(quantity, term = as.character(term), value = as.numeric(value))
}

# Likelihood of one study at mean and spread: integral over the study's own logit, split at its peak.
study <- function(mean, tau, r, n) {
  log_f <- function(x) r * plogis(x, log.p = TRUE) + (n - r) * plogis(-x, log.p = TRUE) + dnorm(x, mean, tau, log = TRUE)
  ends <- range(mean, qlogis((r + 0.5) / (n + 1)))
  peak <- optimize(log_f, ends + c(-1, 1) * tau, maximum = TRUE, tol = 1e-10)$maximum
  width <- 1 / sqrt(n * plogis(peak) * plogis(-peak) + 1 / tau^2)
  f <- function(x) exp(log_f(x) - log_f(peak))
  part <- function(a, b) integrate(f, a, b, rel.tol = 1e-9, subdivisions = 500)$value
  log_f(peak) + log(part(peak - 12 * width, peak) + part(peak, peak + 12 * width))
}

further <- function(name, r, n, scale) {
  log_joint <- function(mean, tau) {
    sum(mapply(function(a, b) study(mean, tau, a, b), r, n)) + dnorm(mean, 0, 2, log = TRUE) + dnorm(tau, 0, scale, log = TRUE)
  }
  taus <- seq(1e-5, 5 * scale, length.out = 121)
  simpson <- c(1, rep(c(4, 2), length.out = 119), 1) * (taus[2] - taus[1]) / 3
  nodes <- do.call(rbind, lapply(seq_along(taus), function(i) {
    tau <- taus[i]
    at <- optimize(log_joint, c(-8, 8), tau = tau, maximum = TRUE, tol = 1e-9)$maximum
    bend <- (log_joint(at + 0.01, tau) - 2 * log_joint(at, tau) + log_joint(at - 0.01, tau)) / 1e-4
    means <- at + seq(-9, 9, length.out = 121) / sqrt(-bend)
    data.frame(mean = means, tau = tau, log = sapply(means, log_joint, tau = tau) + log(simpson[i] * (means[2] - means[1])))
  }))
  nodes$w <- exp(nodes$log - max(nodes$log)); nodes$w <- nodes$w / sum(nodes$w)
  below <- function(y) sum(nodes$w * pnorm(y, nodes$mean, nodes$tau))
  for (p in c(0.025, 0.25, 0.5, 0.75, 0.975))
    keep(name, p, plogis(uniroot(function(y) below(y) - p, c(-20, 20), tol = 1e-12)$root))
  keep(name, "tau", sum(nodes$w * nodes$tau))
  keep(name, paste("events", seq_along(r)), r); keep(name, paste("n", seq_along(n)), n); keep(name, "scale", scale)
  nodes
}

# Posterior of a registry's share under that very distribution (weight 0.8) and a uniform one (weight 0.2), with no
# beta distribution in between: sums over a fine grid of logits.
# Spreads below 0.01 count as 0.01, which the grid can hold.
posterior <- function(name, nodes, events, n, weight = 0.2) {
  y <- seq(-16, 16, by = 0.004)
  share <- plogis(y)
  map <- rowSums(sapply(split(seq_len(nrow(nodes)), ceiling(seq_len(nrow(nodes)) / 500)), function(rows)
    rowSums(mapply(function(w, m, s) w * dnorm(y, m, s), nodes$w[rows], nodes$mean[rows], pmax(nodes$tau[rows], 0.01)))))
  likelihood <- dbinom(events, n, share)
  informed <- (1 - weight) * map * likelihood
  vague <- weight * share * (1 - share) * likelihood
  all <- cumsum((informed + vague) / sum(informed + vague)) - 0.5 * (informed + vague) / sum(informed + vague)
  for (p in c(0.025, 0.5, 0.975)) keep(name, p, plogis(approx(all, y, p, ties = mean)$y))
  keep(name, "robust", sum(vague) / sum(informed + vague))
  counts <- sapply(0:n, function(x) sum(map * dbinom(x, n, share))) / sum(map)
  keep(name, "conflict", sum(counts[counts <= counts[events + 1] * (1 + 1e-9)]))
  keep(name, c("local_events", "local_n"), c(events, n))
}

as <- further("spondylitis", c(23, 12, 19, 9, 39, 6, 9, 10), c(107, 44, 51, 39, 139, 20, 78, 35), 1)
np <- further("neuropathic", c(93, 34, 35, 37), c(145, 71, 122, 86), 1)
few <- further("sparse", c(0, 3, 1), c(11, 25, 30), 0.5)
posterior("spondylitis 1 of 6", as, 1, 6)
posterior("spondylitis 18 of 20", as, 18, 20)
posterior("neuropathic 6 of 12", np, 6, 12)
posterior("neuropathic 0 of 25", np, 0, 25)
posterior("sparse 2 of 9", few, 2, 9)

# Closed form: the mixture that RBesT's article prints for the spondylitis trials, made robust, with 1 of 6.
w <- c(0.3690331, 0.1534249, 0.1515117, 0.1260303, 0.2)
a <- c(33.9513487, 19.4400089, 12.2692310, 2.2521243, 1)
b <- c(103.0146367, 41.5205219, 55.9202833, 5.4812202, 1)
for (case in list(c(1, 6), c(0, 40), c(33, 40))) {
  name <- paste("closed", case[1], "of", case[2])
  after <- log(w) + lbeta(a + case[1], b + case[2] - case[1]) - lbeta(a, b)
  after <- exp(after - max(after)); after <- after / sum(after)
  keep(name, paste("weight", seq_along(after)), after)
  below <- function(x) sum(after * pbeta(x, a + case[1], b + case[2] - case[1]))
  for (p in c(0.025, 0.5, 0.975)) keep(name, p, uniroot(function(x) below(x) - p, c(0, 1), tol = 1e-15)$root)
  v <- w[1:4] / sum(w[1:4])
  counts <- sapply(0:case[2], function(x) sum(v * choose(case[2], x) * exp(lbeta(a[1:4] + x, b[1:4] + case[2] - x) - lbeta(a[1:4], b[1:4]))))
  keep(name, "conflict", sum(counts[counts <= counts[case[1] + 1] * (1 + 1e-9)]))
}
table <- do.call(rbind, numbers)
table$value <- formatC(table$value, digits = 15, format = "g", width = 1)
write.csv(table, row.names = FALSE, quote = FALSE)
