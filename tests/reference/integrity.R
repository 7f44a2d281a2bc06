# Places of the quartiles among n sorted values by eleven rules: the values are 1 to n, so a quartile is its own place.
# Made with R 4.2.2, base functions only:
# Rscript integrity.R > integrity.csv
cat("rule,n,lower,upper\n")
row <- function(rule, n, lower, upper) cat(sprintf("%s,%d,%.14g,%.14g\n", rule, n, lower, upper))
types <- c("inverse distribution" = 1, "averaged" = 2, "nearest even" = 3, "np" = 4, "midpoints" = 5, "(n+1)p" = 6,
           "(n-1)p" = 7, "median-unbiased" = 8, "normal-unbiased" = 9)
for (n in 2:17) {
  x <- 1:n
  for (rule in names(types)) {
    q <- quantile(x, c(0.25, 0.75), type = types[[rule]], names = FALSE)
    row(rule, n, q[1], q[2])
  }
  row("hinges", n, fivenum(x)[2], fivenum(x)[4])
  half <- floor(n / 2)
  row("halves without the median", n, median(x[1:half]), median(x[(n - half + 1):n]))
}
