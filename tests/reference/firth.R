# Numbers for tests/statistics/test_firth.py.
# Run: Rscript tests/reference/firth.R tests/reference
# R 4.2.2, brglm2 0.9 (Debian 12 packages). Reads firth_tally.csv, writes endometrial.csv (the data of
# Heinze and Schemper 2002 as brglm2 ships them) and firth.csv (quantity, term, value).
# logistf is not among the Debian packages: estimates are those of brglm2, limits and p-values come from the
# penalised profile likelihood in base R below.
folder <- commandArgs(trailingOnly = TRUE)[1]
numbers <- data.frame(quantity = character(), term = character(), value = numeric())
keep <- function(quantity, term, value) {
  numbers <<- rbind(numbers, data.frame(quantity = quantity, term = as.character(term), value = unname(value)))
}

# Maximum of the penalised likelihood over the free coefficients: Fisher scoring with Firth's modified score,
# steps halved until the penalised likelihood does not fall, then optim.
penalised <- function(beta, x, y) {
  p <- plogis(drop(x %*% beta))
  sum(dbinom(y, 1, p, log = TRUE)) + as.numeric(determinant(crossprod(x, p * (1 - p) * x))$modulus) / 2
}
climb <- function(beta, x, y, free) {
  if (!length(free)) return(beta)
  for (step in 1:2000) {
    p <- plogis(drop(x %*% beta)); w <- p * (1 - p)
    information <- crossprod(x, w * x)
    h <- w * rowSums((x %*% solve(information)) * x)
    score <- drop(crossprod(x, y - p + h * (0.5 - p)))
    move <- replace(numeric(length(beta)), free, solve(information[free, free], score[free]))
    if (sum(score * move) < 1e-20) break
    size <- 1; now <- penalised(beta, x, y)
    while (size > 1e-9 && penalised(beta + size * move, x, y) < now - 1e-13 * abs(now)) size <- size / 2
    beta <- beta + size * move
  }
  # Where leverages are large scoring may stall: a general optimiser goes on from there.
  f <- function(b) -penalised(replace(beta, free, b), x, y)
  for (i in 1:3) beta[free] <- optim(beta[free], f, method = "BFGS", control = list(reltol = 1e-15, maxit = 2000))$par
  beta
}
firth_limits <- function(x, y, beta, se, i, level = 0.95) {
  free <- seq_along(beta)[-i]
  top <- penalised(beta, x, y)
  # With the coefficient held far out there may be two maxima: begin at the best fit and on the ray through it.
  profile <- function(value) max(sapply(list(replace(beta, i, value), beta * value / beta[i]), function(start)
    tryCatch(penalised(climb(start, x, y, free), x, y), error = function(e) -Inf)))
  excess <- function(value) 2 * (top - profile(value)) - qchisq(level, 1)
  ends <- sapply(c(-1, 1), function(side) {
    far <- beta[i] + side * 2 * se[i]
    while (excess(far) < 0) far <- far + side * se[i]
    uniroot(excess, sort(c(beta[i], far)), tol = 1e-13)$root
  })
  c(ends, pchisq(2 * (top - profile(0)), 1, lower.tail = FALSE))
}
firth <- function(case, formula, frame) {
  f <- glm(formula, binomial, frame, method = brglm2::brglmFit, type = "AS_mean", epsilon = 1e-13, maxit = 5000)
  x <- model.matrix(f)
  beta <- climb(coef(f), x, f$y, seq_len(ncol(x)))
  stopifnot(max(abs(beta - coef(f))) < 1e-6)
  p <- plogis(drop(x %*% beta))
  se <- sqrt(diag(solve(crossprod(x, p * (1 - p) * x))))
  out <- sapply(2:ncol(x), function(i) c(beta[i], se[i], firth_limits(x, f$y, beta, se, i)))
  dimnames(out) <- list(c("coefficient", "se", "low", "high", "p"), colnames(x)[-1])
  for (row in rownames(out)) keep(paste(case, row, sep = "_"), colnames(out), out[row, ])
  keep(paste0(case, "_penalised_log_likelihood"), "", penalised(beta, x, f$y))
  out
}

data("endometrial", package = "brglm2")
write.csv(endometrial, file.path(folder, "endometrial.csv"), row.names = FALSE)
found <- firth("endometrial", HG ~ NV + PI + EH, endometrial)
print(round(t(found), 4))
# The limits that Heinze and Schemper (2002) print for this study.
printed <- rbind(NV = c(0.61, 7.85), PI = c(-0.12, 0.04), EH = c(-4.37, -1.23))
stopifnot(max(abs(t(found[c("low", "high"), rownames(printed)]) - printed)) < 0.0051)

tally <- read.csv(file.path(folder, "firth_tally.csv"))
rows <- tally[rep(seq_len(nrow(tally)), tally$n), ]
firth("tally", depressed ~ neuropathic + woman + nrs, rows)
firth("separated", event ~ exposed,
      data.frame(event = rep(c(0, 1, 1), c(9, 5, 6)), exposed = rep(c(0, 0, 1), c(9, 5, 6))))
# Separated by two columns together, one of them continuous.
together <- data.frame(a = c(0, 0, 0, 0, 1, 1, 1, 1, 0, 1), b = c(1, 2, 3, 4, 2, 3, 4, 5, 5, 6) / 2,
                       event = c(0, 0, 0, 1, 0, 1, 1, 1, 1, 1))
write.csv(together, file.path(folder, "firth_together.csv"), row.names = FALSE)
firth("together", event ~ a + b, together)
numbers$value <- format(numbers$value, digits = 15)
write.csv(numbers, file.path(folder, "firth.csv"), row.names = FALSE)
