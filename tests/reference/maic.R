# Reference numbers for method-of-moments weights (matching-adjusted indirect comparison) and means weighted by them.
#
# The study is the worked example of NICE DSU technical support document 18 (Phillippo 2016, appendix D): a trial of
# A and B with 500 patients aged 45 to 75, of whom their own records are at hand, and one of A and C with 300 patients
# aged 45 to 55, known by its means only. Sizes, ages, shares of women, the logistic model of the outcome and the seed
# are those of that example as its authors published it with Phillippo 2020 (doi:10.1002/jrsm.1416). They draw with the
# package wakefield, which is not used here: ages and sexes are drawn by sample() in the same order, with the sampling
# of R before 3.6. So the design is theirs and the patients need not be: the numbers are not compared with those that
# the document prints. Weights, effective sample size and log odds ratio are computed as the document prescribes,
# optim() on the sum of exp(x a), with its tolerance turned down and the balance checked.
# Made with R 4.2.2, sandwich 3.0-2: Rscript maic.R, which writes maic.csv (numbers) and maic_tally.csv (patients of the
# trial of A and B by age, sex, arm and outcome).
suppressMessages(library(sandwich))
suppressWarnings(RNGkind(sample.kind = "Rounding"))
set.seed(61374988)
arm <- function(n, ages, share_female, treatment) {
  age <- sample(ages, n, replace = TRUE)
  sex <- sample(c("Male", "Female"), n, replace = TRUE, prob = c(1 - share_female, share_female))
  data.frame(age = age, male = as.numeric(sex == "Male"), treatment = treatment)
}
trial <- function(n, ages, share_female, other, effect) {
  patients <- rbind(arm(n / 2, ages, share_female, "A"), arm(n / 2, ages, share_female, other))
  treated <- patients$treatment == other
  linear <- 0.85 + 0.12 * patients$male + 0.05 * (patients$age - 40) + treated * (effect - 0.08 * (patients$age - 40))
  patients$y <- rbinom(n, 1, plogis(linear))
  patients
}
ab <- trial(500, 45:75, 0.64, "B", -2.1)
ac <- trial(300, 45:55, 0.80, "C", -2.5)
tally <- aggregate(n ~ age + male + treatment + y, cbind(ab, n = 1), sum)
write.csv(tally, "maic_tally.csv", row.names = FALSE, quote = FALSE)

out <- file("maic.csv", "w")
cat("quantity,term,value\n", file = out)
row <- function(quantity, term, value) cat(sprintf("%s,%s,%.14g\n", quantity, term, value), file = out)
target <- c(age = mean(ac$age), age_sd = sd(ac$age), male = mean(ac$male))
for (term in names(target)) row("target", term, target[[term]])

objective <- function(a, x) sum(exp(x %*% a))
gradient <- function(a, x) colSums(sweep(x, 1, exp(x %*% a), "*"))
weigh <- function(x) {
  # Columns are brought to unit size for the search only: the weights do not change by it.
  x <- sweep(x, 2, apply(x, 2, sd), "/")
  a <- rep(0, ncol(x))
  for (again in 1:5)
    a <- optim(a, objective, gradient, x = x, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))$par
  weights <- as.vector(exp(x %*% a))
  stopifnot(max(abs(colSums(weights * x) / sum(weights))) < 1e-8)
  weights
}
jackknife <- function(y, w, x) {
  # Weighted mean: intercept of the weighted regression on what is balanced. HC3 of sandwich for it.
  fit <- lm(y ~ x, weights = w)
  c(coef(fit)[[1]], sqrt(vcovHC(fit, type = "HC3")[1, 1]), coef(fit)[-1])
}
cases <- list(
  "age" = cbind(ab$age - target["age"]),
  "age and sd" = cbind(ab$age - target["age"], ab$age^2 - target["age"]^2 - target["age_sd"]^2),
  "age sd sex" = cbind(ab$age - target["age"], ab$age^2 - target["age"]^2 - target["age_sd"]^2,
                       ab$male - target["male"])
)
for (q in names(cases)) {
  x <- cases[[q]]
  w <- weigh(x)
  rescaled <- w / sum(w) * nrow(ab)
  row(q, "effective_n", sum(w)^2 / sum(w^2))
  row(q, "largest_weight", max(rescaled))
  for (age in c(45, 50, 55, 60)) for (male in 0:1) {
    found <- unique(round(rescaled[ab$age == age & ab$male == male], 10))
    stopifnot(length(found) == 1)
    row(q, paste("weight", age, male), found)
  }
  fit <- suppressWarnings(glm(y ~ treatment, data = ab, family = binomial, weights = w,
                              control = glm.control(epsilon = 1e-14, maxit = 100)))
  row(q, "log_odds_ratio", coef(fit)[["treatmentB"]])
  found <- jackknife(ab$y, rescaled, x)
  row(q, "share", found[1]); row(q, "share_error", found[2])
  # Error of the targets: 300 patients, SDs as printed or (sex, squares) and correlations as in the weighted patients.
  spread <- crossprod(x, x * rescaled) / nrow(ab)
  scale <- sqrt(diag(spread)); printed <- scale; printed[1] <- target["age_sd"]
  covariance <- spread / outer(scale, scale) * outer(printed, printed) / 300
  slopes <- found[-(1:2)]
  row(q, "share_error_with_targets", sqrt(found[2]^2 + drop(t(slopes) %*% covariance %*% slopes)))
  for (name in c("A", "B")) {
    inside <- ab$treatment == name
    row(q, paste("share", name), weighted.mean(ab$y[inside], w[inside]))
  }
}
close(out)
