# Writes tests/golden/crossover.json: crossovers of two periods as R computes them.
# Run from the root of the repository: Rscript tests/golden/crossover.R
#
# Without ties wilcox.test gives p value, estimate and interval of the shift between the sequences of differences
# within patients; half of it is that of the treatments. With ties coin gives the exact tails.
suppressPackageStartupMessages({
  library(coin)
  library(jsonlite)
})

untied <- list(
  list(name = "3 and 3", seed = 1, n = c(3, 3), effect = 1),
  list(name = "5 and 5", seed = 2, n = c(5, 5), effect = 0),
  list(name = "4 and 9", seed = 3, n = c(4, 9), effect = 2),
  list(name = "12 and 12", seed = 4, n = c(12, 12), effect = -1.5),
  list(name = "20 and 18", seed = 5, n = c(20, 18), effect = 0.7)
)
tied <- list(
  list(name = "EDSS, 4 and 5", seed = 6, n = c(4, 5), effect = -0.5, step = 0.5),
  list(name = "EDSS, 10 and 10", seed = 7, n = c(10, 10), effect = -1, step = 0.5),
  list(name = "lesions, 9 and 7", seed = 8, n = c(9, 7), effect = 2, step = 1)
)

drawn <- function(case) { # patient level, a period difference of 0.4, treatment in the first or second period
  set.seed(case$seed)
  step <- if (is.null(case$step)) 0.000001 else case$step
  sequence <- function(n, first) {
    level <- rnorm(n, 4, 2)
    values <- cbind(level + 0.4 + case$effect * first, level + case$effect * (1 - first)) + rnorm(2 * n)
    round(values / step) * step
  }
  list(sequence(case$n[1], 1), sequence(case$n[2], 0))
}

compare <- function(one, two, tied, level) {
  if (tied) {
    data <- data.frame(y = c(one, two), g = factor(rep(1:2, c(length(one), length(two)))))
    tail <- function(side) as.numeric(pvalue(wilcox_test(y ~ g, data, distribution = "exact", alternative = side)))
    return(list(tails = c(tail("less"), tail("greater"))))
  }
  found <- wilcox.test(one, two, exact = TRUE, conf.int = TRUE, conf.level = level)
  list(p = found$p.value, shift = as.numeric(found$estimate), bounds = as.numeric(found$conf.int))
}

options(warn = 2) # wilcox.test warns of ties and is not exact then

rows <- function(cases, tied) {
  lapply(cases, function(case) {
    found <- drawn(case)
    d <- lapply(found, function(values) round(values[, 1] - values[, 2], 6))
    sums <- lapply(found, function(values) round(values[, 1] + values[, 2], 6))
    level <- if (tied) 0.95 else if (min(case$n) < 4) 0.8 else 0.9
    list(
      name = case$name, level = level, first = found[[1]], second = found[[2]],
      treatment = compare(d[[1]], d[[2]], tied, level), period = compare(d[[1]], -d[[2]], tied, level),
      carry_over = compare(sums[[1]], sums[[2]], tied, level)
    )
  })
}

packages <- c("stats", "coin", "jsonlite")
golden <- list(
  head = list(
    call = "Rscript tests/golden/crossover.R", R = paste(R.version$major, R.version$minor, sep = "."),
    packages = sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE)
  ),
  untied = rows(untied, FALSE), tied = rows(tied, TRUE)
)
lines <- function(rows) vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = I(16))), "")
block <- function(name) paste0("\"", name, "\": [\n", paste(lines(golden[[name]]), collapse = ",\n"), "\n]")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(golden$head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste(vapply(setdiff(names(golden), "head"), block, ""), collapse = ",\n"), "}"
  ),
  "tests/golden/crossover.json"
)
