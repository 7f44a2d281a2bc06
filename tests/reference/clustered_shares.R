# Reference numbers for shares of units that come in clusters.
# Made with R 4.2.2 and survey 4.1-1: Rscript clustered_shares.R > clustered_shares.csv
suppressMessages(library(survey))
cat("case,term,value\n")
row <- function(case, term, value) cat(sprintf("%s,%s,%.14g\n", case, term, value))
cases <- list(
  few = list(events = c(2, 0, 1, 3, 1), units = c(3, 2, 1, 4, 1), counts = c(1, 1, 1, 1, 1)),
  tally = list(events = c(2, 0, 1, 3), units = c(3, 2, 1, 4), counts = c(5, 5, 5, 5)),
  rare = list(events = c(0, 1, 0, 0, 2), units = c(5, 6, 1, 2, 9), counts = c(20, 2, 30, 9, 1))
)
for (name in names(cases)) {
  x <- cases[[name]]
  events <- rep(x$events, x$counts); units <- rep(x$units, x$counts)
  patient <- rep(seq_along(units), units)
  yes <- unlist(mapply(function(e, u) rep(c(1, 0), c(e, u - e)), events, units))
  design <- svydesign(ids = ~patient, weights = ~1, data = data.frame(patient, yes))
  found <- svyciprop(~yes, design, method = "logit", df = length(units) - 1)
  row(name, "estimate", as.numeric(found)); row(name, "std_error", as.numeric(SE(svymean(~yes, design))))
  row(name, "conf_low", attr(found, "ci")[1]); row(name, "conf_high", attr(found, "ci")[2])
  each <- svydesign(ids = ~1, weights = ~1, data = data.frame(own = events / units))
  mean_own <- svymean(~own, each)
  row(name, "patient_estimate", as.numeric(mean_own)); row(name, "patient_std_error", as.numeric(SE(mean_own)))
}
