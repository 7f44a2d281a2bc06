# Reference numbers for survival, tallies of small data sets that come with R's survival package.
# Made with R 4.2.2, survival 3.5-3, cmprsk 2.2-11: Rscript survival.R
# writes survival.csv (quantity,term,value) and survival_cells.csv (the tallies).
suppressMessages({library(survival); library(cmprsk)})
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
numbers <- data.frame()
put <- function(quantity, term, value)
  numbers <<- rbind(numbers, data.frame(quantity = quantity, term = as.character(term), value = sprintf("%.15g", value)))

# The patients, ----------------------------------------------------------------------------------------------
months <- function(days) ceiling(days / 30.4375)   # coarse, so that there are ties
lung1 <- with(subset(lung, !is.na(ph.ecog)), data.frame(set = "lung", start = 0, time = months(time), event = status - 1,
  group = sex, x = pmin(ph.ecog, 2), z = round(age, -1), id = 0))
ovarian1 <- with(ovarian, data.frame(set = "ovarian", start = 0, time = futime, event = fustat, group = rx,
  x = rx - 1, z = age, id = 0))
veteran1 <- with(veteran, data.frame(set = "veteran", start = 0, time = ceiling(time / 7), event = status,
  group = as.integer(celltype), x = trt - 1, z = karno, id = 0))
heart1 <- with(heart, data.frame(set = "heart", start = start, time = stop, event = event,
  group = as.integer(transplant), x = as.integer(transplant) - 1, z = round(age), id = id))
mgus1 <- with(subset(mgus2, age >= 80), data.frame(set = "mgus", start = 0, time = ceiling(ifelse(pstat == 1, ptime, futime) / 6) + 1,
  event = ifelse(pstat == 1, 1, 2 * death), group = as.integer(sex), x = 0, z = 0, id = 0))
bladder1 <- with(subset(bladder2, stop > start), data.frame(set = "bladder", start = start, time = stop, event = event, group = rx,
  x = rx - 1, z = number, id = id))
every <- rbind(lung1, ovarian1, veteran1, heart1, mgus1, bladder1)
tally <- aggregate(n ~ ., cbind(every, n = 1), sum)
write.csv(tally[order(tally$set, tally$id, tally$start, tally$time, tally$event, tally$group, tally$x, tally$z), ],
  file.path(folder, "survival_cells.csv"), row.names = FALSE, quote = FALSE)

# Kaplan-Meier -----------------------------------------------------------------------------------------------
curve <- function(name, fit) {
  for (part in c("surv", "std.err", "lower", "upper", "n.risk", "n.event", "n.censor")) {
    value <- fit[[part]]
    if (part == "std.err") value <- value * fit$surv
    keep <- fit$surv > 0 & fit$surv < 1
    for (i in which(keep)) put(paste0("km_", name, "_", part), fit$time[i], value[i])
  }
  quartiles <- quantile(fit, c(0.25, 0.5, 0.75))
  for (part in names(quartiles)) for (i in 1:3)
    if (!is.na(quartiles[[part]][i])) put(paste0("quartile_", name, "_", part), c(0.25, 0.5, 0.75)[i], quartiles[[part]][i])
}
curve("lung", survfit(Surv(time, event) ~ 1, lung1, conf.type = "log-log"))
curve("ovarian", survfit(Surv(time, event) ~ 1, ovarian1, conf.type = "log-log"))
curve("heart", survfit(Surv(start, time, event) ~ 1, heart1, conf.type = "log-log"))
middle <- survfit(Surv(c(1, 2, 3, 4), c(1, 1, 0, 1)) ~ 1, conf.type = "log-log")
put("km_flat", "median", quantile(middle, 0.5)$quantile)
years <- summary(survfit(Surv(time, event) ~ 1, lung1, conf.type = "log-log"), times = c(6.5, 12, 20))
for (part in c("n.risk", "n.event", "n.censor", "surv", "lower", "upper")) put(paste0("km_at_", part), c(6.5, 12, 20), years[[part]])

# Log-rank ---------------------------------------------------------------------------------------------------
logrank <- function(name, test) {
  observed <- if (is.matrix(test$obs)) rowSums(test$obs) else test$obs
  expected <- if (is.matrix(test$exp)) rowSums(test$exp) else test$exp
  put(paste0("logrank_", name, "_observed"), seq_along(observed), observed)
  put(paste0("logrank_", name, "_expected"), seq_along(expected), expected)
  put(paste0("logrank_", name), c("chi_square", "p_value"), c(test$chisq, pchisq(test$chisq, length(observed) - 1, lower.tail = FALSE)))
  put(paste0("logrank_", name), "variance", test$var[1, 1])
}
logrank("lung", survdiff(Surv(time, event) ~ group, lung1))
logrank("lung_strata", survdiff(Surv(time, event) ~ group + strata(x), lung1))
logrank("veteran", survdiff(Surv(time, event) ~ group, veteran1))

# Cox --------------------------------------------------------------------------------------------------------
cox <- function(name, fit) {
  out <- summary(fit)$coefficients
  limits <- confint(fit)
  put(paste0("cox_", name, "_coef"), rownames(out), out[, "coef"])
  put(paste0("cox_", name, "_se"), rownames(out), sqrt(diag(fit$var)))
  put(paste0("cox_", name, "_low"), rownames(out), exp(limits[, 1]))
  put(paste0("cox_", name, "_high"), rownames(out), exp(limits[, 2]))
  put(paste0("cox_", name, "_p"), rownames(out), out[, ncol(out)])
}
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)
lung_efron <- coxph(Surv(time, event) ~ x + z + group, lung1, control = tight)
cox("lung_efron", lung_efron)
cox("lung_breslow", coxph(Surv(time, event) ~ x + z + group, lung1, ties = "breslow", control = tight))
cox("lung_strata", coxph(Surv(time, event) ~ x + z + strata(group), lung1, control = tight))
cox("lung_robust", coxph(Surv(time, event) ~ x + z, lung1, robust = TRUE, control = tight))
cox("lung_cluster", coxph(Surv(time, event) ~ x + group, lung1, cluster = z, control = tight))
cox("lung_breslow_robust", coxph(Surv(time, event) ~ x + z, lung1, ties = "breslow", robust = TRUE, control = tight))
cox("ovarian", coxph(Surv(time, event) ~ x + z, ovarian1, control = tight))
cox("heart", coxph(Surv(start, time, event) ~ x + z, heart1, control = tight))
cox("bladder", coxph(Surv(start, time, event) ~ x + z, bladder1, cluster = id, control = tight))

# Profile limits: the root of the likelihood ratio, written out because survival has none.
profile <- function(name, data, columns) {
  value <- function(formula) coxph(as.formula(formula), data, control = tight)$loglik
  full <- coxph(as.formula(paste("Surv(start, time, event) ~", paste(columns, collapse = "+"))), data, control = tight)
  for (column in columns) {
    others <- setdiff(columns, column)
    deviance <- function(b) {
      data$held <- b * data[[column]]
      formula <- paste("Surv(start, time, event) ~ offset(held)", if (length(others)) paste("+", paste(others, collapse = "+")))
      found <- coxph(as.formula(formula), data, control = tight)$loglik
      2 * (full$loglik[2] - found[length(found)])
    }
    best <- coef(full)[column]; error <- sqrt(full$var[match(column, columns), match(column, columns)])
    root <- function(side) uniroot(function(b) deviance(b) - qchisq(0.95, 1), best + side * error * c(0.5, 6), tol = 1e-12)$root
    put(paste0("profile_", name), paste0(column, "_low"), exp(root(-1)))
    put(paste0("profile_", name), paste0(column, "_high"), exp(root(1)))
    put(paste0("profile_", name), paste0(column, "_p"), pchisq(deviance(0), 1, lower.tail = FALSE))
  }
}
lung1$start <- -1; ovarian1$start <- -1
profile("lung", lung1, c("x", "z", "group"))
profile("ovarian", ovarian1, "x")
profile("heart", heart1, c("x", "z"))

# Firth's penalty: coxphf is not at hand; coxph at fixed coefficients gives likelihood and information.
firth <- function(name, data, columns) {
  formula <- as.formula(paste("Surv(start, time, event) ~", paste(columns, collapse = "+")))
  value <- function(b) {
    fit <- suppressWarnings(coxph(formula, data, init = b, control = coxph.control(iter.max = 0)))
    fit$loglik[2] - as.numeric(determinant(fit$var)$modulus) / 2
  }
  size <- length(columns)
  top <- function(start, f) {
    for (i in 1:4) start <- optim(start, function(b) -f(b), method = "BFGS", control = list(reltol = 1e-15, maxit = 500))$par
    start
  }
  best <- top(rep(0, size), value)
  scale <- sqrt(diag(suppressWarnings(coxph(formula, data, init = best, control = coxph.control(iter.max = 0)))$var))
  put(paste0("firth_", name), paste0(columns, "_coef"), best)
  for (j in seq_along(columns)) {
    deviance <- function(held) {
      at <- function(rest) { b <- numeric(size); b[j] <- held; b[-j] <- rest; value(b) }
      2 * (value(best) - if (size == 1) at(numeric(0)) else at(top(best[-j], at)))
    }
    put(paste0("firth_", name), paste0(columns[j], "_p"), pchisq(deviance(0), 1, lower.tail = FALSE))
    root <- function(ends) uniroot(function(b) deviance(b) - qchisq(0.95, 1), ends, tol = 1e-10)$root
    put(paste0("firth_", name), paste0(columns[j], "_low"), exp(root(best[j] - c(6, 0.01) * scale[j])))
    put(paste0("firth_", name), paste0(columns[j], "_high"), exp(root(best[j] + c(0.01, 6) * scale[j])))
  }
}

firth("ovarian", ovarian1, c("x"))
one_sided <- data.frame(start = -1, time = c(1, 2, 3, 4, 5, 6, 2, 3), event = c(1, 1, 0, 0, 1, 0, 1, 0), x = c(1, 1, 0, 0, 1, 0, 1, 0),
  z = c(3, 1, 2, 5, 4, 1, 2, 2))[rep(1:8, c(2, 1, 3, 2, 1, 4, 1, 2)), ]
firth("one_sided", one_sided, c("x", "z"))

zph <- function(name, fit, transform) {
  out <- cox.zph(fit, transform = transform)$table
  put(paste0("zph_", name, "_", transform, "_chisq"), rownames(out), out[, "chisq"])
  put(paste0("zph_", name, "_", transform, "_p"), rownames(out), out[, "p"])
}
for (transform in c("km", "rank", "identity", "log")) {
  zph("lung", lung_efron, transform)
  zph("veteran", coxph(Surv(time, event) ~ x + z + strata(group), veteran1, control = tight, ties = "breslow"), transform)
  zph("heart", coxph(Surv(start, time, event) ~ x + z, heart1, control = tight), transform)
}

# Restricted mean survival -----------------------------------------------------------------------------------
# survRM2 is not at hand; its standard error is that of survival:::survmean, its contrasts are written out.
rmst <- function(name, data, tau) {
  means <- summary(survfit(Surv(time, event) ~ group, data), rmean = tau)$table
  mean <- means[, "rmean"]; se <- means[, grep("se\\(rmean", colnames(means))]
  put(paste0("rmst_", name), c("mean_1", "mean_2"), mean)
  put(paste0("rmst_", name), c("se_1", "se_2"), se)
  gap <- mean[2] - mean[1]; error <- sqrt(sum(se^2)); z <- qnorm(0.975)
  put(paste0("rmst_", name), c("difference", "difference_low", "difference_high", "difference_p"),
    c(gap, gap - z * error, gap + z * error, 2 * pnorm(-abs(gap) / error)))
  spread <- sqrt(sum((se / mean)^2))
  put(paste0("rmst_", name), c("ratio", "ratio_low", "ratio_high", "ratio_p"),
    c(mean[2] / mean[1] * exp(c(0, -z, z) * spread), 2 * pnorm(-abs(log(mean[2] / mean[1])) / spread)))
}
rmst("lung", lung1, 12)
rmst("ovarian", ovarian1, 700.5)

# Competing risks --------------------------------------------------------------------------------------------
states <- survfit(Surv(time, factor(event)) ~ 1, mgus1, id = seq_len(nrow(mgus1)))
for (cause in 1:2) for (i in which(states$pstate[, 1 + cause] > 0)) {
  p <- states$pstate[i, 1 + cause]; se <- states$std.err[i, 1 + cause]; cells <- paste0("cif_", cause, "_")
  put(paste0(cells, "estimate"), states$time[i], p); put(paste0(cells, "se"), states$time[i], se)
  # limits symmetric on log(-log(1 - F)), written out
  reach <- qnorm(0.975) * se / ((1 - p) * -log(1 - p))
  put(paste0(cells, "low"), states$time[i], 1 - (1 - p)^exp(-reach)); put(paste0(cells, "high"), states$time[i], 1 - (1 - p)^exp(reach))
}
gray <- function(name, time, event, group) {
  tests <- cuminc(time, event, group)$Tests
  for (cause in rownames(tests)) put(paste0("gray_", name), paste0(c("stat_", "p_"), cause), tests[cause, c("stat", "pv")])
}
gray("mgus", mgus1$time, mgus1$event, mgus1$group)
gray("veteran", veteran1$time, ifelse(veteran1$event == 0, 0, 1 + (veteran1$z < 50)), veteran1$group)
gray("lung", lung1$time, ifelse(lung1$event == 0, 0, 1 + (lung1$z > 60)), lung1$group)

# Recurrent events -------------------------------------------------------------------------------------------
counted <- survfit(Surv(start, time, event) ~ 1, bladder1, id = id, robust = TRUE)
for (i in which(counted$cumhaz > 0)) {
  put("mcc_estimate", counted$time[i], counted$cumhaz[i]); put("mcc_se", counted$time[i], counted$std.chaz[i])
}
write.csv(numbers, file.path(folder, "survival.csv"), row.names = FALSE, quote = FALSE)
