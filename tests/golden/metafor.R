# Writes tests/golden/metafor.json: effect sizes and pooled values as metafor computes them. Run from the root of
# the repository: Rscript tests/golden/metafor.R
#
# metafor's defaults stop too early to test against (likelihood steps below 1e-5, roots to 1.2e-4, both absolute;
# Q-profile search to 10 x tau2). Here all searches are tightened in units of the data's own variances.
suppressPackageStartupMessages({
  library(metafor)
  library(metadat)
  library(jsonlite)
})

# --- data sets of our own: numbers that look random but need no random numbers ------------------------------
wave <- function(n, step) (seq_len(n) * step) %% 1
normal <- function(n, step) qnorm(0.02 + 0.96 * wave(n, step))
rates <- escalc(measure = "IR", xi = c(3, 1, 7, 2, 12, 4, 9, 1, 30), ti = c(21000, 9000, 18000, 30000, 40000, 31000, 22000, 15000, 60000))
shares <- escalc(measure = "PLO", xi = c(0, 3, 7, 1, 12, 2, 5), ni = c(5, 10, 18, 10, 24, 15, 12))
changes <- escalc(measure = "MC", m1i = c(4.0, 5.5, 6.1, 5.0, 4.4), m2i = c(4.9, 5.8, 6.0, 5.6, 5.1), sd1i = c(1.1, 1.4, 0.9, 1.6, 1.0), sd2i = c(1.0, 1.2, 0.8, 1.5, 1.3), ni = c(15, 10, 24, 8, 12), ri = rep(0.61, 5))
set <- function(y, v) list(y = as.numeric(y), v = as.numeric(v))
sets <- list(
  ordinary = set(0.3 + 0.4 * normal(8, 0.618034), 0.02 + 0.2 * wave(8, 0.414214)),
  homogeneous = set(0.5 + 0.1 * normal(10, 0.618034), 0.05 + 0.2 * wave(10, 0.732051)),
  identical = set(rep(0.25, 4), c(0.01, 0.04, 0.02, 0.08)),
  two_apart = set(c(-0.5, 0.9), c(0.04, 0.09)),
  two_close = set(c(0.31, 0.35), c(0.04, 0.09)),
  three = set(c(-0.2, 0.1, 0.8), c(0.03, 0.05, 0.04)),
  huge_heterogeneity = set(c(0, 12, 25, 31, 44, 50), c(1e-4, 2e-4, 1e-4, 5e-4, 3e-4, 2e-4)),
  tiny_rates = set(rates$yi, rates$vi),
  logit_shares = set(shares$yi, shares$vi),
  unequal_variances = set(c(0.1, 0.5, -0.3, 0.9, 0.2, 1.4, 0.6), c(1e-3, 10, 0.5, 0.02, 2, 0.3, 5)),
  large_units = set(1500 + 80 * normal(9, 0.324718), 900 + 5000 * wave(9, 0.618034)),
  many = set(-0.2 + 0.6 * normal(25, 0.754878), 0.03 + 0.3 * wave(25, 0.569840)),
  edss_changes = set(changes$yi, changes$vi),
  outlier = set(c(0.1, 0.2, 0.15, 0.05, 0.12, 3.0), c(0.02, 0.03, 0.02, 0.04, 0.03, 0.05))
)
methods <- c(common = "EE", dl = "DL", he = "HE", hs = "HS", sj = "SJ", ml = "ML", reml = "REML", eb = "EB", pm = "PM", `pm-median` = "PMM")
tests <- c(wald = "z", t = "t", `knapp-hartung unfloored` = "knha", `knapp-hartung` = "adhoc")

pooled_row <- function(name) {
  y <- sets[[name]]$y
  v <- sets[[name]]$v
  unit <- 1 / mean(1 / v)
  # The searches are absolute in metafor: the data are put on a scale where that is harmless, and back.
  ys <- y / sqrt(unit)
  vs <- v / unit
  top <- max(100, 10 * (max(ys) - min(ys))^2)
  # Relative to the larger of the variances within (1 here) and between studies, float64 holds no more.
  control <- list(threshold = 1e-12 * max(1, var(ys)), tol = 1e-13, maxiter = 10000, tau2.max = top)
  fits <- lapply(methods, function(method) {
    first <- NULL
    by_test <- lapply(tests, function(test) {
      fit <- suppressWarnings(rma.uni(ys, vs, method = method, test = test, control = control))
      if (is.null(first)) first <<- fit
      # This version of metafor predicts with k - 1 degrees of freedom only; k - 2 is put together from its fit.
      wide <- if (length(y) > 2 && method != "EE") qt(0.975, length(y) - 2) * sqrt(fit$tau2 + fit$se^2) else NA
      list(
        se = fit$se * sqrt(unit), statistic = fit$zval, p = fit$pval, low = fit$ci.lb * sqrt(unit),
        high = fit$ci.ub * sqrt(unit), prediction = I((as.numeric(fit$beta) + c(-1, 1) * wide) * sqrt(unit))
      )
    })
    list(
      value = as.numeric(first$beta) * sqrt(unit), tau2 = first$tau2 * unit, i2 = first$I2 / 100, h2 = first$H2,
      q = first$QE, q_p = first$QEp, weights = I(as.numeric(weights(first)) / 100), tests = by_test
    )
  })
  dl <- rma.uni(ys, vs, method = "DL", control = control)
  found <- suppressWarnings(confint(dl, type = "QP", control = list(tol = 1e-13, maxiter = 100000, tau2.max = top * 1e5)))
  interval <- found$random["tau^2", c("ci.lb", "ci.ub")] * unit
  list(name = name, y = I(y), v = I(v), tau2_interval = I(unname(interval)), fits = fits)
}

# --- effect sizes ---------------------------------------------------------------------------------------------
shares <- list(events = c(0, 3, 10, 7), n = c(10, 10, 10, 23))
rated <- list(events = c(0, 3, 11), years = c(10, 14.5, 6.25))
means <- list(mean = c(4.2, 5.1, 6), sd = c(1.1, 0.9, 1.4), n = c(10, 22, 7))
changed <- list(before = c(5.1, 4.9, 6), after = c(4.3, 4.9, 6.4), sd_before = c(1.2, 0.8, 1.5), sd_after = c(1.4, 1.1, 0.7), n = c(15, 9, 4), correlation = c(0.61, 0.3, 0.9))
two_shares <- list(events = c(0, 3, 0, 10, 5), n = c(10, 10, 10, 10, 40), events_control = c(2, 4, 0, 10, 9), n_control = c(12, 12, 12, 10, 38))
two_rates <- list(events = c(0, 3, 8), years = c(10, 12.5, 40), events_control = c(3, 3, 19), years_control = c(10, 10, 38.5))
paired <- list(both = c(5, 0, 3, 12), first_only = c(4, 2, 0, 7), second_only = c(1, 3, 2, 9), neither = c(8, 6, 4, 20))
two_means <- list(mean = c(4.2, 5.1, 6), sd = c(1.1, 0.9, 1.4), n = c(10, 22, 7), mean_control = c(4.9, 5, 6.6), sd_control = c(1.3, 1.2, 0.8), n_control = c(11, 20, 3))
call_one <- function(code, d, to) {
  given <- if (code %in% c("PR", "PLN", "PLO", "PAS", "PFT")) list(xi = d$events, ni = d$n)
    else if (code %in% c("IR", "IRLN", "IRS")) list(xi = d$events, ti = d$years)
    else if (code == "MN") list(mi = d$mean, sdi = d$sd, ni = d$n)
    else if (code %in% c("MC", "SMCC", "SMCRH")) list(m1i = d$after, m2i = d$before, sd1i = d$sd_before, sd2i = d$sd_after, ni = d$n, ri = d$correlation)
    else if (code == "SMCR") list(m1i = d$after, m2i = d$before, sd1i = d$sd_before, ni = d$n, ri = d$correlation)
    else if (code %in% c("RR", "OR", "RD", "PETO")) list(ai = d$events, n1i = d$n, ci = d$events_control, n2i = d$n_control)
    else if (code %in% c("MPRR", "MPOR", "MPRD", "MPORC")) list(ai = d$both, bi = d$first_only, ci = d$second_only, di = d$neither)
    else if (code %in% c("IRR", "IRD")) list(x1i = d$events, t1i = d$years, x2i = d$events_control, t2i = d$years_control)
    else list(m1i = d$mean, sd1i = d$sd, n1i = d$n, m2i = d$mean_control, sd2i = d$sd_control, n2i = d$n_control)
  suppressWarnings(do.call(escalc, c(list(measure = code, to = to), given)))
}
rules <- c(`where zero` = "only0", everywhere = "all", `everywhere if any zero` = "if0all", never = "none")
groups <- list(
  shares = list(c("PR", "PLN", "PLO", "PAS", "PFT"), shares), rates = list(c("IR", "IRLN", "IRS"), rated), means = list("MN", means),
  changes = list(c("MC", "SMCC", "SMCR", "SMCRH"), changed), two_shares = list(c("RR", "OR", "RD", "PETO"), two_shares),
  two_rates = list(c("IRR", "IRD"), two_rates), pairs = list(c("MPRR", "MPOR", "MPRD", "MPORC"), paired), two_means = list(c("MD", "SMD", "ROM"), two_means)
)
# Data of metadat, each kind with one study, two, and three that are alike. No data set there holds pairs or values
# before and after: the four cells of a table stand for pairs, the means of two groups for two visits.
lines_of <- function(d, rows) lapply(d, function(column) column[rows])
kinds <- function(sets) {
  first <- sets[[1]]
  c(sets, list(one_study = lines_of(first, 1), two_studies = lines_of(first, 1:2), identical = lines_of(first, rep(3, 3))))
}
complete <- function(d, names) d[stats::complete.cases(d[names]), ]
as_table <- function(d) list(events = d$ai, n = d$n1i, events_control = d$ci, n_control = d$n2i)
as_pairs <- function(d) list(both = d$ai, first_only = d$n1i - d$ai, second_only = d$ci, neither = d$n2i - d$ci)
as_times <- function(d) list(events = d$x1i, years = d$t1i, events_control = d$x2i, years_control = d$t2i)
as_means <- function(d) list(mean = d$m1i, sd = d$sd1i, n = d$n1i, mean_control = d$m2i, sd_control = d$sd2i, n_control = d$n2i)
as_visits <- function(d, r) list(before = d$m2i, after = d$m1i, sd_before = d$sd2i, sd_after = d$sd1i, n = d$n1i, correlation = rep(r, nrow(d)))
first_arm <- function(d) d[names(d) %in% c("events", "n", "years", "mean", "sd")]
second_arm <- function(d) stats::setNames(d[grepl("_control$", names(d))], sub("_control$", "", names(d)[grepl("_control$", names(d))]))
trials <- list(
  nielweise2007 = dat.nielweise2007, bcg = transform(dat.bcg, ai = tpos, n1i = tpos + tneg, ci = cpos, n2i = cpos + cneg), li2007 = dat.li2007,
  hine1989 = dat.hine1989, yusuf1985 = dat.yusuf1985[dat.yusuf1985$table == "6", ], hahn2001 = dat.hahn2001
)
timed <- list(nielweise2008 = dat.nielweise2008, hart1999 = dat.hart1999)
curtis <- complete(dat.curtis1998, c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"))
gibson <- complete(dat.gibson2002, c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"))
measured <- list(normand1999 = dat.normand1999, gibson2002 = gibson, curtis1998 = curtis)
counts <- lapply(trials, as_table)
times <- lapply(timed, as_times)
measures <- lapply(measured, as_means)
published <- list(
  shares = kinds(c(list(pritz1997 = list(events = dat.pritz1997$xi, n = dat.pritz1997$ni), debruin2009 = list(events = dat.debruin2009$xi, n = dat.debruin2009$ni)), lapply(counts[c("nielweise2007", "bcg", "hahn2001")], first_arm))),
  rates = kinds(c(lapply(times, first_arm), stats::setNames(lapply(times, second_arm), paste0(names(times), "_control")))),
  means = kinds(c(lapply(measures, first_arm), stats::setNames(lapply(measures, second_arm), paste0(names(measures), "_control")))),
  changes = kinds(c(lapply(measured, as_visits, r = 0.61), list(normand1999_low = as_visits(dat.normand1999, 0.3), normand1999_high = as_visits(dat.normand1999, 0.9)))),
  two_shares = kinds(counts),
  two_rates = kinds(c(times, list(nielweise2008_turned = with(times$nielweise2008, list(events = events_control, years = years_control, events_control = events, years_control = years)), hart1999_primary = as_times(dat.hart1999[dat.hart1999$prevtype == "primary", ])))),
  pairs = kinds(lapply(trials, as_pairs)),
  two_means = kinds(c(measures, list(curtis1998_leaves = as_means(curtis[curtis$level == "HIGH", ]), gibson2002_fewer = as_means(gibson[1:6, ]))))
)
size_row <- function(code, rule, name, data) {
  found <- call_one(code, data, rules[[rule]])
  known <- is.finite(found$yi) & is.finite(found$vi) & found$vi > 0
  effect <- ifelse(known, as.numeric(found$yi), NA)
  variance <- ifelse(known, as.numeric(found$vi), NA)
  list(code = code, rule = rule, name = name, data = lapply(data, I), effect = I(effect), variance = I(variance))
}
sizes <- list()
for (kind in names(groups)) for (code in groups[[kind]][[1]]) {
  for (rule in names(rules)) sizes[[length(sizes) + 1]] <- size_row(code, rule, "made_up", groups[[kind]][[2]])
  usual <- if (code == "PETO") "never" else "where zero"
  for (name in names(published[[kind]])) sizes[[length(sizes) + 1]] <- size_row(code, usual, name, published[[kind]][[name]])
}

version <- function(name) as.character(packageVersion(name))
head <- list(
  script = "tests/golden/metafor.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("metafor", "metadat", "jsonlite")), version),
  calls = list(
    pooled = "metafor::rma.uni(y / s, v / s^2, method, test, control = list(threshold = 1e-12 * max(1, var(y / s)), tol = 1e-13, tau2.max)), s^2 the harmonic mean of v",
    prediction = "beta -/+ qt(0.975, k - 2) * sqrt(tau2 + se^2) of the fit", tau2_interval = "confint(fit, type = 'QP', control = list(tol = 1e-13))",
    sizes = "metafor::escalc(measure, to)"
  )
)
lines <- function(rows) {
  vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, null = "null", na = "null")), "")
}
block <- function(name, rows) paste0("\"", name, "\": [\n", paste(lines(rows), collapse = ",\n"), "\n]")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste(block("sizes", sizes), block("pooled", lapply(names(sets), pooled_row)), sep = ",\n"), "}"
  ),
  "tests/golden/metafor.json"
)
