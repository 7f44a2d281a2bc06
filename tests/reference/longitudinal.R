# Numbers for tests/statistics/test_{repeated_measures,ancova,signed_rank,baseline_change,gee}.py.
# Run: Rscript tests/reference/longitudinal.R tests/reference
# R 4.2.2, nlme 3.1-162, lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5.2, sandwich 3.0-2, exactRankTests 0.8-35,
# coin 1.4-2, geepack 1.3.9 (Debian 12 packages).
# Writes longitudinal_trajectories.csv and longitudinal_rows.csv (the data), longitudinal.csv (quantity, term, value).
suppressPackageStartupMessages({library(nlme); library(lmerTest); library(geepack)})
folder <- commandArgs(trailingOnly = TRUE)[1]
numbers <- data.frame(quantity = character(), term = character(), value = numeric())
keep <- function(quantity, term, value) {
  numbers <<- rbind(numbers, data.frame(quantity = quantity, term = as.character(term), value = as.numeric(value)))
}

# Data: pain scores of 46 simulated patients at four visits in two arms, a third of the later visits missed.
set.seed(46)
size <- 46
arm <- rep(0:1, length.out = size); age <- sample(3:6, size, replace = TRUE)
level <- rnorm(size, 5, 1.6); slope <- rnorm(size, -0.5, 0.5)
score <- sapply(0:3, function(v) level + slope * v - 0.7 * arm * (v > 0) + rnorm(size, 0, 1 + 0.2 * v))
score <- pmin(pmax(round(score), 0), 10)
score[, 2:4][matrix(runif(size * 3) < 0.3, size)] <- NA
score[1:2, 1] <- NA
wide <- data.frame(month_0 = score[, 1], month_3 = score[, 2], month_6 = score[, 3], month_12 = score[, 4],
                   arm = arm, age_decade = age, n = rep(1:2, length.out = size))
write.csv(wide, file.path(folder, "longitudinal_trajectories.csv"), row.names = FALSE, na = "")

visits <- names(wide)[1:4]
patients <- wide[rep(seq_len(size), wide$n), ]
patients$id <- seq_len(nrow(patients))
long <- do.call(rbind, lapply(seq_along(visits), function(v) data.frame(
  id = patients$id, visit = v, time = c(0, 3, 6, 12)[v], y = patients[[visits[v]]], arm = patients$arm,
  age = patients$age_decade - mean(patients$age_decade))))
long <- long[!is.na(long$y), ]
long <- long[order(long$id, long$visit), ]
long$visit_name <- factor(long$visit)

# Restricted likelihood with its Fisher scoring, and Kenward and Roger 1997, patient by patient in base R:
# theta are the parameters, sigma(theta) the covariance of all visits, derivatives by central differences.
refine <- function(theta, sigma, design) {
  k <- length(theta)
  slope_of <- function(i, at, h = 1e-4) { e <- replace(numeric(k), i, h); (sigma(at + e) - sigma(at - e)) / (2 * h) }
  curve_of <- function(i, j, at, h = 1e-3) { e <- replace(numeric(k), i, h); (slope_of(j, at + e, h) - slope_of(j, at - e, h)) / (2 * h) }
  pieces <- function(theta) {
    p <- ncol(design); S <- sigma(theta); dS <- lapply(1:k, slope_of, at = theta)
    A <- matrix(0, p, p); b <- numeric(p)
    blocks <- split(seq_len(nrow(long)), long$id)
    for (rows in blocks) { v <- long$visit[rows]; W <- solve(S[v, v, drop = FALSE]); X <- design[rows, , drop = FALSE]
      A <- A + t(X) %*% W %*% X; b <- b + t(X) %*% W %*% long$y[rows] }
    Phi <- solve(A); beta <- Phi %*% b
    P <- array(0, c(k, p, p)); Q <- array(0, c(k, k, p, p)); R <- Q; tr1 <- quad <- numeric(k); tr2 <- matrix(0, k, k); ll <- 0
    for (rows in blocks) { v <- long$visit[rows]; W <- solve(S[v, v, drop = FALSE]); X <- design[rows, , drop = FALSE]
      r <- long$y[rows] - X %*% beta; ll <- ll - log(det(S[v, v, drop = FALSE])) - t(r) %*% W %*% r
      for (i in 1:k) { Di <- dS[[i]][v, v, drop = FALSE]; G <- W %*% Di %*% W
        P[i, , ] <- P[i, , ] - t(X) %*% G %*% X; tr1[i] <- tr1[i] + sum(diag(W %*% Di)); quad[i] <- quad[i] + t(r) %*% G %*% r
        for (j in 1:k) { Dj <- dS[[j]][v, v, drop = FALSE]; tr2[i, j] <- tr2[i, j] + sum(diag(W %*% Di %*% W %*% Dj))
          Q[i, j, , ] <- Q[i, j, , ] + t(X) %*% G %*% Dj %*% W %*% X } } }
    ll <- (ll - log(det(A)) - (nrow(long) - p) * log(2 * pi)) / 2
    score <- sapply(1:k, function(i) -(tr1[i] - quad[i] + sum(diag(Phi %*% P[i, , ]))) / 2)
    info <- outer(1:k, 1:k, Vectorize(function(i, j) (tr2[i, j] - 2 * sum(diag(Phi %*% Q[i, j, , ])) +
      sum(diag(Phi %*% P[i, , ] %*% Phi %*% P[j, , ]))) / 2))
    list(Phi = Phi, beta = beta, P = P, Q = Q, score = score, info = info, ll = as.numeric(ll), S = S)
  }
  for (step in 1:60) { now <- pieces(theta); theta <- theta + solve(now$info, now$score) }
  now <- pieces(theta); W <- solve(now$info); p <- ncol(design); excess <- matrix(0, p, p)
  for (i in 1:k) for (j in 1:k) {
    R <- matrix(0, p, p); D <- curve_of(i, j, theta)
    if (max(abs(D)) > 1e-5) for (rows in split(seq_len(nrow(long)), long$id)) { v <- long$visit[rows]
      V <- solve(now$S[v, v, drop = FALSE]); X <- design[rows, , drop = FALSE]
      R <- R + t(X) %*% V %*% D[v, v, drop = FALSE] %*% V %*% X }
    excess <- excess + W[i, j] * (now$Q[i, j, , ] - now$P[i, , ] %*% now$Phi %*% now$P[j, , ] - R / 4) }
  adjusted <- now$Phi + 2 * now$Phi %*% excess %*% now$Phi
  freedom <- function(l) { g <- sapply(1:k, function(i) -t(l) %*% now$Phi %*% now$P[i, , ] %*% now$Phi %*% l)
    2 * as.numeric(t(l) %*% now$Phi %*% l)^2 / as.numeric(t(g) %*% W %*% g) }
  c(now, list(adjusted = adjusted, freedom = freedom, theta = theta))
}
unstructured <- function(theta) { S <- matrix(0, 4, 4); S[upper.tri(S, TRUE)] <- theta; S[lower.tri(S)] <- t(S)[lower.tri(S)]; S }
compound <- function(theta) theta[1] * diag(4) + theta[2]
ar1 <- function(theta) theta[1] * theta[2]^abs(outer(1:4, 1:4, "-"))
car1 <- function(theta) { m <- c(0, 1, 2, 4); theta[1] * theta[2]^abs(outer(m, m, "-")) }
save <- function(name, fit, terms, contrasts) {
  keep(paste0(name, "_estimate"), terms, fit$beta); keep(paste0(name, "_error"), terms, sqrt(diag(fit$adjusted)))
  keep(paste0(name, "_log_likelihood"), "", fit$ll)
  keep(paste0(name, "_covariance"), outer(visits, visits, paste), fit$S)
  for (label in names(contrasts)) { l <- contrasts[[label]]
    keep(paste0(name, "_contrast"), label, sum(l * fit$beta))
    keep(paste0(name, "_contrast_error"), label, sqrt(t(l) %*% fit$adjusted %*% l))
    keep(paste0(name, "_contrast_freedom"), label, fit$freedom(l)) }
}
start_from <- function(fit) { # covariance of all visits from a gls with corSymm and varIdent
  C <- diag(4); cs <- coef(fit$modelStruct$corStruct, unconstrained = FALSE); C[lower.tri(C)] <- cs; C <- C + t(C) - diag(4)
  sd <- c(1, 1, 1, 1); ratio <- coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  sd <- ratio[as.character(1:4)] * fit$sigma; S <- C * outer(sd, sd); S[upper.tri(S, TRUE)] }
agree <- function(fit, other) stopifnot(abs(as.numeric(logLik(other)) - fit$ll) < 1e-6, max(abs(coef(other) - fit$beta)) < 1e-3)

tight <- glsControl(tolerance = 1e-10, msTol = 1e-12, maxIter = 500, msMaxIter = 500)
model <- y ~ visit_name - 1 + age
design <- model.matrix(model, long)
changes <- setNames(lapply(2:4, function(v) replace(replace(numeric(5), v, 1), 1, -1)), visits[2:4])
terms <- c(visits, "age_decade")
g <- gls(model, long, corSymm(form = ~ visit | id), varIdent(form = ~ 1 | visit_name), control = tight)
fit <- refine(start_from(g), unstructured, design); agree(fit, g); save("unstructured", fit, terms, changes)
keep("gls_unstructured_log_likelihood", "", logLik(g)); keep("gls_unstructured_estimate", terms, coef(g))
g <- gls(model, long, corCompSymm(form = ~ visit | id), control = tight)
rho <- coef(g$modelStruct$corStruct, unconstrained = FALSE)
fit <- refine(g$sigma^2 * c(1 - rho, rho), compound, design); agree(fit, g); save("compound_symmetry", fit, terms, changes)
keep("gls_compound_symmetry_log_likelihood", "", logLik(g)); keep("gls_compound_symmetry_estimate", terms, coef(g))
g <- gls(model, long, corAR1(form = ~ visit | id), control = tight)
fit <- refine(c(g$sigma^2, coef(g$modelStruct$corStruct, unconstrained = FALSE)), ar1, design); agree(fit, g)
save("ar1", fit, terms, changes)
keep("gls_ar1_log_likelihood", "", logLik(g)); keep("gls_ar1_estimate", terms, coef(g))
g <- gls(model, long, corCAR1(form = ~ I(time / 3) | id), control = tight)
fit <- refine(c(g$sigma^2, coef(g$modelStruct$corStruct, unconstrained = FALSE)), car1, design); agree(fit, g)
save("ar1_times", fit, terms, changes)

# The same random intercept with lmerTest and pbkrtest.
m <- lmer(y ~ visit_name - 1 + age + (1 | id), long, REML = TRUE,
          control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
keep("lmer_log_likelihood", "", logLik(m))
for (label in names(changes)) {
  test <- contest(m, changes[[label]], joint = FALSE, ddf = "Kenward-Roger")
  keep("lmer_contrast", label, test$Estimate); keep("lmer_contrast_error", label, test$`Std. Error`)
  keep("lmer_contrast_freedom", label, test$df); keep("lmer_contrast_p", label, test$`Pr(>|t|)`)
}

# Constrained longitudinal analysis: one mean at the first visit, arm by later visit.
gap <- sapply(2:4, function(v) long$arm * (long$visit == v)); colnames(gap) <- paste0("gap", 2:4)
long <- cbind(long, gap)
g <- gls(y ~ gap2 + gap3 + gap4 + visit_name - 1, long, corSymm(form = ~ visit | id), varIdent(form = ~ 1 | visit_name), control = tight)
fit <- refine(start_from(g), unstructured, model.matrix(~ gap2 + gap3 + gap4 + visit_name - 1, long)); agree(fit, g)
save("clda", fit, c(paste0("gap ", visits[2:4]), visits), setNames(lapply(1:3, function(v) replace(numeric(7), v, 1)), visits[2:4]))
m <- lmer(y ~ gap2 + gap3 + gap4 + visit_name - 1 + (1 | id), long, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
for (v in 1:3) { test <- contest(m, replace(numeric(7), v, 1), joint = FALSE, ddf = "Kenward-Roger"); label <- visits[v + 1]
  keep("lmer_clda_contrast", label, test$Estimate); keep("lmer_clda_contrast_error", label, test$`Std. Error`)
  keep("lmer_clda_contrast_freedom", label, test$df) }

# Analysis of covariance at month 12.
both <- patients[!is.na(patients$month_0) & !is.na(patients$month_12), ]
l <- lm(month_12 ~ arm + month_0 + age_decade, both); v <- sandwich::vcovHC(l, "HC3")
keep("ancova", c("estimate", "std_error", "freedom"), c(coef(l)["arm"], sqrt(v["arm", "arm"]), l$df.residual))
keep("ancova_classical", "std_error", summary(l)$coefficients["arm", 2])

# Signed ranks given ties: zeros dropped (exactRankTests) and ranked (coin, Pratt).
changes_of <- list(a = c(-4, -4, -3, 0, 0, -3, -3, -2, -2, 0, -1, -1, -1, 1, 2), b = c(-2, 0, -1, -3, -6, 1, -1, -4),
                   c = c(-3, -3, -3, 2, 2, 2, 2, -1, 5, -5, 0.5, 0, 0), d = rep(c(-2, -1, 0, 1, -3), c(9, 8, 11, 7, 5)))
for (label in names(changes_of)) { x <- changes_of[[label]]
  keep("signed_rank_drop_p", label, exactRankTests::wilcox.exact(x[x != 0], exact = TRUE)$p.value)
  test <- coin::wilcoxsign_test(x ~ rep(0, length(x)), zero.method = "Pratt", distribution = coin::exact(algorithm = "shift"))
  keep("signed_rank_pratt_p", label, as.numeric(coin::pvalue(test)))
  keep("signed_rank_changes", paste(label, seq_along(x)), x) }

many <- rep(changes_of$a, 6) # 66 who changed: normal with tie and continuity correction, zeros dropped
test <- wilcox.test(many, conf.int = TRUE, exact = FALSE, tol.root = 1e-11)
keep("signed_rank_normal", c("conf_low", "conf_high", "p_value"), c(test$conf.int, test$p.value))

# Oldham's correlation with Pitman's test of equal variances, and Blomqvist's slope: textbook formulas in base R.
both <- patients[!is.na(patients$month_0) & !is.na(patients$month_6), ]
x <- both$month_0; y <- both$month_6; test <- cor.test(y - x, (x + y) / 2)
keep("oldham", c("estimate", "conf_low", "conf_high", "p_value"), c(test$estimate, test$conf.int, test$p.value))
at <- uniroot(function(w) cor.test(y - sqrt(w) * x, y + sqrt(w) * x)$p.value - 0.05, c(1e-3, var(y) / var(x)), tol = 1e-13)$root
up <- uniroot(function(w) cor.test(y - sqrt(w) * x, y + sqrt(w) * x)$p.value - 0.05, c(var(y) / var(x), 50), tol = 1e-13)$root
keep("pitman_morgan", c("estimate", "conf_low", "conf_high"), c(var(y) / var(x), at, up))
l <- lm(y ~ x); keep("blomqvist_0.8", c("estimate", "std_error"), c(coef(l)[2] / 0.8 - 1, sqrt(sandwich::vcovHC(l, "HC3")[2, 2]) / 0.8))

# GEE: geepack with the sandwich of Liang and Zeger, all visits as rows, a binary outcome at 5 points.
long$event <- as.numeric(long$y >= 5); long$after <- as.numeric(long$visit > 1)
rows <- merge(long[c("id", "visit", "y", "event", "arm", "after")], data.frame(id = patients$id))
rows <- rows[order(rows$id, rows$visit), ]
write.csv(rows, file.path(folder, "longitudinal_rows.csv"), row.names = FALSE)
for (kind in c("linear", "logistic")) for (structure in c("independence", "exchangeable")) {
  formula <- if (kind == "linear") y ~ arm + after else event ~ arm + after
  g <- geeglm(formula, if (kind == "linear") gaussian else binomial, rows, id = id, corstr = structure, std.err = "san.se",
              control = geese.control(epsilon = 1e-13, maxit = 500))
  name <- paste("gee", kind, structure, sep = "_")
  keep(paste0(name, "_estimate"), c("intercept", "arm", "after"), coef(g))
  keep(paste0(name, "_error"), c("intercept", "arm", "after"), sqrt(diag(vcov(g))))
  if (structure == "exchangeable") keep(paste0(name, "_alpha"), "", g$geese$alpha)
}

write.csv(within(numbers, value <- sprintf("%.15g", value)), file.path(folder, "longitudinal.csv"), row.names = FALSE, quote = c(1, 2))
