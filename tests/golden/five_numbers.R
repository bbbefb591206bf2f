# Writes tests/golden/five_numbers.json: mean, standard deviation and skewness from quantiles as metafor's
# conv.fivenum gives them. It needs metafor 4.0 or newer, which Debian 12 does not have; set R_LIBS to where it is:
# R_LIBS=... Rscript tests/golden/five_numbers.R
suppressPackageStartupMessages({
  library(metafor)
  library(jsonlite)
})
# EDSS-like and other five-number summaries; the third, sixth and eighth lean to one side.
five <- data.frame(
  minimum = c(2.0, 1.5, 1.0, 10, 0, 0, -3.2, 0.5), q1 = c(3.5, 4.0, 1.5, 25, 2.1, 1, -0.9, 1.1),
  median = c(4.5, 5.5, 2.0, 31, 4.4, 2, 0.1, 1.3), q3 = c(6.0, 6.0, 4.0, 40, 6.3, 8, 0.8, 3.7), maximum = c(7.5, 6.5, 8.0, 55, 9.9, 40, 2.7, 14)
)
sizes <- c(5, 8, 15, 24, 60, 200)
given <- list(range = c("minimum", "median", "maximum"), quartiles = c("q1", "median", "q3"), five = names(five))
short <- c(minimum = "min", q1 = "q1", median = "median", q3 = "q3", maximum = "max")
rows <- list()
for (kind in names(given)) for (n in sizes) for (i in seq_len(nrow(five))) {
  numbers <- as.list(five[i, given[[kind]]])
  call <- c(setNames(numbers, short[given[[kind]]]), list(n = n))
  kept <- do.call(conv.fivenum, c(call, list(test = FALSE)))
  tested <- suppressWarnings(do.call(conv.fivenum, c(call, list(test = TRUE))))
  rows[[length(rows) + 1]] <- list(kind = kind, numbers = numbers, n = n, mean = as.numeric(kept$mean), sd = as.numeric(kept$sd), skewed = is.na(tested$mean))
}
head <- list(
  script = "tests/golden/five_numbers.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("metafor", "jsonlite")), function(name) as.character(packageVersion(name))),
  call = "metafor::conv.fivenum(min, q1, median, q3, max, n, test = FALSE) and with test = TRUE, which leaves skewed studies out"
)
lines <- vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA)), "")
writeLines(
  c("{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","), paste0("\"rows\": [\n", paste(lines, collapse = ",\n"), "\n]"), "}"),
  "tests/golden/five_numbers.json"
)
