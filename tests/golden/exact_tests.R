# Writes tests/golden/exact_tests.json: exact intervals and tests as R computes them.
# Run from the root of the repository: Rscript tests/golden/exact_tests.R
#
# Clopper-Pearson, Wilson, Poisson, sign and signed-rank tests come from R's own functions, coin and
# exactRankTests. No package of Debian has mid-P or Blaker intervals, the tied Hodges-Lehmann interval or the
# order-statistic interval: these are computed below in base R straight from their definitions, by bisection on
# the p value and by walking over the shifts.
suppressPackageStartupMessages({
  library(coin)
  library(exactRankTests)
  library(jsonlite)
})

levels <- c(0.9, 0.95, 0.99)

# The point where a rising function crosses a target, by halving until nothing is left to halve.
crossing <- function(f, target, low, high) {
  for (i in 1:2000) {
    middle <- (low + high) / 2
    if (middle <= low || middle >= high) break
    if (f(middle) > target) high <- middle else low <- middle
  }
  (low + high) / 2
}

# --- shares ------------------------------------------------------------------------------------------------
mid_p_low <- function(x, n, alpha) {
  if (x == 0) return(0)
  tail <- function(p) pbinom(x, n, p, lower.tail = FALSE) + dbinom(x, n, p) / 2
  crossing(tail, alpha / 2, 0, 1)
}

# Blaker's acceptability straight from its definition: the chance of outcomes at least as extreme.
acceptability <- function(p, x, n) {
  smaller_tail <- pmin(pbinom(0:n, n, p), pbinom(0:n - 1, n, p, lower.tail = FALSE))
  sum(dbinom(0:n, n, p)[smaller_tail <= smaller_tail[x + 1] * (1 + 1e-13)])
}

# Walk up from the Clopper-Pearson bound in small steps to the first accepted share, then halve.
blaker_low <- function(x, n, alpha) {
  if (x == 0) return(0)
  walk <- seq(qbeta(alpha / 2, x, n - x + 1), qbeta(alpha, x, n - x + 1) * (1 + 1e-9), length.out = 4001)
  accepted <- vapply(walk, acceptability, 0, x = x, n = n) > alpha
  first <- which(accepted)[1]
  if (first == 1) return(walk[1])
  crossing(function(p) acceptability(p, x, n), alpha, walk[first - 1], walk[first])
}

share_row <- function(x, n, level) {
  alpha <- 1 - level
  clopper <- as.numeric(binom.test(x, n, conf.level = level)$conf.int)
  wilson <- as.numeric(suppressWarnings(prop.test(x, n, conf.level = level, correct = FALSE))$conf.int)
  list(
    events = x, n = n, level = level, `clopper-pearson` = clopper, wilson = wilson,
    `mid-p` = c(mid_p_low(x, n, alpha), 1 - mid_p_low(n - x, n, alpha)),
    blaker = c(blaker_low(x, n, alpha), 1 - blaker_low(n - x, n, alpha))
  )
}
shares <- list()
for (n in c(1, 2, 3, 5, 8, 10, 12, 15, 20, 24, 60)) {
  for (x in if (n <= 24) 0:n else c(0, 1, 2, 5, 17, 30, 41, 59, 60)) {
    for (level in levels) shares[[length(shares) + 1]] <- share_row(x, n, level)
  }
}

# --- rates -------------------------------------------------------------------------------------------------
rate_row <- function(x, years, level) {
  alpha <- 1 - level
  above <- function(mean) ppois(x, mean, lower.tail = FALSE) + dpois(x, mean) / 2
  below <- function(mean) -(ppois(x - 1, mean) + dpois(x, mean) / 2)
  low <- if (x == 0) 0 else crossing(above, alpha / 2, 0, x)
  high <- crossing(below, -alpha / 2, x, 4 * x + 50)
  list(
    events = x, years = years, level = level,
    exact = as.numeric(poisson.test(x, years, conf.level = level)$conf.int), `mid-p` = c(low, high) / years
  )
}
rates <- list()
for (x in c(0:10, 15, 30, 100)) {
  for (years in c(0.5, 7.5, 120)) {
    for (level in levels) rates[[length(rates) + 1]] <- rate_row(x, years, level)
  }
}

# --- rate ratios -------------------------------------------------------------------------------------------
ratio_row <- function(x, years, level) {
  total <- sum(x)
  share <- years[1] / sum(years)
  alpha <- 1 - level
  mid <- c(mid_p_low(x[1], total, alpha), mid_p_low(x[2], total, alpha))
  odds <- c(mid[1] / (1 - mid[1]), (1 - mid[2]) / mid[2])
  peer <- poisson.test(x, years, conf.level = level)
  half <- dbinom(x[1], total, share) / 2
  tails <- c(
    binom.test(x[1], total, share, alternative = "less")$p.value,
    binom.test(x[1], total, share, alternative = "greater")$p.value
  )
  list(
    events = x, years = years, level = level, value = as.numeric(peer$estimate),
    conditional = as.numeric(peer$conf.int), p_conditional = min(1, 2 * min(tails)),
    `mid-p` = odds * years[2] / years[1], `p_mid-p` = min(1, 2 * min(tails - half)),
    p_poisson_test = peer$p.value
  )
}
ratios <- list()
for (years in list(c(12.5, 12.5), c(20, 7.5))) {
  for (first in c(0, 1, 2, 5, 12)) {
    for (second in c(0, 1, 3, 8, 20)) {
      if (first + second > 0) {
        for (level in levels) ratios[[length(ratios) + 1]] <- ratio_row(c(first, second), years, level)
      }
    }
  }
}

# --- pairs -------------------------------------------------------------------------------------------------
half_steps <- function(start, change) list(before = start, after = start + change)
pairs <- list(
  edss_small = half_steps(c(5, 5.5, 6, 4, 6.5, 5, 3.5, 6), c(-.5, 0, -1, 0, -.5, -1, 0, -1.5)),
  edss_none_zero = half_steps(c(6, 6, 5.5, 4.5, 3, 6.5, 4), c(-.5, -.5, -1, -.5, .5, -1.5, -.5)),
  edss_mostly_zero = half_steps(c(6, 6.5, 6, 5, 4, 3.5, 2, 6, 6, 7), c(0, 0, 0, -.5, 0, 0, -1, 0, 0, 0)),
  edss_balanced = half_steps(c(4, 4.5, 5, 5.5, 6, 3), c(-.5, .5, -1, 1, 0, 0)),
  edss_all_better = half_steps(c(6, 5, 4.5, 6.5, 6, 5.5), c(-1, -.5, -.5, -2, -1, -1.5)),
  edss_one_worse = half_steps(c(6, 5, 4.5, 6.5, 6, 5.5, 4, 3), c(-1, -.5, -.5, -2, -1, -1.5, -.5, 2)),
  edss_ten = half_steps(c(6, 6, 5, 5.5, 4, 7, 6.5, 3, 4.5, 6), c(-1, 0, .5, -1.5, -.5, 0, -2, 0, -.5, .5)),
  edss_twelve = half_steps(
    c(3.5, 4, 5, 6, 6, 6.5, 2.5, 3, 6.5, 7, 5.5, 4), c(-.5, -.5, 0, 0, .5, -1, -1, 0, 0, .5, -1.5, -.5)
  ),
  edss_fifteen = half_steps(
    c(6, 6, 6.5, 5, 4.5, 4, 3.5, 7, 7.5, 6, 5.5, 5, 4, 6, 6.5),
    c(0, 0, -.5, -.5, -1, -1, 0, .5, .5, -2, -1.5, 0, -.5, 0, -1)
  ),
  edss_twenty_four = half_steps(
    c(6, 5.5, 6.5, 4, 3.5, 5, 6, 6.5, 7, 2, 4.5, 5.5, 6, 6, 3, 4, 5, 6.5, 7.5, 4.5, 6, 5.5, 5, 3.5),
    c(-.5, 0, -1, .5, 0, -.5, -1.5, 0, .5, 0, 1, -.5, -1, 0, .5, -.5, 0, 1.5, .5, -1, 0, -2, -.5, .5)
  ),
  edss_thirty = half_steps(
    c(6, 5.5, 6.5, 4, 3.5, 5, 6, 6.5, 7, 2, 4.5, 5.5, 6, 6, 3, 4, 5, 6.5, 7.5, 4.5, 6, 5.5, 5, 3.5, 4, 5, 6, 7, 3, 2),
    c(-.5, 0, -1, .5, 0, -.5, -1.5, 0, .5, 0, 1, -.5, -1, 0, .5, -.5, 0, 1.5, .5, -1, 0, -2, -.5, .5, 0, 0, -1, -.5, -1, 0)
  ),
  one_pair = half_steps(6, -1),
  one_zero = half_steps(c(6, 4), c(0, -1)),
  five_pairs = half_steps(c(6, 5, 4.5, 6.5, 6), c(-1, -.5, -.5, -2, -1.5)),
  all_equal_change = half_steps(c(6, 5, 4.5, 6.5, 6, 3, 2), rep(-1, 7)),
  all_zero = half_steps(c(6, 5, 4.5, 6.5, 6, 3, 2), rep(0, 7)),
  lesion_counts = list(before = c(3, 0, 12, 5, 1, 0, 7, 2, 9, 4, 0), after = c(1, 0, 6, 5, 0, 1, 2, 2, 3, 1, 0)),
  walk_seconds = list(
    before = c(5.1, 7.4, 12.9, 4.3, 6.6, 30.2, 9.8, 5.5, 8.1), after = c(4.3, 6.6, 12.1, 4.4, 6.7, 24.1, 9, 5.7, 8.4)
  ),
  untied_eight = list(
    before = c(10.3, 8.1, 12.9, 9.4, 11.2, 7.7, 10.8, 9.9), after = c(9.1, 8.6, 10.2, 9.3, 9.5, 8.4, 8.2, 8.0)
  ),
  untied_fourteen = list(before = 10 + 3 * sin(1:14), after = 9.4 + 3 * cos((1:14)^2)),
  untied_thirty = list(before = 10 + 3 * sin(1:30), after = 9.4 + 3 * cos((1:30)^2)),
  ties_without_zeros = list(before = rep(10, 13), after = 10 + c(-3, -3, -2, -2, -2, -1, -1, 1, 1, 2, -4, -4, 3))
)

peer_p <- function(data, zero_method) {
  change <- data$after - data$before
  if (all(change == 0)) return(NULL) # coin stops here
  frame <- data.frame(
    value = c(data$after, data$before), time = gl(2, length(change), labels = c("after", "before")),
    patient = factor(rep(seq_along(change), 2))
  )
  test <- wilcoxsign_test(value ~ time | patient, frame, distribution = "exact", zero.method = zero_method)
  as.numeric(pvalue(test))
}

# Rounding removes the float noise of a subtraction, so that equal differences are equal.
changes <- function(data) round(data$after - data$before, 10)

# The chance that the rank sum of the negative differences is not larger than seen, zeros by either rule.
chance_less_below <- function(change, zeros) {
  if (zeros == "Wilcoxon") change <- change[change != 0]
  doubled <- 2 * rank(abs(change))
  below <- sum(doubled[change < 0])
  scores <- as.integer(doubled[change != 0])
  if (length(scores) == 0) return(1)
  pperm(below, scores, length(scores), paired = TRUE, alternative = "less")
}

# The first shift that the one-sided test does not reject: at each pairwise mean, and in each gap after one.
lower_shift <- function(change, tail, zeros) {
  means <- outer(change, change, "+") / 2
  means <- sort(unique(round(means[!lower.tri(means)], 10)))
  accepted <- function(shift) chance_less_below(round(change - shift, 10), zeros) > tail * (1 + 1e-12)
  if (accepted(means[1] - 1)) return(-Inf)
  for (i in seq_along(means)) {
    if (accepted(means[i])) return(means[i])
    if (i < length(means) && accepted((means[i] + means[i + 1]) / 2)) return(means[i])
  }
  means[length(means)]
}

shift_rows <- function(change, zeros) {
  lapply(levels, function(level) {
    tail <- (1 - level) / 2
    c(lower_shift(change, tail, zeros), -lower_shift(-change, tail, zeros))
  })
}

median_rows <- function(change) {
  ordered <- sort(change)
  n <- length(change)
  lapply(levels, function(level) {
    k <- sum(2 * pbinom(0:(n %/% 2), n, 0.5) <= 1 - level)
    if (k == 0) c(-Inf, Inf) else c(ordered[k], ordered[n + 1 - k])
  })
}

pair_row <- function(name) {
  data <- pairs[[name]]
  change <- changes(data)
  clean <- list(before = rep(0, length(change)), after = change)
  means <- outer(change, change, "+") / 2
  nonzero <- change[change != 0]
  untied <- !any(duplicated(abs(change))) && length(nonzero) == length(change)
  row <- list(
    name = name, before = I(data$before), after = I(data$after), levels = levels,
    p_coin_pratt = peer_p(clean, "Pratt"), p_coin_wilcoxon = peer_p(clean, "Wilcoxon"),
    p_wilcox_exact = if (length(nonzero)) wilcox.exact(nonzero, exact = TRUE)$p.value,
    pseudomedian = median(means[!lower.tri(means)]),
    shifts_pratt = shift_rows(change, "Pratt"), shifts_wilcoxon = shift_rows(change, "Wilcoxon"),
    p_sign = if (length(nonzero)) binom.test(sum(nonzero > 0), length(nonzero))$p.value else 1,
    median = median(change), medians = median_rows(change)
  )
  if (untied) {
    tests <- lapply(levels, function(level) {
      suppressWarnings(wilcox.test(change, exact = TRUE, conf.int = TRUE, conf.level = level))
    })
    row$p_wilcox_test <- tests[[1]]$p.value
    row$shifts_wilcox_test <- lapply(tests, function(test) as.numeric(test$conf.int))
  } else if (length(unique(nonzero)) > 1) {
    tests <- lapply(levels, function(level) {
      wilcox.exact(change, exact = TRUE, conf.int = TRUE, conf.level = level)
    })
    row$shifts_wilcox_exact <- lapply(tests, function(test) as.numeric(test$conf.int))
  }
  row
}

version <- function(package) as.character(packageVersion(package))
golden <- list(
  head = list(
    script = "tests/golden/exact_tests.R", R = paste(R.version$major, R.version$minor, sep = "."),
    packages = list(
      stats = version("stats"), coin = version("coin"), exactRankTests = version("exactRankTests"),
      jsonlite = version("jsonlite")
    ),
    calls = list(
      `clopper-pearson` = "stats::binom.test(x, n, conf.level)",
      wilson = "stats::prop.test(x, n, conf.level, correct = FALSE)",
      `mid-p` = "base R, bisection on the half-counted tail",
      blaker = "base R, walk and bisection on the acceptability",
      exact = "stats::poisson.test(x, years, conf.level)",
      conditional = "stats::poisson.test(c(x1, x2), c(years1, years2), conf.level); p: stats::binom.test one-sided",
      p_coin = "coin::wilcoxsign_test(distribution = 'exact', zero.method = 'Pratt' or 'Wilcoxon')",
      p_wilcox_exact = "exactRankTests::wilcox.exact(exact = TRUE)",
      shifts = "base R walk over exactRankTests::pperm(alternative = 'less')",
      shifts_wilcox_test = "stats::wilcox.test(exact = TRUE, conf.int = TRUE)",
      shifts_wilcox_exact = "exactRankTests::wilcox.exact(exact = TRUE, conf.int = TRUE)",
      p_sign = "stats::binom.test(above, above + below)"
    )
  ),
  shares = shares, rates = rates, ratios = ratios, pairs = lapply(names(pairs), pair_row)
)
# One row per line keeps differences readable.
lines <- function(rows) vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA)), "")
block <- function(name) paste0("\"", name, "\": [\n", paste(lines(golden[[name]]), collapse = ",\n"), "\n]")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(golden$head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste(vapply(c("shares", "rates", "ratios", "pairs"), block, ""), collapse = ",\n"), "}"
  ),
  "tests/golden/exact_tests.json"
)
