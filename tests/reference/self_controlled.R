# Numbers for tests/statistics/regression/test_self_controlled.py.
# Run: Rscript tests/reference/self_controlled.R tests/reference
# R 4.2.2, base only. Writes self_controlled_rows.csv (stretches of time) and self_controlled.csv
# (term, log rate ratio, standard error, limits): a Poisson model with one intercept a patient gives the conditional
# maximum and its error exactly, as those intercepts are fitted away (patients without events left out).
folder <- commandArgs(trailingOnly = TRUE)[1]
set.seed(5)
patients <- 60
rows <- do.call(rbind, lapply(seq_len(patients), function(patient) {
  exposed <- c(0, 1, 0, 1, 0)
  late <- c(0, 0, 0, 1, 1)
  days <- c(sample(60:300, 1), sample(10:90, 1), sample(60:300, 1), sample(10:90, 1), sample(60:300, 1))
  prone <- rgamma(1, 1, 1)
  events <- rpois(5, prone * days / 365.25 * exp(0.8 * exposed - 0.3 * late))
  data.frame(patient, exposed, late, years = round(days / 365.25, 6), events)
}))
write.csv(rows, file.path(folder, "self_controlled_rows.csv"), row.names = FALSE)
kept <- rows[ave(rows$events, rows$patient, FUN = sum) > 0, ]
strict <- glm.control(epsilon = 1e-15, maxit = 100)
f <- glm(events ~ exposed + late + factor(patient) + offset(log(years)), poisson, kept, control = strict)
terms <- c("exposed", "late")
b <- coef(f)[terms]; s <- sqrt(diag(vcov(f)))[terms]; z <- qnorm(0.975)
out <- data.frame(term = terms, log_ratio = b, std_error = s, ratio = exp(b), low = exp(b - z * s), high = exp(b + z * s),
                  patients = length(unique(kept$patient)), events = sum(kept$events))
write.csv(format(out, digits = 15), file.path(folder, "self_controlled.csv"), row.names = FALSE, quote = FALSE)
