# Numbers for tests/statistics/test_{logistic,rate_regression,negative_binomial,g_computation,linear_regression,
# relative_importance}.py.
# Run: Rscript tests/reference/regression.R tests/reference
# R 4.2.2, MASS 7.3-58.2, ordinal 2022.11-16, sandwich 3.0-2 (Debian 12 packages).
# Reads models_tally.csv, which models.R makes. Writes regression_small.csv (a sixth of its patients),
# regression_attacks.csv (the data of the rates), regression_longley.csv and regression.csv (quantity, term, value).
folder <- commandArgs(trailingOnly = TRUE)[1]
tally <- read.csv(file.path(folder, "models_tally.csv"))
rows <- tally[rep(seq_len(nrow(tally)), tally$n), ]
strict <- glm.control(epsilon = 1e-15, maxit = 100)

numbers <- data.frame(quantity = character(), term = character(), value = numeric())
keep <- function(quantity, term, value) {
  numbers <<- rbind(numbers, data.frame(quantity = quantity, term = as.character(term), value = unname(value)))
}
# Limits where twice the drop of the log-likelihood is the chi-square quantile: glm with the term as offset.
# MASS::confint gives the same by spline, to three digits or so.
profile_ends <- function(formula, family, term, frame, level = 0.95) {
  whole <- glm(formula, family, frame, control = strict)
  x <- frame[[term]]
  excess <- function(value) {
    frame$held <- value * x
    held <- glm(update(formula, paste(". ~ . + offset(held) -", term)), family, frame, control = strict)
    deviance(held) - deviance(whole) - qchisq(level, 1)
  }
  best <- coef(whole)[term]; error <- sqrt(vcov(whole)[term, term])
  c(uniroot(excess, best - c(6, 0) * error, tol = 1e-13)$root, uniroot(excess, best + c(0, 6) * error, tol = 1e-13)$root)
}

# Logistic model: stats::glm.
covariates <- c("neuropathic", "woman", "age_decade", "duration_years")
event <- depressed ~ neuropathic + woman + age_decade + duration_years
logistic <- function(frame, name) {
  f <- glm(event, binomial, frame, control = strict)
  keep(paste0(name, "_coefficient"), names(coef(f)), coef(f))
  keep(paste0(name, "_se"), names(coef(f)), sqrt(diag(vcov(f))))
  keep(paste0(name, "_log_likelihood"), "", as.numeric(logLik(f)))
  keep(paste0(name, "_deviance"), "", deviance(f))
  keep(paste0(name, "_pearson"), "", sum(residuals(f, "pearson")^2))
  wald <- confint.default(f)
  spline <- suppressMessages(confint(f))
  for (term in covariates) {
    ends <- profile_ends(event, binomial, term, frame)
    stopifnot(max(abs(ends - spline[term, ])) < 2e-3 * diff(ends))
    keep(paste0(name, "_profile_low"), term, ends[1]); keep(paste0(name, "_profile_high"), term, ends[2])
    keep(paste0(name, "_wald_low"), term, wald[term, 1]); keep(paste0(name, "_wald_high"), term, wald[term, 2])
    keep(paste0(name, "_lr_p"), term, drop1(f, test = "LRT")[term, "Pr(>Chi)"])
    keep(paste0(name, "_wald_p"), term, summary(f)$coefficients[term, 4])
  }
  f
}
fit <- logistic(rows, "logistic")
small <- rows[seq(1, nrow(rows), by = 6), ]
write.csv(aggregate(n ~ depressed + neuropathic + woman + age_decade + duration_years, transform(small, n = 1), sum),
          file.path(folder, "regression_small.csv"), row.names = FALSE)
fit <- logistic(small, "logistic_small")

# g-computation by hand from glm and vcov: analytic derivatives; covariates at random add the variance of the
# patients' own differences (or log-ratio influences) over n.
for (frame_name in c("all", "small")) {
  frame <- if (frame_name == "all") rows else small
  f <- glm(event, binomial, frame, control = strict)
  risk_under <- function(value) {
    x <- model.matrix(event, transform(frame, neuropathic = value))
    p <- plogis(drop(x %*% coef(f)))
    list(mean = mean(p), slope = colMeans(p * (1 - p) * x), each = p)
  }
  one <- risk_under(1); none <- risk_under(0); n <- nrow(frame)
  error <- function(slope, each) {
    fixed <- drop(slope %*% vcov(f) %*% slope)
    c(fixed = sqrt(fixed), random = sqrt(fixed + mean((each - mean(each))^2) / n))
  }
  answers <- list(
    risk = c(estimate = one$mean, error(one$slope, one$each)),
    difference = c(estimate = one$mean - none$mean, error(one$slope - none$slope, one$each - none$each)),
    log_ratio = c(estimate = log(one$mean / none$mean),
                  error(one$slope / one$mean - none$slope / none$mean, one$each / one$mean - none$each / none$mean)))
  for (name in names(answers)) keep(paste("g", frame_name, name, sep = "_"), names(answers[[name]]), answers[[name]])
}

# Rates: 240 simulated patients whose attacks cluster (gamma frailty), and 24 whose attacks do not.
set.seed(31)
size <- 240
patients <- data.frame(treated = rbinom(size, 1, 0.5), woman = rbinom(size, 1, 0.8),
                       age_decade = sample(2:6, size, replace = TRUE), person_years = sample(c(0.5, 1, 2, 3), size, TRUE))
rate <- with(patients, 0.9 * exp(-0.7 * treated + 0.2 * woman + 0.1 * (age_decade - 4)))
patients$events <- rpois(size, rate * patients$person_years * rgamma(size, 1.3, 1.3))
patients$n <- 1
attacks <- aggregate(n ~ ., data = patients, FUN = sum)
write.csv(attacks, file.path(folder, "regression_attacks.csv"), row.names = FALSE)
attacks <- attacks[rep(seq_len(nrow(attacks)), attacks$n), ]
log_linear <- events ~ treated + woman + age_decade + offset(log(person_years))

f <- glm(log_linear, poisson, attacks, control = strict)
keep("poisson_coefficient", names(coef(f)), coef(f))
keep("poisson_log_likelihood", "", as.numeric(logLik(f)))
keep("poisson_deviance", "", deviance(f))
keep("poisson_pearson", "", sum(residuals(f, "pearson")^2))
keep("poisson_model_se", names(coef(f)), sqrt(diag(vcov(f))))
keep("poisson_scaled_se", names(coef(f)), summary(update(f, family = quasipoisson))$coefficients[, 2])
keep("poisson_hc3_se", names(coef(f)), sqrt(diag(sandwich::vcovHC(f, type = "HC3"))))

# MASS::glm.nb, its two steps repeated until neither moves.
nb <- MASS::glm.nb(log_linear, attacks, control = glm.control(epsilon = 1e-15, maxit = 500))
theta <- nb$theta
for (i in 1:200) {
  f <- glm(log_linear, MASS::negative.binomial(theta), attacks, control = strict)
  theta <- as.numeric(MASS::theta.ml(attacks$events, fitted(f), limit = 200, eps = 1e-14))
}
stopifnot(max(abs(coef(f) - coef(nb))) < 1e-6, abs(theta - nb$theta) < 1e-4)
keep("nb_coefficient", names(coef(f)), coef(f))
keep("nb_se", names(coef(f)), summary(f, dispersion = 1)$coefficients[, 2])
keep("nb_theta", "", theta)
keep("nb_log_likelihood", "", sum(dnbinom(attacks$events, theta, mu = fitted(f), log = TRUE)))
keep("nb_deviance", "", deviance(f))
keep("nb_pearson", "", sum(residuals(f, "pearson")^2))

# Least squares: all terms at once, classical and HC3 errors, R squared.
linear <- lm(nrs ~ neuropathic + woman + age_decade + duration_years, rows)
keep("linear_coefficient", names(coef(linear)), coef(linear))
keep("linear_classical_se", names(coef(linear)), sqrt(diag(vcov(linear))))
keep("linear_hc3_se", names(coef(linear)), sqrt(diag(sandwich::vcovHC(linear, type = "HC3"))))
keep("linear_classical_p", names(coef(linear)), summary(linear)$coefficients[, 4])
keep("linear_r_squared", "", summary(linear)$r.squared)

# General dominance by averaging over all orders of entry (base R), and relative weight of groups.
orders <- function(items) {
  if (length(items) <= 1) return(list(items))
  unlist(lapply(seq_along(items), function(i) lapply(orders(items[-i]), function(rest) c(items[i], rest))), FALSE)
}
importance <- function(groups, fit_of) {
  share <- setNames(numeric(length(groups)), names(groups))
  every <- orders(names(groups))
  for (order in every) {
    before <- fit_of(character())
    for (i in seq_along(order)) {
      now <- fit_of(unlist(groups[order[1:i]]))
      share[order[i]] <- share[order[i]] + (now - before) / length(every)
      before <- now
    }
  }
  share
}
right_side <- function(columns) if (length(columns)) paste(columns, collapse = " + ") else "1"
r_squared <- function(columns) summary(lm(as.formula(paste("nrs ~", right_side(columns))), rows))$r.squared
mcfadden <- function(columns) {
  f <- glm(as.formula(paste("depressed ~", right_side(columns))), binomial, rows, control = strict)
  1 - deviance(f) / f$null.deviance
}
mcfadden_ordinal <- function(columns) {
  whole <- ordinal::clm(as.formula(paste("ordered(edss2) ~", right_side(columns))), data = rows,
                        control = ordinal::clm.control(gradTol = 1e-12, maxIter = 200))
  1 - as.numeric(logLik(whole)) / as.numeric(logLik(update(whole, . ~ 1)))
}
single <- setNames(as.list(covariates), covariates)
paired <- list(pain = "neuropathic", person = c("woman", "age_decade"), disease = "duration_years")
for (kind in c("linear", "logistic", "ordinal")) {
  measure <- list(linear = r_squared, logistic = mcfadden, ordinal = mcfadden_ordinal)[[kind]]
  shares <- importance(single, measure)
  keep(paste0("importance_", kind), names(shares), shares)
  keep(paste0("importance_", kind), "total", measure(covariates))
  shares <- importance(paired, measure)
  keep(paste0("importance_groups_", kind), names(shares), shares)
}

# Longley (1967), from R's own data sets; certified values are those of NIST StRD, in the test.
write.csv(longley, file.path(folder, "regression_longley.csv"), row.names = FALSE)
numbers$value <- format(numbers$value, digits = 15)
write.csv(numbers, file.path(folder, "regression.csv"), row.names = FALSE)
