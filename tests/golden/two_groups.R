# Writes tests/golden/two_groups.json: two-arm and paired comparisons and conjugate posteriors as R computes them.
# Run from the root of the repository: Rscript tests/golden/two_groups.R
#
# Fisher, McNemar, Poisson and rank-sum tests come from R's own functions, coin and exactRankTests. The score
# intervals are computed below straight from their definition: both shares are fitted by maximising the likelihood
# under the hypothesis numerically, and the bounds are found by halving.
suppressPackageStartupMessages({
  library(coin)
  library(exactRankTests)
  library(jsonlite)
})

crossing <- function(f, low, high) { # where a falling function crosses zero
  for (i in 1:200) {
    middle <- (low + high) / 2
    if (middle <= low || middle >= high) break
    if (f(middle) > 0) low <- middle else high <- middle
  }
  (low + high) / 2
}

# --- Fisher ------------------------------------------------------------------------------------------------
fishers <- list()
for (n in list(c(1, 1), c(5, 5), c(4, 9), c(10, 12))) {
  for (a in 0:n[1]) for (b in 0:n[2]) {
    table <- matrix(c(a, n[1] - a, b, n[2] - b), 2)
    for (level in c(0.9, 0.95)) {
      two <- fisher.test(table, conf.level = level)
      tails <- c(fisher.test(table, alternative = "less")$p.value, fisher.test(table, alternative = "greater")$p.value)
      fishers[[length(fishers) + 1]] <- list(
        events = c(a, b), n = n, level = level, odds = as.numeric(two$estimate), bounds = as.numeric(two$conf.int),
        tails = tails, likelier = two$p.value
      )
    }
  }
}

# --- Miettinen-Nurminen and Newcombe -----------------------------------------------------------------------
first_of <- function(measure, value, second) {
  switch(measure, difference = second + value, ratio = second * value,
    `odds ratio` = plogis(qlogis(second) + log(value)))
}
fitted_score <- function(measure, value, x, n) {
  low <- if (measure == "difference") max(0, -value) else 0
  high <- switch(measure, difference = min(1, 1 - value), ratio = min(1, 1 / value), 1)
  loss <- function(second) {
    p <- c(first_of(measure, value, second), second)
    p <- pmin(pmax(p, 1e-300), 1 - 1e-16)
    -sum(x * log(p) + (n - x) * log1p(-p))
  }
  second <- optimize(loss, c(low, high), tol = 1e-14)$minimum
  for (end in c(low, high)) if (loss(end) <= loss(second)) second <- end
  p <- c(first_of(measure, value, second), second)
  v <- p * (1 - p) / n
  if (measure == "odds ratio") {
    w <- n * p * (1 - p)
    return((x[1] - n[1] * p[1]) * sqrt(sum(1 / w)) * sqrt((sum(n) - 1) / sum(n)))
  }
  factor <- if (measure == "ratio") value else 1
  gap <- if (measure == "ratio") x[1] / n[1] - value * x[2] / n[2] else x[1] / n[1] - x[2] / n[2] - value
  gap / sqrt((v[1] + factor^2 * v[2]) * sum(n) / (sum(n) - 1))
}
score_bounds <- function(measure, x, n) {
  z <- qnorm(0.975)
  if (measure == "difference") {
    seen <- x[1] / n[1] - x[2] / n[2]
    return(c(
      crossing(function(d) fitted_score(measure, d, x, n) - z, -1 + 1e-9, seen),
      crossing(function(d) fitted_score(measure, d, x, n) + z, seen, 1 - 1e-9)
    ))
  }
  c(
    exp(crossing(function(d) fitted_score(measure, exp(d), x, n) - z, -8, 8)),
    exp(crossing(function(d) fitted_score(measure, exp(d), x, n) + z, -8, 8))
  )
}
newcombe <- function(x, n) {
  w <- sapply(1:2, function(i) suppressWarnings(prop.test(x[i], n[i], correct = FALSE)$conf.int))
  p <- x / n
  p[1] - p[2] + c(-1, 1) * sqrt(c(
    (p[1] - w[1, 1])^2 + (w[2, 2] - p[2])^2, (w[2, 1] - p[1])^2 + (p[2] - w[1, 2])^2
  ))
}
scores <- list()
for (cell in list(
  c(7, 10, 2, 10), c(0, 10, 4, 12), c(5, 10, 0, 10), c(12, 15, 9, 15), c(1, 6, 3, 20), c(30, 50, 20, 50),
  c(0, 15, 0, 12), c(10, 10, 3, 10), c(3, 20, 4, 20)
)) {
  x <- cell[c(1, 3)]
  n <- cell[c(2, 4)]
  row <- list(events = x, n = n, difference = score_bounds("difference", x, n), newcombe = newcombe(x, n))
  if (all(x > 0) && all(x < n)) for (m in c("ratio", "odds ratio")) row[[m]] <- score_bounds(m, x, n)
  scores[[length(scores) + 1]] <- row
}

# --- pairs of yes or no ------------------------------------------------------------------------------------
pairs <- list()
for (gained in c(0, 1, 2, 5, 9, 20)) for (lost in c(0, 1, 3, 8)) if (gained + lost > 0) {
  test <- binom.test(gained, gained + lost)
  pairs[[length(pairs) + 1]] <- list(
    gained = gained, lost = lost, p = test$p.value, bounds = test$conf.int[1:2] / (1 - test$conf.int[1:2])
  )
}

# --- rank sums and permutations ----------------------------------------------------------------------------
set.seed(20240501)
half_steps <- function(n, shift) sample(-4:4, n, replace = TRUE) / 2 + shift
samples <- list(
  tied_small = list(c(1, 1, 2, 0), c(2, 2, 3)), one_each = list(1, 2), all_equal = list(c(1, 1, 1), c(1, 1)),
  skewed = list(c(0, 0, 0, 0, 0, 0, 3), c(0, 0, 1)), untied = list(c(1.3, 2.9, 4.4, 0.2, 7.1), c(3.3, 8.8, 9.2, 5.1)),
  edss_twelve = list(half_steps(12, 0), half_steps(12, 0.5)), edss_unequal = list(half_steps(6, -1), half_steps(20, 0)),
  edss_thirty = list(half_steps(30, 0), half_steps(30, 0.5)), untied_twenty = list(round(rnorm(20), 6), round(rnorm(17) + 1, 6))
)
groups <- list()
for (name in names(samples)) {
  x <- samples[[name]][[1]]
  y <- samples[[name]][[2]]
  row <- list(name = name, first = I(x), second = I(y))
  tails <- c(
    wilcox.exact(x, y, alternative = "less")$p.value, wilcox.exact(x, y, alternative = "greater")$p.value
  )
  row$tails <- tails
  if (length(unique(c(x, y))) > 1) {
    frame <- data.frame(value = c(x, y), group = factor(rep(1:2, c(length(x), length(y)))))
    row$p_coin <- as.numeric(coin::pvalue(wilcox_test(value ~ group, frame, distribution = "exact")))
  }
  steps <- round(2 * c(x, y))
  if (max(abs(steps - 2 * c(x, y))) == 0) {
    shift <- min(steps)
    mine <- seq_along(x)
    row$mean_tails <- c(
      perm.test(steps[mine] - shift, steps[-mine] - shift, alternative = "less", exact = TRUE)$p.value,
      perm.test(steps[mine] - shift, steps[-mine] - shift, alternative = "greater", exact = TRUE)$p.value
    )
  }
  if (startsWith(name, "untied")) {
    test <- wilcox.test(x, y, exact = TRUE, conf.int = TRUE)
    row$wilcox <- list(estimate = as.numeric(test$estimate), bounds = as.numeric(test$conf.int))
  }
  groups[[length(groups) + 1]] <- row
}

# --- two rates ---------------------------------------------------------------------------------------------
rates <- list()
for (a in c(0, 1, 4, 12)) for (b in c(0, 2, 9)) if (a + b > 0) {
  tails <- sapply(c("less", "greater"), function(side) {
    poisson.test(c(a, b), c(12.5, 20), alternative = side)$p.value
  })
  rates[[length(rates) + 1]] <- list(events = c(a, b), tails = unname(tails))
}

# --- posteriors --------------------------------------------------------------------------------------------
shares <- list()
for (cell in list(c(0, 10), c(2, 10), c(15, 15), c(7, 24))) for (prior in c(0.5, 1, 1 / 3)) {
  a <- prior + cell[1]
  b <- prior + cell[2] - cell[1]
  k <- 0:6
  shares[[length(shares) + 1]] <- list(
    events = cell[1], n = cell[2], prior = prior, mean = a / (a + b), bounds = qbeta(c(0.025, 0.975), a, b),
    median = qbeta(0.5, a, b), above = pbeta(0.3, a, b, lower.tail = FALSE),
    predictive = exp(lchoose(6, k) + lbeta(k + a, 6 - k + b) - lbeta(a, b))
  )
}
gammas <- list()
for (cell in list(c(0, 7.5), c(3, 12.5), c(40, 60))) for (prior in c(0.5, 1, 1 / 3)) {
  a <- prior + cell[1]
  gammas[[length(gammas) + 1]] <- list(
    events = cell[1], years = cell[2], prior = prior, mean = a / cell[2], bounds = qgamma(c(0.025, 0.975), a, cell[2]),
    median = qgamma(0.5, a, cell[2]), above = pgamma(0.5, a, cell[2], lower.tail = FALSE),
    predictive = dnbinom(0:5, a, cell[2] / (cell[2] + 10))
  )
}

packages <- c("stats", "coin", "exactRankTests", "jsonlite")
golden <- list(
  head = list(
    call = "Rscript tests/golden/two_groups.R", R = paste(R.version$major, R.version$minor, sep = "."),
    packages = sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE)
  ),
  fishers = fishers, scores = scores, pairs = pairs, groups = groups, rates = rates, shares = shares, gammas = gammas
)
lines <- function(rows) vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = I(16))), "")
block <- function(name) paste0("\"", name, "\": [\n", paste(lines(golden[[name]]), collapse = ",\n"), "\n]")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(golden$head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste(vapply(setdiff(names(golden), "head"), block, ""), collapse = ",\n"), "}"
  ),
  "tests/golden/two_groups.json"
)
