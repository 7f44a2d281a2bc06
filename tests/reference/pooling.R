# Numbers for tests/statistics/test_pooling*.py.
# R 4.2.2 with metafor 3.8.1, metadat 1.2.0, lme4 1.1.31; Rscript pooling.R > pooling.csv
suppressMessages({library(metafor); library(lme4)})
numbers <- list()
keep <- function(quantity, term, value) {
  numbers[[length(numbers) + 1]] <<- data.frame(quantity, term = as.character(term), value = as.numeric(value))
}
exact <- list(threshold = 1e-13, maxiter = 10000, tol = 1e-13)
fit <- function(...) {  # rma looks its arguments up by name in the caller
  call <- sys.call(); call[[1]] <- quote(rma); call$control <- quote(exact); eval.parent(call)
}

pooled <- function(name, f, limits = TRUE) {
  k <- f$k
  keep(name, c("mean", "error", "low", "high", "tau2", "i2", "h2", "q", "q_p", "p_value"),
       c(f$beta[1], f$se, f$ci.lb, f$ci.ub, f$tau2, f$I2 / 100, f$H2, f$QE, f$QEp, f$pval))
  keep(name, paste0("weight_", seq_len(k)), weights(f) / 100)
  if (f$method != "FE") {
    for (freedom in c(k - 2, k - 1)) {
      reach <- qt(0.975, freedom) * sqrt(f$se^2 + f$tau2)
      keep(name, paste0(c("prediction_low_", "prediction_high_"), k - freedom), f$beta[1] + c(-1, 1) * reach)
    }
    if (f$test == "knha") {  # metafor's own prediction limits are those with k - 1
      own <- predict(f)
      stopifnot(abs(own$pi.ub - f$beta[1] - reach) < 1e-10)
    }
    ci <- confint(f, control = list(tol = 1e-13, tau2.max = 1e5))$random
    keep(name, c("tau2_low", "tau2_high", "i2_low", "i2_high"),
         c(ci["tau^2", 2:3], ci["I^2(%)", 2:3] / 100))
  }
}

# The BCG trials (metadat::dat.bcg): log risk ratios of tuberculosis.
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
for (method in c("REML", "DL", "PM"))
  for (test in c("z", "knha", "adhoc")) pooled(paste("bcg", method, test), fit(yi, vi, data = bcg, method = method, test = test))
pooled("bcg fixed z", fit(yi, vi, data = bcg, method = "FE"))
keep("bcg", paste("events", rep(1:2, each = 13), 1:13), c(dat.bcg$tpos, dat.bcg$cpos))
keep("bcg", paste("of", rep(1:2, each = 13), 1:13), with(dat.bcg, c(tpos + tneg, cpos + cneg)))

# Few studies, made up: widely apart, alike, and so alike that the Q profile is empty.
few <- list(apart = list(c(-0.4, 0.1, 0.9, 1.6), c(0.05, 0.12, 0.02, 0.3)),
            alike = list(c(0.30, 0.35, 0.28, 0.41, 0.33), c(0.04, 0.09, 0.02, 0.10, 0.05)),
            level = list(c(1.00, 1.01, 1.02, 1.00, 1.01, 0.99), c(0.2, 0.3, 0.2, 0.4, 0.3, 0.2)),
            two = list(c(0.1, 0.9), c(0.02, 0.05)))
for (name in names(few)) for (method in c("REML", "DL", "PM"))
  pooled(paste(name, method, "adhoc"), suppressWarnings(fit(few[[name]][[1]], few[[name]][[2]], method = method, test = "adhoc")))

# Shares: double arcsine, and the binomial-normal model.
shares <- list(any_pain = list(c(117, 125, 81, 25), c(145, 166, 122, 29)),
               neuropathic = list(c(93, 34, 35, 37), c(145, 71, 122, 86)),
               zero_cell = list(c(0, 3, 9, 12), c(11, 25, 30, 61)),
               alike = list(c(10, 21, 30), c(40, 80, 120)),
               rare = list(c(0, 1, 0, 2, 5, 0, 7), c(25, 40, 18, 60, 44, 31, 52)))
for (name in names(shares)) {
  xi <- shares[[name]][[1]]; ni <- shares[[name]][[2]]; k <- length(xi)
  f <- fit(measure = "PFT", xi = xi, ni = ni, method = "REML", test = "knha")
  if (f$tau2 == 0) f <- fit(measure = "PFT", xi = xi, ni = ni, method = "REML", test = "adhoc")
  back <- function(x) sapply(x, transf.ipft.hm, targs = list(ni = ni))
  reach <- qt(0.975, k - 2) * sqrt(f$se^2 + f$tau2)
  keep(paste("freeman_tukey", name), c("estimate", "conf_low", "conf_high", "prediction_low", "prediction_high", "tau2"),
       c(back(c(f$beta[1], f$ci.lb, f$ci.ub, f$beta[1] - reach, f$beta[1] + reach)), f$tau2))
  # glmer with 25 nodes and a tight optimiser; metafor's rma.glmm for Q and I2 and as a second witness (7 nodes).
  g <- suppressMessages(glmer(cbind(xi, ni - xi) ~ 1 + (1 | study), data = data.frame(study = factor(seq_len(k))), family = binomial,
             nAGQ = 25, control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 1e-3, rhoend = 1e-10, maxfun = 1e5))))
  tau2 <- as.numeric(VarCorr(g)$study)
  m <- suppressMessages(suppressWarnings(rma.glmm(measure = "PLO", xi = xi, ni = ni, test = "t")))
  keep(paste("glmm", name), c("mean", "error", "tau2", "q"), c(fixef(g), sqrt(vcov(g)[1, 1]), tau2, m$QE.LRT))
  keep(paste("rma.glmm", name), c("mean", "error", "tau2", "low", "high", "i2", "h2"),
       c(m$beta[1], m$se, m$tau2, m$ci.lb, m$ci.ub, m$I2 / 100, m$H2))
}

# Means, changes, correlations.
mi <- c(4.1, 5.0, 3.6, 4.4); sdi <- c(2.0, 2.4, 1.9, 2.2); ni <- c(40, 25, 60, 12)
pooled("means", fit(measure = "MN", mi = mi, sdi = sdi, ni = ni, method = "REML", test = "adhoc"))
pooled("changes", fit(measure = "MC", m1i = c(0.9, 1.7, 2.2), m2i = c(3.0, 3.2, 4.1), sd1i = c(1.2, 2.6, 1.9),
                      sd2i = c(1.5, 2.2, 2.0), ri = rep(0.6, 3), ni = c(7, 19, 31), method = "REML", test = "knha"))
molloy <- dat.molloy2014
keep("molloy", paste("ri", seq_len(nrow(molloy))), molloy$ri); keep("molloy", paste("ni", seq_len(nrow(molloy))), molloy$ni)
pooled("pearson", fit(measure = "ZCOR", ri = ri, ni = ni, data = molloy, method = "REML", test = "z"))
r <- c(0.34, 0.52, 0.41, 0.15, 0.60); n <- c(71, 40, 122, 35, 28)  # Bonett-Wright variance written out
pooled("spearman", fit(atanh(r), (1 + r^2 / 2) / (n - 3), method = "REML", test = "knha"))

# Ratios from counts with empty cells: half an event in studies with an empty cell, those without information dropped.
ai <- c(0, 4, 6, 12, 0); n1 <- c(20, 31, 30, 40, 15); ci <- c(3, 9, 9, 12, 0); n2 <- c(22, 30, 28, 12, 15)
for (measure in c("OR", "RR"))
  pooled(measure, fit(measure = measure, ai = ai, n1i = n1, ci = ci, n2i = n2, add = 1/2, to = "only0", drop00 = TRUE,
                      method = "REML", test = "adhoc"))
pooled("IRR", fit(measure = "IRR", x1i = c(12, 0, 5, 20), t1i = c(20, 8, 11.5, 40), x2i = c(30, 4, 9, 61), t2i = c(22, 7, 10, 38),
                  add = 1/2, to = "only0", drop00 = TRUE, method = "REML", test = "knha"))
hr <- c(0.22, 0.38, 0.31, 0.55); lo <- c(0.12, 0.21, 0.15, 0.30); hi <- c(0.40, 0.69, 0.64, 1.01)
pooled("HR", fit(log(hr), ((log(hi) - log(lo)) / (2 * qnorm(0.975)))^2, method = "REML", test = "adhoc"))

# Leaving one out, Egger's regression, subgroups: BCG by allocation.
out <- leave1out(fit(yi, vi, data = bcg, method = "REML", test = "knha"))
for (term in c("estimate", "se", "ci.lb", "ci.ub", "Q", "tau2")) keep("leave1out", paste(term, 1:13), out[[term]])
egger <- regtest(yi, vi, data = bcg, model = "lm", predictor = "sei")
slope <- summary(egger$fit)$coefficients[2, ]; limits <- confint(egger$fit)[2, ]
keep("egger", c("estimate", "std_error", "conf_low", "conf_high", "p_value"), c(slope[1], slope[2], limits, slope[4]))
stopifnot(abs(egger$zval - slope[3]) < 1e-8)
bcg$alloc <- factor(bcg$alloc, levels = unique(bcg$alloc))
keep("alloc", 1:13, as.integer(bcg$alloc))
for (test in c("knha", "z")) {
  f <- fit(yi, vi, mods = ~ alloc, data = bcg, method = "REML", test = test)
  m <- fit(yi, vi, mods = ~ alloc - 1, data = bcg, method = "REML", test = test)
  name <- paste("subgroups", test)
  keep(name, c("qm", "qm_p", "tau2"), c(f$QM, f$QMp, f$tau2))
  for (g in 1:3) keep(name, paste(c("mean", "error", "low", "high"), g), c(m$beta[g], m$se[g], m$ci.lb[g], m$ci.ub[g]))
  for (g in 2:3) keep(name, paste(c("gap", "gap_error", "gap_low", "gap_high", "gap_p"), g),
                      c(f$beta[g], f$se[g], f$ci.lb[g], f$ci.ub[g], f$pval[g]))
}
parts <- lapply(levels(bcg$alloc), function(level) fit(yi, vi, data = bcg, subset = alloc == level, method = "REML", test = "z"))
est <- sapply(parts, function(p) p$beta[1]); se <- sapply(parts, function(p) p$se)
f <- fit(est, sei = se, mods = ~ factor(1:3), method = "FE")
keep("subgroups separate", c("qm", "qm_p"), c(f$QM, f$QMp))
for (g in 1:3) keep("subgroups separate", paste(c("mean", "error", "tau2"), g), c(est[g], se[g], parts[[g]]$tau2))
for (g in 2:3) keep("subgroups separate", paste(c("gap", "gap_error", "gap_low", "gap_high"), g),
                    c(f$beta[g], f$se[g], f$ci.lb[g], f$ci.ub[g]))
# Welch: studies of equal, tiny variance make group means plain means, so that oneway.test is the answer.
y <- c(1.0, 2.2, 0.7, 3.9, 2.8, 6.1, 5.2, 1.9, 2.5, 2.4); g <- rep(1:3, c(4, 3, 3))
welch <- oneway.test(y ~ g)
keep("welch", c("f", "freedom_within", "p_value"), c(welch$statistic, welch$parameter[2], welch$p.value))
two <- t.test(y[g == 2], y[g == 1])
keep("welch", c("gap_low", "gap_high", "gap_p"), c(two$conf.int, two$p.value))

# Means from medians (Luo 2018; Wan 2014), written out: no package at hand.
for (n in c(5, 30, 201)) {
  s1 <- 4 / (4 + n^0.75); s2 <- 0.7 + 0.39 / n; a <- 2.2 / (2.2 + n^0.75); b <- 0.7 - 0.72 / n^0.55
  range_sd <- 9 / (2 * qnorm((n - 0.375) / (n + 0.25))); quartile_sd <- 3.5 / (2 * qnorm((0.75 * n - 0.125) / (n + 0.25)))
  keep("median", paste(c("range", "range_sd", "quartiles", "quartiles_sd", "both", "both_sd"), n),
       c(s1 * 5.5 + (1 - s1) * 4, range_sd, s2 * 4.75 + (1 - s2) * 4, quartile_sd,
         a * 5.5 + b * 4.75 + (1 - a - b) * 4, (range_sd + quartile_sd) / 2))
}
numbers <- do.call(rbind, numbers)
numbers$value <- format(numbers$value, digits = 15, trim = TRUE)
write.csv(numbers, row.names = FALSE, quote = FALSE)
