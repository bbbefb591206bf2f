# Writes tests/golden/metafor_models.json: pools, regressions over studies, groups and stratified pools of published
# data as metafor computes them. Run from the root of the repository: Rscript tests/golden/metafor_models.R
#
# Searches are tightened, in units of the data's own variances, as in metafor.R.
suppressPackageStartupMessages({
  library(metafor)
  library(jsonlite)
})
methods <- c(common = "EE", dl = "DL", he = "HE", hs = "HS", sj = "SJ", ml = "ML", reml = "REML", eb = "EB", pm = "PM", `pm-median` = "PMM")
tests <- c(wald = "z", t = "t", `knapp-hartung unfloored` = "knha", `knapp-hartung` = "adhoc")

# --- published data, in the columns that effect_size reads ----------------------------------------------------
two <- function(d) list(events = d$ai, n = d$n1i, events_control = d$ci, n_control = d$n2i)
bcg <- transform(dat.bcg, ai = tpos, n1i = tpos + tneg, ci = cpos, n2i = cpos + cneg)
raudenbush <- transform(dat.raudenbush1985, setting = as.character(setting), tester = as.character(tester))
normand <- function(d) list(mean = d$m1i, sd = d$sd1i, n = d$n1i, mean_control = d$m2i, sd_control = d$sd2i, n_control = d$n2i)
rates <- function(d) list(events = d$x1i, years = d$t1i, events_control = d$x2i, years_control = d$t2i)
li <- "Li J et al (2007). Cochrane Database Syst Rev 2:CD002755 (metadat::dat.li2007)"
colditz <- "Colditz GA et al (1994). JAMA 271:698-702 (metadat::dat.bcg)"
sets <- list(
  bcg = list(source = colditz, measure = "RR", cells = two(bcg), moderators = bcg[c("ablat", "alloc")]),
  bcg_odds = list(source = colditz, measure = "OR", cells = two(bcg), moderators = bcg[c("year", "ablat")]),
  bcg_difference = list(source = colditz, measure = "RD", cells = two(bcg), moderators = bcg["alloc"]),
  normand = list(source = "Normand SL (1999). Stat Med 18:321-359 (metadat::dat.normand1999)", measure = "MD", cells = normand(dat.normand1999)),
  normand_standardised = list(source = "Normand SL (1999). Stat Med 18:321-359 (metadat::dat.normand1999)", measure = "SMD", cells = normand(dat.normand1999)),
  hart = list(source = "Hart RG et al (1999). Ann Intern Med 131:492-501 (metadat::dat.hart1999)", measure = "IRR", cells = rates(dat.hart1999), moderators = dat.hart1999["prevtype"]),
  nielweise = list(source = "Niel-Weise BS et al (2008). J Hosp Infect 69:114-123 (metadat::dat.nielweise2008)", measure = "IRD", cells = rates(dat.nielweise2008)),
  pritz = list(source = "Zhou XH, Brizendine EJ, Pritz MB (1999). Stat Med 18:557-566 (metadat::dat.pritz1997)", measure = "PLO", cells = list(events = dat.pritz1997$xi, n = dat.pritz1997$ni)),
  pritz_arcsine = list(source = "Zhou XH, Brizendine EJ, Pritz MB (1999). Stat Med 18:557-566 (metadat::dat.pritz1997)", measure = "PAS", cells = list(events = dat.pritz1997$xi, n = dat.pritz1997$ni)),
  debruin = list(
    source = "de Bruin M et al (2009). Health Psychol 28:668-674 (metadat::dat.debruin2009)", measure = "PLO",
    cells = list(events = dat.debruin2009$xi, n = dat.debruin2009$ni), moderators = dat.debruin2009[c("scq", "ethnicity")]
  ),
  li = list(source = li, measure = "OR", cells = two(dat.li2007), moderators = dat.li2007["year"]),
  catheters = list(source = "Niel-Weise BS et al (2007). Intensive Care Med 33:2058-2068 (metadat::dat.nielweise2007)", measure = "RR", cells = two(dat.nielweise2007)),
  expectancy = list(
    source = "Raudenbush SW (1984). J Educ Psychol 76:85-97 (metadat::dat.raudenbush1985)", measure = NA, y = raudenbush$yi, v = raudenbush$vi,
    moderators = raudenbush[c("weeks", "setting", "tester")]
  ),
  one_study = list(source = colditz, measure = "RR", cells = two(bcg[4, ])),
  two_studies = list(source = colditz, measure = "RR", cells = two(bcg[c(4, 8), ])),
  identical = list(source = "bcg with all log risk ratios set to -0.5", measure = NA, y = rep(-0.5, 13), v = as.numeric(escalc("RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = bcg)$vi), moderators = bcg["ablat"])
)

effects <- function(set) {
  if (is.na(set$measure)) return(list(y = set$y, v = set$v))
  d <- set$cells
  given <- switch(set$measure,
    PLO = , PAS = list(xi = d$events, ni = d$n), RR = , OR = , RD = list(ai = d$events, n1i = d$n, ci = d$events_control, n2i = d$n_control),
    IRR = , IRD = list(x1i = d$events, t1i = d$years, x2i = d$events_control, t2i = d$years_control),
    list(m1i = d$mean, sd1i = d$sd, n1i = d$n, m2i = d$mean_control, sd2i = d$sd_control, n2i = d$n_control)
  )
  found <- do.call(escalc, c(list(measure = set$measure), given))
  list(y = as.numeric(found$yi), v = as.numeric(found$vi))
}

# --- pools and regressions ---------------------------------------------------------------------------------------
interval <- function(fit, type, top) {
  found <- tryCatch(
    suppressWarnings(confint(fit, type = type, control = list(tol = 1e-13, maxiter = 100000, tau2.max = top))),
    error = function(e) NULL
  )
  if (is.null(found)) c(NA, NA) else unname(found$random["tau^2", c("ci.lb", "ci.ub")])
}
# Predictions are for the mean of the columns and for the first study.
fit_all <- function(y, v, x) {
  unit <- 1 / mean(1 / v)
  s <- sqrt(unit)
  ys <- y / s
  vs <- v / unit
  k <- length(y)
  p <- ncol(x)
  mods <- if (p > 1) x[, -1, drop = FALSE] else NULL
  top <- max(100, 10 * (max(ys) - min(ys))^2)
  control <- list(threshold = 1e-12 * max(1, var(ys)), tol = 1e-13, maxiter = 10000, tau2.max = top)
  call <- function(...) suppressWarnings(do.call(rma.uni, c(list(yi = ys, vi = vs, control = control), if (is.null(mods)) NULL else list(mods = mods), list(...))))
  at <- rbind(colMeans(x), x[1, ])
  fits <- lapply(methods, function(method) {
    by_test <- lapply(tests, function(test) {
      fit <- call(method = method, test = test)
      b <- as.numeric(fit$beta)
      expected <- as.numeric(at %*% b)
      wide <- if (k - p > 1 && method != "EE") qt(0.975, k - p - 1) * sqrt(fit$tau2 + rowSums((at %*% fit$vb) * at)) else NA
      list(
        coefficients = I(b * s), se = I(fit$se * s), statistic = I(fit$zval), p = I(fit$pval), low = I(fit$ci.lb * s), high = I(fit$ci.ub * s),
        expected = I(expected * s), prediction_low = I((expected - wide) * s), prediction_high = I((expected + wide) * s),
        moderators = if (p > 1) fit$QM else NA, moderators_p = if (p > 1) fit$QMp else NA
      )
    })
    fit <- call(method = method)
    alone <- if (p > 1) suppressWarnings(rma.uni(ys, vs, method = method, control = control))$tau2 * unit else NA
    likelihood <- if (method %in% c("ML", "REML") && k > 1) interval(fit, "PL", top * 1e5) * unit else c(NA, NA)
    list(
      tau2 = fit$tau2 * unit, without = alone, r2 = if (is.null(fit$R2)) NA else fit$R2 / 100, i2 = fit$I2 / 100, h2 = fit$H2, q = fit$QE, q_p = fit$QEp,
      likelihood = I(likelihood), tests = by_test
    )
  })
  given <- if (k > 1) call(method = "GENQ", weights = 1 / sqrt(vs))$tau2 * unit else NA
  profile <- if (k > 1) interval(call(method = "DL"), "QP", top * 1e5) * unit else c(NA, NA)
  list(names = I(colnames(x)), generalised = given, profile = I(profile), fits = fits)
}
rows <- list()
for (name in names(sets)) {
  set <- sets[[name]]
  e <- effects(set)
  designs <- list(pool = matrix(1, length(e$y), 1, dimnames = list(NULL, "intercept")))
  if (!is.null(set$moderators)) designs$regression <- model.matrix(~., set$moderators)
  for (kind in names(designs)) {
    found <- fit_all(e$y, e$v, designs[[kind]])
    shown <- list(
      name = name, kind = kind, source = set$source, measure = set$measure, cells = lapply(set$cells, I), y = I(e$y), v = I(e$v),
      moderators = if (kind == "regression") lapply(set$moderators, I) else NULL
    )
    rows[[length(rows) + 1]] <- c(shown, found)
  }
}

# --- groups ---------------------------------------------------------------------------------------------------------
groups <- list()
for (name in c("bcg", "bcg_odds", "bcg_difference", "expectancy", "debruin", "hart", "li", "catheters", "normand", "identical")) {
  set <- sets[[name]]
  e <- effects(set)
  # Two studies in the first of three groups of normand; small and large trials of li and the catheters.
  halves <- function(n) ifelse(n > stats::median(n), "large", "small")
  by <- as.character(switch(name,
    expectancy = raudenbush$tester, debruin = dat.debruin2009$ethnicity, hart = dat.hart1999$prevtype, li = halves(dat.li2007$n1i),
    catheters = halves(dat.nielweise2007$n1i), normand = rep(c("a", "b", "c"), c(2, 3, 4)), bcg$alloc
  ))
  unit <- 1 / mean(1 / e$v)
  s <- sqrt(unit)
  ys <- e$y / s
  vs <- e$v / unit
  control <- list(threshold = 1e-12 * max(1, var(ys)), tol = 1e-13, maxiter = 10000, tau2.max = 1e4)
  for (test in names(tests)) {
    common <- rma.uni(ys, vs, mods = ~ 0 + by, method = "REML", test = tests[[test]], control = control)
    against <- rma.uni(ys, vs, mods = ~by, method = "REML", test = tests[[test]], control = control)
    each <- lapply(split(seq_along(ys), by), function(i) rma.uni(ys[i], vs[i], method = "REML", test = tests[[test]], control = control))
    plain <- lapply(split(seq_along(ys), by), function(i) rma.uni(ys[i], vs[i], method = "REML", control = control))
    pick <- function(fits, what) I(sapply(fits, function(fit) as.numeric(fit[[what]])) * s)
    between <- suppressWarnings(rma.uni(sapply(plain, function(fit) as.numeric(fit$beta)), sei = sapply(plain, function(fit) fit$se), method = "EE"))
    groups[[length(groups) + 1]] <- list(
      name = name, interval = test, by = I(by), y = I(e$y), v = I(e$v), groups = I(names(each)),
      common = list(value = I(as.numeric(common$beta) * s), low = I(common$ci.lb * s), high = I(common$ci.ub * s), statistic = against$QM, p = against$QMp, tau2 = common$tau2 * unit),
      separate = list(value = unname(pick(each, "beta")), low = unname(pick(each, "ci.lb")), high = unname(pick(each, "ci.ub")), statistic = between$QE, p = between$QEp)
    )
  }
}

# --- Mantel-Haenszel and Peto ----------------------------------------------------------------------------------
rare <- list(events = c(0, 2, 0, 1, 0, 3), n = c(20, 31, 9, 40, 25, 18), events_control = c(3, 4, 0, 0, 1, 18), n_control = c(20, 30, 10, 42, 24, 18))
rare_rates <- list(events = c(0, 2, 0, 5), years = c(20.5, 31, 9, 12.25), events_control = c(3, 4, 0, 0), years_control = c(20, 30, 10.5, 11))
tables <- list(
  bcg = list(colditz, two(bcg)), li = list(li, two(dat.li2007)), catheters = list(sets$catheters$source, two(dat.nielweise2007)),
  hine = list("Normand SL (1999). Stat Med 18:321-359 (metadat::dat.hine1989)", two(dat.hine1989)),
  beta_blockers = list("Yusuf S et al (1985). Prog Cardiovasc Dis 27:335-371, table 6 (metadat::dat.yusuf1985)", two(dat.yusuf1985[dat.yusuf1985$table == "6", ])),
  rare = list("made up: cells of 0, empty and full studies", rare),
  hahn = list("Hahn S et al (2001). Paediatr Perinat Epidemiol (metadat::dat.hahn2001)", two(dat.hahn2001)),
  lee = list("Lee A, Done ML (2004). Cochrane Database Syst Rev (metadat::dat.lee2004)", two(dat.lee2004)),
  one_study = list(colditz, two(bcg[4, ])), two_studies = list(colditz, two(bcg[c(4, 8), ])),
  identical = list("made up: one table five times", list(events = rep(2, 5), n = rep(30, 5), events_control = rep(6, 5), n_control = rep(28, 5))),
  hart = list(sets$hart$source, rates(dat.hart1999)), nielweise = list(sets$nielweise$source, rates(dat.nielweise2008)),
  rare_rates = list("made up: cells of 0 and an empty study", rare_rates),
  hart_primary = list(sets$hart$source, rates(dat.hart1999[dat.hart1999$prevtype == "primary", ])),
  nielweise_four = list(sets$nielweise$source, rates(dat.nielweise2008[1:4, ])),
  one_rate = list(sets$hart$source, rates(dat.hart1999[1, ])), two_rates = list(sets$hart$source, rates(dat.hart1999[1:2, ])),
  identical_rates = list("made up: one study five times", list(events = rep(2, 5), years = rep(30, 5), events_control = rep(6, 5), years_control = rep(28, 5)))
)
stratified <- list()
for (name in names(tables)) {
  d <- tables[[name]][[2]]
  codes <- if (is.null(d$years)) c("RR", "OR", "RD", "PETO") else c("IRR", "IRD")
  for (code in codes) {
    # Studies that say nothing are taken out here, so that metafor's tests count the same studies.
    total <- if (is.null(d$years)) d$n + d$n_control else Inf
    events <- d$events + d$events_control
    keep <- if (code %in% c("RR", "IRR")) events > 0 else if (code %in% c("OR", "PETO")) events > 0 & events < total else rep(TRUE, length(events))
    keep <- keep & !is.na(events)
    part <- lapply(d, function(column) column[keep])
    given <- if (is.null(d$years)) list(ai = part$events, n1i = part$n, ci = part$events_control, n2i = part$n_control)
      else list(x1i = part$events, t1i = part$years, x2i = part$events_control, t2i = part$years_control)
    common <- c(given, list(add = 0, to = "none"))
    fit <- suppressWarnings(if (code == "PETO") do.call(rma.peto, common) else do.call(rma.mh, c(common, list(measure = code, correct = FALSE))))
    own <- is.finite(fit$yi) & is.finite(fit$vi) & fit$vi > 0
    test <- function(what) if (is.null(fit[[what]])) NA else unname(fit[[what]])
    stratified[[length(stratified) + 1]] <- list(
      name = name, code = code, source = tables[[name]][[1]], cells = lapply(d, I), kept = sum(keep),
      value = as.numeric(fit$beta), se = fit$se, low = fit$ci.lb, high = fit$ci.ub, p = fit$pval, q = fit$QE, q_p = fit$QEp,
      mh = test("MH"), mh_p = test("MHp"), tarone = test("TA"), tarone_p = test("TAp")
    )
  }
}

version <- function(name) as.character(packageVersion(name))
head <- list(
  script = "tests/golden/metafor_models.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("metafor", "metadat", "jsonlite")), version),
  calls = list(
    fits = "metafor::rma.uni(y / s, v / s^2, mods, method, test, control = list(threshold = 1e-12 * max(1, var(y / s)), tol = 1e-13, tau2.max)), s^2 the harmonic mean of v",
    generalised = "rma.uni(..., method = 'GENQ', weights = 1 / sqrt(v))$tau2", profile = "confint(type = 'QP', control = list(tol = 1e-13))",
    likelihood = "confint(type = 'PL', control = list(tol = 1e-13))", stratified = "rma.mh(measure, add = 0, to = 'none', correct = FALSE), rma.peto(add = 0, to = 'none')"
  )
)
lines <- function(rows) {
  vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, null = "null", na = "null")), "")
}
block <- function(name, rows) paste0("\"", name, "\": [\n", paste(lines(rows), collapse = ",\n"), "\n]")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste(block("fits", rows), block("groups", groups), block("stratified", stratified), sep = ",\n"), "}"
  ),
  "tests/golden/metafor_models.json"
)
