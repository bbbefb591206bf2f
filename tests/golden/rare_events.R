# Writes tests/golden/rare_events.json: generalised linear mixed models of counts as metafor and lme4 fit them. Run
# from the root of the repository: Rscript tests/golden/rare_events.R
#
# lme4 takes the integral over one random effect at nAGQ nodes (25 here, its largest) and stops early unless told
# otherwise; over two it takes one node (Laplace). metafor's own exact conditional model integrates numerically.
suppressPackageStartupMessages({
  library(metafor)
  library(metadat)
  library(jsonlite)
})

niel <- dat.nielweise2007
cath <- dat.nielweise2008
pritz <- dat.pritz1997
hart <- dat.hart1999
bruin <- dat.debruin2009
smell <- dat.hannum2020
hahn <- dat.hahn2001
tables <- list(
  nielweise2007 = niel, bcg = transform(dat.bcg, ai = tpos, n1i = tpos + tneg, ci = cpos, n2i = cpos + cneg), li2007 = dat.li2007, hine1989 = dat.hine1989,
  yusuf1985 = dat.yusuf1985[dat.yusuf1985$table == "6", ], hahn2001 = hahn, lee2004 = dat.lee2004
)
arms <- function(d) list(events = d$ai, n = d$n1i, events_control = d$ci, n_control = d$n2i)
times <- function(d) list(events = d$x1i, years = d$t1i, events_control = d$x2i, years_control = d$t2i)
one <- list(
  mixed = list(events = c(0, 3, 1, 4, 0, 7, 2), n = c(10, 15, 12, 20, 8, 31, 24)),
  rare = list(events = c(0, 0, 1, 0, 2, 0, 0, 1), n = c(40, 25, 61, 18, 90, 33, 12, 55)),
  apart = list(events = c(0, 9, 1, 14, 3, 18), n = c(20, 12, 25, 19, 30, 20)),
  pritz1997 = list(events = pritz$xi, n = pritz$ni),
  debruin2009 = list(events = bruin$xi, n = bruin$ni), hannum2020 = list(events = smell$xi, n = smell$ni),
  nielweise2007_treated = list(events = niel$ai, n = niel$n1i), hahn2001_treated = list(events = hahn$ai, n = hahn$n1i),
  one_study = list(events = pritz$xi[1], n = pritz$ni[1]), two_studies = list(events = pritz$xi[1:2], n = pritz$ni[1:2]),
  identical = list(events = rep(3, 5), n = rep(12, 5))
)
timed <- list(
  mixed = list(events = c(0, 3, 1, 14, 2, 0), years = c(10, 15, 12, 20, 30, 10)),
  rare = list(events = c(0, 1, 0, 0, 2, 0, 1), years = c(120.5, 88, 45, 20, 160, 75.5, 210)),
  apart = list(events = c(0, 31, 4, 0, 55), years = c(25, 18, 33, 12.5, 20)),
  nielweise2008 = list(events = cath$x1i, years = cath$t1i),
  nielweise2008_control = list(events = cath$x2i, years = cath$t2i), hart1999_treated = list(events = hart$x1i, years = hart$t1i),
  hart1999_control = list(events = hart$x2i, years = hart$t2i),
  one_study = list(events = cath$x1i[1], years = cath$t1i[1]), two_studies = list(events = cath$x1i[1:2], years = cath$t1i[1:2]),
  identical = list(events = rep(4, 5), years = rep(25, 5))
)
shares <- list(
  mixed = list(events = c(0, 3, 1, 4, 2), n = c(10, 15, 12, 20, 30), events_control = c(2, 3, 4, 6, 9), n_control = c(11, 14, 12, 18, 31)),
  rare = list(events = c(0, 1, 0, 2, 0, 1), n = c(50, 60, 31, 90, 40, 70), events_control = c(2, 0, 3, 4, 1, 0), n_control = c(48, 62, 30, 45, 41, 72)),
  apart = list(events = c(0, 9, 1, 12, 3, 15, 0), n = c(20, 25, 22, 24, 30, 28, 15), events_control = c(5, 2, 9, 3, 10, 4, 3), n_control = c(21, 24, 20, 25, 30, 27, 14)),
  one_study = arms(niel[1, ]), two_studies = arms(niel[1:2, ]),
  identical = list(events = rep(2, 5), n = rep(30, 5), events_control = rep(6, 5), n_control = rep(28, 5))
)
shares <- c(shares, lapply(tables, arms))
rates <- list(
  mixed = list(events = c(0, 3, 1, 14, 2), years = c(10, 15, 12, 20, 30), events_control = c(2, 3, 4, 6, 9), years_control = c(11, 14, 12, 18, 31)),
  rare = list(events = c(0, 1, 0, 2, 0, 3), years = c(50, 60, 31, 90, 40, 70.5), events_control = c(2, 0, 3, 4, 1, 1), years_control = c(48, 62, 30, 45, 41, 72)),
  apart = list(events = c(0, 19, 1, 22, 3, 25), years = c(20, 25, 22, 24, 30, 28), events_control = c(8, 4, 17, 5, 20, 6), years_control = c(21, 24, 20, 25, 30, 27)),
  nielweise2008 = times(cath), hart1999 = times(hart), hart1999_primary = times(hart[hart$prevtype == "primary", ]),
  one_study = times(cath[1, ]), two_studies = times(cath[1:2, ]),
  identical = list(events = rep(2, 5), years = rep(30, 5), events_control = rep(6, 5), years_control = rep(28, 5))
)

lme <- list(glmerCtrl = list(optimizer = "bobyqa", tolPwrss = 1e-12, optCtrl = list(rhoend = 1e-9, maxfun = 100000)))
own <- list(hessianCtrl = list(r = 4))
fit <- function(measure, model, d, method) {
  given <- switch(measure,
    PLO = list(xi = d$events, ni = d$n), IRLN = list(xi = d$events, ti = d$years),
    OR = list(ai = d$events, n1i = d$n, ci = d$events_control, n2i = d$n_control),
    IRR = list(x1i = d$events, t1i = d$years, x2i = d$events_control, t2i = d$years_control)
  )
  control <- if (measure == "OR" && model == "CM.EL") own else lme
  nodes <- if (model == "UM.RS") 1 else 25
  extra <- if (measure %in% c("PLO", "IRLN")) list() else list(model = model)
  arguments <- c(list(measure = measure, method = method, nAGQ = nodes, control = control), given, extra)
  found <- tryCatch(suppressWarnings(suppressMessages(do.call(rma.glmm, arguments))), error = conditionMessage)
  if (is.character(found)) return(list(refused = found))
  list(value = as.numeric(found$beta), se = as.numeric(found$se), tau2 = as.numeric(found$tau2), q = as.numeric(found$QE.LRT), q_df = found$QE.df, p = as.numeric(found$QEp.LRT))
}
row <- function(measure, model, sets, name) {
  list(measure = measure, model = model, name = name, data = lapply(sets[[name]], I), ml = fit(measure, model, sets[[name]], "ML"), common = fit(measure, model, sets[[name]], "FE"))
}
rows <- list()
for (name in names(one)) rows[[length(rows) + 1]] <- row("PLO", "GLMM", one, name)
for (name in names(timed)) rows[[length(rows) + 1]] <- row("IRLN", "GLMM", timed, name)
for (model in c("CM.EL", "CM.AL", "UM.FS", "UM.RS")) for (name in names(shares)) rows[[length(rows) + 1]] <- row("OR", model, shares, name)
for (model in c("CM.EL", "UM.FS", "UM.RS")) for (name in names(rates)) rows[[length(rows) + 1]] <- row("IRR", model, rates, name)

version <- function(name) as.character(packageVersion(name))
head <- list(
  script = "tests/golden/rare_events.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("metafor", "metadat", "lme4", "BiasedUrn", "numDeriv", "jsonlite")), version),
  call = "metafor::rma.glmm(measure, model, method, nAGQ = 25 (1 for UM.RS), control: glmer by bobyqa with rhoend 1e-9 and tolPwrss 1e-12; OR CM.EL with its defaults but hessianCtrl = list(r = 4)"
)
lines <- vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, null = "null", na = "null")), "")
writeLines(
  c("{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","), paste0("\"fits\": [\n", paste(lines, collapse = ",\n"), "\n]"), "}"),
  "tests/golden/rare_events.json"
)
