# Writes tests/golden/diagnosis.json: diagnosis of pools as metafor computes it. Run from the root of the
# repository: Rscript tests/golden/diagnosis.R
#
# As in metafor.R the data are put on a scale on which metafor's absolute limits are harmless, and turned back.
suppressPackageStartupMessages({
  library(metafor)
  library(metadat)
  library(jsonlite)
})

set <- function(found, source, favours) {
  list(y = as.numeric(found$yi), v = as.numeric(found$vi), source = source, favours = favours)
}
sets <- list(
  bcg = set(escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg), "metadat dat.bcg, log risk ratios; Colditz 1994", "less"),
  normand1999 = set(escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999), "metadat dat.normand1999, standardised mean differences; Normand 1999", "less"),
  hart1999 = set(escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.hart1999), "metadat dat.hart1999, log rate ratios; Hart 1999", "less"),
  raudenbush1985 = set(dat.raudenbush1985, "metadat dat.raudenbush1985, standardised mean differences; Raudenbush and Bryk 1985", "greater"),
  hackshaw1998 = set(dat.hackshaw1998, "metadat dat.hackshaw1998, log odds ratios; Hackshaw 1998", "greater"),
  pritz1997 = set(escalc("PLO", xi = xi, ni = ni, data = dat.pritz1997), "metadat dat.pritz1997, logit proportions; Zabihyan 2005", "greater"),
  debruin2009 = set(escalc("PLO", xi = xi, ni = ni, data = dat.debruin2009), "metadat dat.debruin2009, logit proportions; de Bruin 2009", "greater"),
  li2007 = set(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.li2007), "metadat dat.li2007, log odds ratios with zeros; Li 2007", "less"),
  nielweise2008 = set(escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.nielweise2008), "metadat dat.nielweise2008, log rate ratios with zeros; Niel-Weise 2008", "less")
)
methods <- c(common = "EE", dl = "DL", reml = "REML")
tests <- c(wald = "z", `knapp-hartung` = "adhoc")
plain <- function(x) I(as.numeric(x))

one_fit <- function(y, v, method, test) {
  top <- max(100, 10 * (max(y) - min(y))^2)
  control <- list(threshold = 1e-12 * max(1, var(y)), tol = 1e-13, maxiter = 10000, tau2.max = top)
  suppressWarnings(rma.uni(y, v, method = method, test = test, control = control))
}
table_of <- function(found, root) {
  list(
    value = plain(found$estimate * root), standard_error = plain(found$se * root), low = plain(found$ci.lb * root),
    high = plain(found$ci.ub * root), p_value = plain(found$pval), tau2 = plain(found$tau2 * root^2), i2 = plain(found$I2 / 100)
  )
}
repooled <- function(fit, root) {
  without <- suppressWarnings(leave1out(fit))
  growing <- suppressWarnings(do.call(cumul, list(fit, order = as.numeric(fit$vi))))
  found <- suppressWarnings(influence(fit))
  numbers <- found$inf
  pdf(NULL)
  moved <- baujat(fit)
  dev.off()
  list(
    leave_one_out = c(table_of(without, root), list(q = plain(without$Q))), cumulative = table_of(growing, root),
    influence = list(
      studentised_residual = plain(numbers$rstudent), dffits = plain(numbers$dffits), cook_distance = plain(numbers$cook.d),
      covariance_ratio = plain(numbers$cov.r), tau2_without = plain(numbers$tau2.del * root^2), q_without = plain(numbers$QE.del),
      hat = plain(numbers$hat), weight = plain(numbers$weight / 100), dfbetas = plain(found$dfbs[[1]]), influential = I(unname(found$is.infl))
    ),
    baujat = list(x = plain(moved$x), y = plain(moved$y))
  )
}
filled <- function(fit, estimator, side, root) {
  # Q0 can be the root of a negative number, and then metafor stops.
  found <- tryCatch(suppressWarnings(trimfill(fit, estimator = estimator, side = side)), error = function(problem) NULL)
  if (is.null(found)) return(NULL)
  # Its own last fit is not run on to the last digits: the filled studies are pooled again.
  again <- one_fit(as.numeric(found$yi), as.numeric(found$vi), fit$method, fit$test)
  list(
    missing = found$k0, side = found$side, value = as.numeric(again$beta) * root, standard_error = again$se * root,
    tau2 = again$tau2 * root^2, low = again$ci.lb * root, high = again$ci.ub * root
  )
}
sloped <- function(found, root) {
  errors <- sqrt(diag(as.matrix(if (inherits(found$fit, "lm")) vcov(found$fit) else found$fit$vb)))
  list(slope = as.numeric(coef(found$fit)[2]), slope_error = unname(errors[2]), p = as.numeric(found$pval), start = found$est * root, start_low = found$ci.lb * root, start_high = found$ci.ub * root)
}
under_selection <- function(y, v, favours, root) {
  fit <- one_fit(y, v, "ML", "z")
  found <- tryCatch(
    selmodel(fit, type = "stepfun", steps = 0.025, alternative = favours, control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 10000)),
    error = function(problem) NULL
  )
  if (is.null(found)) return(NULL)
  list(
    value = as.numeric(found$beta) * root, standard_error = found$se * root, tau2 = found$tau2 * root^2, tau2_error = found$se.tau2 * root^2,
    chance = found$delta[2], chance_error = found$se.delta[2], log_likelihood = as.numeric(found$ll) - length(y) * log(root), likelihood_ratio = found$LRT, p_value = found$LRTp
  )
}
diagnosed <- function(name) {
  y <- sets[[name]]$y
  v <- sets[[name]]$v
  root <- sqrt(1 / mean(1 / v))
  ys <- y / root
  vs <- v / root^2
  fits <- lapply(methods, function(method) lapply(tests, function(test) {
    fit <- one_fit(ys, vs, method, test)
    fills <- lapply(c(L0 = "L0", R0 = "R0", Q0 = "Q0"), function(estimator) list(auto = filled(fit, estimator, NULL, root), left = filled(fit, estimator, "left", root), right = filled(fit, estimator, "right", root)))
    c(repooled(fit, root), list(trim_and_fill = fills))
  }))
  reml <- lapply(tests, function(test) sloped(suppressWarnings(regtest(one_fit(ys, vs, "REML", test), model = "rma")), root))
  ranks <- suppressWarnings(ranktest(rma.uni(ys, vs, method = "EE")))
  egger <- list(multiplicative = sloped(regtest(one_fit(ys, vs, "REML", "z"), model = "lm"), root), random = reml)
  list(
    name = name, source = sets[[name]]$source, favours = sets[[name]]$favours, y = I(y), v = I(v), fits = fits, egger = egger,
    begg = list(tau = as.numeric(ranks$tau), p = as.numeric(ranks$pval)), selection = under_selection(ys, vs, sets[[name]]$favours, root)
  )
}
# All subsets: of six studies of hart1999, and of the first five of the others.
subsets <- function(name) {
  some <- if (name == "hart1999") 1:6 else 1:5
  y <- sets[[name]]$y[some]
  v <- sets[[name]]$v[some]
  root <- sqrt(1 / mean(1 / v))
  lapply(methods, function(method) {
    found <- gosh(one_fit(y / root, v / root^2, method, "z"), progbar = FALSE)
    list(
      included = I(apply(found$incl, 1, function(row) paste(as.integer(row), collapse = ""))), value = plain(found$res$estimate * root),
      tau2 = plain(found$res$tau2 * root^2), i2 = plain(found$res$I2 / 100), q = plain(found$res$QE)
    )
  })
}

version <- function(name) as.character(packageVersion(name))
head <- list(
  script = "tests/golden/diagnosis.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("metafor", "metadat", "jsonlite")), version),
  calls = list(
    fit = "metafor::rma.uni(y / s, v / s^2, method, test, control), s^2 the harmonic mean of v, searches tightened as in metafor.R",
    fits = "leave1out(fit), cumul(fit, order = vi), influence(fit), baujat(fit), trimfill(fit, estimator, side) and rma.uni of its studies",
    egger = "regtest(fit, model = 'lm' or 'rma')", begg = "ranktest(fit)",
    selection = "selmodel(ML fit, type = 'stepfun', steps = 0.025, alternative, control = list(optimizer = 'optim', optmethod = 'BFGS', reltol = 1e-15, maxit = 10000))", gosh = "gosh(fit)"
  )
)
lines <- function(rows) {
  vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, null = "null", na = "null")), "")
}
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste0("\"sets\": [\n", paste(lines(lapply(names(sets), diagnosed)), collapse = ",\n"), "\n],"),
    paste0("\"gosh\": {\n", paste0("\"", names(sets), "\": ", lines(lapply(names(sets), subsets)), collapse = ",\n"), "\n}"), "}"
  ),
  "tests/golden/diagnosis.json"
)
