# Reference for segmented_change: lme4 with a random intercept, errors and degrees of freedom of Kenward and Roger
# (pbkrtest through lmerTest). Run: Rscript tests/reference/segmented.R
suppressMessages({ library(lme4); library(lmerTest); library(pbkrtest) })
folder <- "tests/reference"
set.seed(7)
rows <- do.call(rbind, lapply(1:24, function(id) {
  before <- sort(-sample(95:1100, 3 + id %% 3)); after <- sort(sample(20:700, 1 + id %% 4))
  day <- c(before, after); own <- rnorm(1, 0, 1.6)
  data.frame(id = id, day = day, score = round(5 + own + 0.2 * day / 365.25 - 1.2 * (day > 0) + rnorm(length(day), 0, 1.1), 1))
}))
write.csv(rows, file.path(folder, "segmented_rows.csv"), row.names = FALSE)
rows$time <- rows$day / 365.25; rows$after <- as.numeric(rows$day > 0); rows$after_time <- rows$after * rows$time
m <- lmer(score ~ time + after + after_time + (1 | id), rows, REML = TRUE,
          control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
contrasts <- list(slope_before = c(0, 1, 0, 0), level_change = c(0, 0, 1, 0), slope_change = c(0, 0, 0, 1),
                  projected_change = c(0, 0, 1, 1))
out <- do.call(rbind, lapply(names(contrasts), function(name) {
  found <- lmerTest::contest1D(m, contrasts[[name]], ddf = "Kenward-Roger", confint = TRUE)
  data.frame(name = name, estimate = found$Estimate, std_error = found$`Std. Error`, freedom = found$df,
             conf_low = found$lower, conf_high = found$upper, p_value = found$`Pr(>|t|)`)
}))
number <- sapply(out, is.numeric)
out[number] <- lapply(out[number], function(x) sprintf("%.15g", x))
write.csv(out, file.path(folder, "segmented.csv"), row.names = FALSE, quote = FALSE)
