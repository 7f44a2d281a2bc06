# Numbers for tests/statistics/test_ordinal_profile.py, test_partial_odds.py and test_ordinal_checks.py.
# Run: Rscript tests/reference/ordinal.R tests/reference
# R 4.2.2, ordinal 2022.11-16, MASS 7.3-58.2, VGAM 1.1-7 (Debian 12 packages).
# Reads models_tally.csv, writes ordinal.csv (quantity, term, value).
library(ordinal)
folder <- commandArgs(trailingOnly = TRUE)[1]
numbers <- data.frame(quantity = character(), term = character(), value = numeric())
keep <- function(quantity, term, value) {
  numbers <<- rbind(numbers, data.frame(quantity = quantity, term = as.character(term), value = unname(value)))
}
tally <- read.csv(file.path(folder, "models_tally.csv"))
rows <- tally[rep(seq_len(nrow(tally)), tally$n), ]
covariates <- c("neuropathic", "woman", "age_decade", "duration_years")
exact <- clm.control(gradTol = 1e-10, maxIter = 500)

# Profile-likelihood limits: refits with one coefficient as an offset, root of the deviance to 1e-11.
# confint(clm) interpolates the same profile, confint(polr) too: they agree to what they promise.
profile_limits <- function(outcome, terms, frame, name) {
  others <- setdiff(terms, name)
  right <- if (length(others)) paste(others, collapse = " + ") else "1"
  top <- clm(as.formula(paste0("ordered(", outcome, ") ~ ", paste(terms, collapse = " + "))), weights = n,
             data = frame, control = exact)
  refit <- function(value) {
    moved <- transform(frame, held = value * frame[[name]])
    as.numeric(logLik(clm(as.formula(paste0("ordered(", outcome, ") ~ ", right, " + offset(held)")), weights = n,
                          data = moved, control = exact)))
  }
  height <- as.numeric(logLik(top)); beta <- coef(top)[name]; se <- sqrt(vcov(top)[name, name])
  excess <- function(value) 2 * (height - refit(value)) - qchisq(0.95, 1)
  c(low = uniroot(excess, c(beta - 5 * se, beta), tol = 1e-11)$root,
    high = uniroot(excess, c(beta, beta + 5 * se), tol = 1e-11)$root,
    p = pchisq(2 * (height - refit(0)), 1, lower.tail = FALSE))
}
keep_limits <- function(case, outcome, terms, frame) for (name in terms) {
  found <- profile_limits(outcome, terms, frame, name)
  for (row in names(found)) keep(paste(case, row, sep = "_"), name, found[row])
}
keep_limits("profile", "edss2", covariates, tally)
small <- aggregate(n ~ neuropathic + woman + edss2, data = rows[seq(1, nrow(rows), by = 8), ], FUN = sum)
write.csv(small, file.path(folder, "ordinal_small.csv"), row.names = FALSE)
keep_limits("profile_small", "edss2", c("neuropathic", "woman"), small)
fit <- clm(ordered(edss2) ~ neuropathic + woman, weights = n, data = small, control = exact)
polr <- MASS::polr(ordered(edss2) ~ neuropathic + woman, weights = n, data = small, Hess = TRUE)
ours <- sapply(c("low", "high"), function(side) numbers$value[numbers$quantity == paste0("profile_small_", side)])
stopifnot(max(abs(confint(fit, type = "profile")[c("neuropathic", "woman"), ] - ours)) < 5e-3)
stopifnot(max(abs(suppressMessages(confint(polr)) - ours)) < 5e-3)

# Separated: all exposed at the highest level. The deviance of the lower limit from clm with an offset; the
# height is that of a fit with a log odds ratio of 40.
separated <- data.frame(pain = c(0, 0, 0, 1), woman = c(0, 1, 1, 0), level = c(2, 5, 8, 8), n = c(9, 5, 2, 6))
separated <- rbind(separated, data.frame(pain = 0, woman = c(1, 0, 0), level = c(2, 5, 8), n = c(4, 3, 2)),
                   data.frame(pain = 1, woman = 1, level = 8, n = 2))
height <- function(value, right) as.numeric(logLik(
  clm(as.formula(paste("ordered(level) ~", right, "+ offset(value * pain)")), weights = n, data = separated,
      control = exact)))
for (right in c("1", "woman")) {
  ceiling <- height(40, right)
  low <- uniroot(function(b) 2 * (ceiling - height(b, right)) - qchisq(0.95, 1), c(-5, 10), tol = 1e-11)$root
  keep("separated_low", right, low)
  keep("separated_p", right, pchisq(2 * (ceiling - height(0, right)), 1, lower.tail = FALSE))
}

# Partial proportional odds on five bands of the outcome: ordinal::clm(nominal = ~) and VGAM::vglm. VGAM also
# takes odds ratios that change at some cut points only, here on all levels of the outcome.
rows$band <- findInterval(rows$edss2, c(3, 5, 8, 11))
nominal <- clm(ordered(band) ~ woman + age_decade + duration_years, nominal = ~ neuropathic, data = rows,
               control = exact)
common <- clm(ordered(band) ~ neuropathic + woman + age_decade + duration_years, data = rows, control = exact)
free <- grep("neuropathic", names(coef(nominal)), value = TRUE)
keep("nominal_log_odds", seq_along(free), -coef(nominal)[free])
keep("nominal_se", seq_along(free), sqrt(diag(vcov(nominal)))[free])
keep("nominal_common", covariates[-1], coef(nominal)[covariates[-1]])
keep("nominal_common_se", covariates[-1], sqrt(diag(vcov(nominal)))[covariates[-1]])
keep("nominal_lr", "", 2 * as.numeric(logLik(nominal) - logLik(common)))
keep("nominal_log_likelihood", "", as.numeric(logLik(nominal)))
suppressMessages(library(VGAM))
vglm_fit <- function(outcome, frame, constraints) {
  vglm(as.formula(paste0("ordered(", outcome, ") ~ neuropathic + woman + age_decade + duration_years")),
       cumulative(reverse = TRUE), constraints = constraints, data = frame,
       control = vglm.control(epsilon = 1e-14, maxit = 200))
}
shape <- function(k, changes) {
  cut <- seq_len(k - 1); starts <- c(1, changes)
  list(`(Intercept)` = diag(k - 1), neuropathic = outer(findInterval(cut, starts), seq_along(starts), "==") * 1,
       woman = matrix(1, k - 1, 1), age_decade = matrix(1, k - 1, 1), duration_years = matrix(1, k - 1, 1))
}
checked <- vglm_fit("band", rows, shape(5, 2:4))
stopifnot(max(abs(coef(checked)[grep("neuropathic", names(coef(checked)))] + coef(nominal)[free])) < 1e-6)
# Standard errors of VGAM come from the expected information; clm and the limits of the tests from the observed.
levels_edss2 <- sort(unique(rows$edss2))
banded <- vglm_fit("edss2", rows, shape(length(levels_edss2), match(c(6, 10), levels_edss2[-1])))
keep("banded_coefficient", c("neuropathic 1", "neuropathic 2", "neuropathic 3", covariates[-1]),
     tail(coef(banded), 6))
keep("banded_log_likelihood", "", as.numeric(logLik(banded)))
plain <- vglm_fit("edss2", rows, modifyList(shape(length(levels_edss2), 2), list(
  neuropathic = matrix(1, length(levels_edss2) - 1, 1))))
keep("banded_lr", "", 2 * as.numeric(logLik(banded) - logLik(plain)))

# Crossing: a tally in which the odds of one covariate cross so far that a level has a negative probability.
numbers$value <- format(numbers$value, digits = 15)
write.csv(numbers, file.path(folder, "ordinal.csv"), row.names = FALSE)
