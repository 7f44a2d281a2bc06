# Numbers for tests/statistics/test_{ordinal,regression,pooling,correlation}.py.
# Run: Rscript tests/reference/models.R tests/reference
# R 4.2.2, MASS 7.3-58.2, ordinal 2022.11-16, sandwich 3.0-2, metafor 3.8-1 (Debian 12 packages).
# Writes models_tally.csv and firth_tally.csv (the data) and models_numbers.csv (quantity, term, value).
library(ordinal)
folder <- commandArgs(trailingOnly = TRUE)[1]

# Data: a tally of 320 simulated patients.
set.seed(20)
size <- 320
patients <- data.frame(
  neuropathic = rbinom(size, 1, 0.4), woman = rbinom(size, 1, 0.8),
  age_decade = sample(2:7, size, replace = TRUE), duration_years = sample(c(1, 3, 5, 10, 15), size, replace = TRUE))
latent <- with(patients, 0.8 * neuropathic - 0.3 * woman + 0.35 * age_decade + 0.04 * duration_years) + rlogis(size)
patients$edss2 <- pmin(pmax(round(2 * latent), 0), 14)
patients$nrs <- pmin(pmax(round(1.1 * latent + rlogis(size)), 0), 10)
patients$depressed <- rbinom(size, 1, plogis(-2.5 + 0.5 * patients$nrs - 0.4 * patients$woman))
patients$n <- 1
tally <- aggregate(n ~ ., data = patients, FUN = sum)
write.csv(tally, file.path(folder, "models_tally.csv"), row.names = FALSE)
rows <- tally[rep(seq_len(nrow(tally)), tally$n), ]

numbers <- data.frame(quantity = character(), term = character(), value = numeric())
keep <- function(quantity, term, value) {
  numbers <<- rbind(numbers, data.frame(quantity = quantity, term = as.character(term), value = unname(value)))
}

# Cumulative logit model: ordinal::clm (MASS::polr agrees to the precision of its optimiser).
covariates <- c("neuropathic", "woman", "age_decade", "duration_years")
right <- paste(covariates, collapse = " + ")
fit_clm <- function(outcome) {
  clm(as.formula(paste0("ordered(", outcome, ") ~ ", right)), weights = n, data = tally,
      control = clm.control(gradTol = 1e-12, maxIter = 200))
}
fit <- fit_clm("edss2")
keep("clm_coefficient", covariates, fit$beta[covariates])
keep("clm_threshold", seq_along(fit$alpha), fit$alpha)
keep("clm_se", c(seq_along(fit$alpha), covariates), sqrt(diag(vcov(fit))))
keep("clm_log_likelihood", "", as.numeric(logLik(fit)))
polr <- MASS::polr(as.formula(paste0("ordered(edss2) ~ ", right)), weights = n, data = tally, Hess = TRUE,
                   control = list(reltol = 1e-14, maxit = 1000))
stopifnot(max(abs(coef(polr)[covariates] - fit$beta[covariates])) < 1e-4)

# g-computation by hand from the clm fit: P(edss2 >= 8) with everyone neuropathic, with no one, and the
# difference; delta method with central differences.
levels_edss2 <- sort(unique(tally$edss2))
cut <- sum(levels_edss2 < 8)
probability <- function(parameters, value) {
  moved <- transform(tally, neuropathic = value)
  linear <- as.matrix(moved[covariates]) %*% tail(parameters, length(covariates))
  weighted.mean(plogis(linear - parameters[cut]), tally$n)
}
slope_of <- function(f, at) sapply(seq_along(at), function(i) {
  step <- replace(numeric(length(at)), i, 1e-5)
  (f(at + step) - f(at - step)) / 2e-5
})
at <- c(fit$alpha, fit$beta)
targets <- list(assigned = function(p) probability(p, 1), difference = function(p) probability(p, 1) - probability(p, 0))
for (name in names(targets)) {
  slope <- slope_of(targets[[name]], at)
  keep("g_computation", name, targets[[name]](at))
  keep("g_computation_se", name, sqrt(drop(slope %*% vcov(fit) %*% slope)))
}

# Cut points: stats::glm one by one, and the Brant (1990) test of them on expanded rows.
cuts <- Filter(function(level) min(sum(rows$edss2 >= level), sum(rows$edss2 < level)) >= 5, levels_edss2[-1])
binary <- lapply(cuts, function(level) glm(as.formula(paste0("I(edss2 >= ", level, ") ~ ", right)), binomial, rows,
                                           control = glm.control(epsilon = 1e-14)))
keep("cut_log_odds_ratio", cuts, sapply(binary, function(f) coef(f)["neuropathic"]))
keep("cut_se", cuts, sapply(binary, function(f) sqrt(vcov(f)["neuropathic", "neuropathic"])))
x <- model.matrix(binary[[1]])
fitted_share <- sapply(binary, fitted)
# Influence of each patient's indicators: slopes are asymptotically (X'WX)^-1 X'(y - p).
block <- function(a, b) {
  shared <- fitted_share[, max(a, b)] * (1 - fitted_share[, min(a, b)])
  vcov(binary[[a]]) %*% crossprod(x, shared * x) %*% vcov(binary[[b]])
}
slopes <- t(sapply(binary, coef))[, -1]
brant <- function(columns) {
  k <- length(cuts); p <- length(columns)
  joint <- matrix(0, k * p, k * p)
  for (a in 1:k) for (b in 1:k)
    joint[(a - 1) * p + 1:p, (b - 1) * p + 1:p] <- block(a, b)[columns + 1, columns + 1]
  contrast <- kronecker(cbind(-1, diag(k - 1)), diag(p))
  gap <- contrast %*% as.vector(t(slopes[, columns, drop = FALSE]))
  drop(t(gap) %*% solve(contrast %*% joint %*% t(contrast), gap))
}
keep("brant", "omnibus", brant(seq_along(covariates)))
for (i in seq_along(covariates)) keep("brant", covariates[i], brant(i))

# Partial Spearman: probability-scale residuals from clm fits, correlated.
residual <- function(outcome) {
  f <- fit_clm(outcome)
  linear <- drop(as.matrix(tally[covariates]) %*% f$beta[covariates])
  position <- match(tally[[outcome]], sort(unique(tally[[outcome]])))
  padded <- c(-Inf, f$alpha, Inf)
  plogis(padded[position + 1] - linear) + plogis(padded[position] - linear) - 1
}
both <- cov.wt(cbind(residual("edss2"), residual("nrs")), wt = tally$n / sum(tally$n), cor = TRUE)
keep("partial_spearman", "edss2 nrs", both$cor[1, 2])
keep("spearman", "edss2 nrs", cor(rows$edss2, rows$nrs, method = "spearman"))
keep("pearson", "edss2 nrs", cor(rows$edss2, rows$nrs))

# Least squares with HC3: stats::lm and sandwich::vcovHC.
ols <- lm(as.formula(paste0("nrs ~ ", right)), rows)
keep("hc3_coefficient", covariates, coef(ols)[covariates])
keep("hc3_se", covariates, sqrt(diag(sandwich::vcovHC(ols, type = "HC3")))[covariates])
keep("standardised_coefficient", "neuropathic", coef(ols)["neuropathic"] * sd(rows$neuropathic) / sd(rows$nrs))

# Firth: the data; firth.R makes the numbers.
small <- rows[seq(1, nrow(rows), by = 8), ]
write.csv(aggregate(n ~ depressed + neuropathic + woman + nrs, transform(small, n = 1), sum),
          file.path(folder, "firth_tally.csv"), row.names = FALSE)

# Pooling: metafor::rma on logits, REML, Hartung-Knapp; prediction limits with t(k - 2) from its tau2 and error.
studies <- list(any_pain = list(c(117, 125, 81, 25), c(145, 166, 122, 29)),
                neuropathic = list(c(93, 34, 35, 37), c(145, 71, 122, 86)),
                zero_cell = list(c(0, 3, 9, 12), c(11, 25, 30, 61)),
                alike = list(c(10, 21, 30), c(40, 80, 120)))
for (name in names(studies)) {
  xi <- studies[[name]][[1]]; ni <- studies[[name]][[2]]; k <- length(xi)
  f <- metafor::rma(measure = "PLO", xi = xi, ni = ni, method = "REML", test = "knha",
                    control = list(threshold = 1e-12, maxiter = 1000))
  if (f$tau2 == 0) f <- metafor::rma(measure = "PLO", xi = xi, ni = ni, method = "REML", test = "adhoc")
  reach <- qt(0.975, k - 2) * sqrt(f$se^2 + f$tau2)
  values <- c(estimate = plogis(f$beta[1]), conf_low = plogis(f$ci.lb), conf_high = plogis(f$ci.ub),
              prediction_low = plogis(f$beta[1] - reach), prediction_high = plogis(f$beta[1] + reach),
              tau2 = f$tau2, i2 = f$I2 / 100, q = f$QE)
  keep(paste0("pool_", name), names(values), values)
}
numbers$value <- format(numbers$value, digits = 15)
write.csv(numbers, file.path(folder, "models_numbers.csv"), row.names = FALSE)
