# Writes tests/golden/multilevel.json: three-level pools with known sampling (co)variances as metafor computes them,
# with cluster-robust errors of clubSandwich. Run from the root of the repository: Rscript tests/golden/multilevel.R
#
# The data are put in units of the harmonic mean of their variances, so that metafor's limits are harmless.
suppressPackageStartupMessages({
  library(metafor)
  library(clubSandwich)
  library(jsonlite)
})
methods <- c(reml = "REML", ml = "ML")

# --- published data ------------------------------------------------------------------------------------------------
diagonal <- function(v) diag(as.numeric(v))
correlated <- function(v, study, rho) {
  covariance <- outer(sqrt(v), sqrt(v)) * rho * outer(study, study, `==`)
  diag(covariance) <- v
  covariance
}
set <- function(source, d, study, within, sampling = NULL, V = NULL) {
  known <- !is.na(d$yi) & !is.na(d$vi)
  d <- d[known, ]
  study <- as.character(study[known])
  within <- as.character(within[known])
  v <- as.numeric(d$vi)
  if (is.null(V)) V <- if (is.null(sampling)) diagonal(v) else correlated(v, study, sampling)
  list(source = source, y = as.numeric(d$yi), v = v, study = study, within = within, sampling = sampling, V = V)
}
bornmann <- escalc(measure = "OR", ai = waward, n1i = wtotal, ci = maward, n2i = mtotal, data = dat.bornmann2007)
crede <- escalc(measure = "ZCOR", ri = ri, ni = ni, data = dat.crede2010)
obrien <- escalc(measure = "PLO", xi = cases, ni = total, data = dat.obrien2003)
berkey <- dat.berkey1998
berkey_matrix <- as.matrix(bldiag(lapply(split(berkey[c("v1i", "v2i")], berkey$trial), as.matrix)))
kalaian <- dat.kalaian1996
sets <- list(
  konstantopoulos = set("Konstantopoulos S (2011). Res Synth Methods 2:61-76 (metadat::dat.konstantopoulos2011)", dat.konstantopoulos2011, dat.konstantopoulos2011$district, dat.konstantopoulos2011$school),
  assink = set("Assink M, Wibbelink CJM (2016). Quant Methods Psychol 12:154-174 (metadat::dat.assink2016)", dat.assink2016, dat.assink2016$study, dat.assink2016$esid),
  assink_correlated = set("Assink M, Wibbelink CJM (2016). Quant Methods Psychol 12:154-174 (metadat::dat.assink2016), correlation 0.6 stated", dat.assink2016, dat.assink2016$study, dat.assink2016$esid, 0.6),
  bornmann = set("Bornmann L et al (2007). J Informetr 1:226-238 (metadat::dat.bornmann2007)", bornmann, bornmann$study, bornmann$obs),
  berkey = set("Berkey CS et al (1998). Stat Med 17:2537-2550 (metadat::dat.berkey1998)", berkey, berkey$trial, berkey$outcome, V = berkey_matrix),
  kalaian = set("Kalaian HA, Raudenbush SW (1996). Psychol Methods 1:227-235 (metadat::dat.kalaian1996), correlation 0.66", kalaian, kalaian$study, kalaian$outcome, 0.66),
  crede = set("Crede M et al (2010). Rev Educ Res 80:272-295 (metadat::dat.crede2010)", crede, crede$studyid, crede$sampleid),
  tannersmith = set("Tanner-Smith EE et al (2016). J Dev Life Course Criminol 2:85-112 (metadat::dat.tannersmith2016), correlation 0.8 stated", dat.tannersmith2016, dat.tannersmith2016$studyid, seq_len(nrow(dat.tannersmith2016)), 0.8),
  obrien = set("O'Brien TE et al (2003). Epidemiology 14:368-374 (metadat::dat.obrien2003)", obrien, obrien$study, obrien$grp),
  shared_levels = set("Knapp F et al (2017). metadat::dat.knapp2017, tasks within comparisons within studies, correlation 0.4 stated", dat.knapp2017, dat.knapp2017$study, dat.knapp2017$comp, 0.4),
  three_studies = set("Berkey CS et al (1998). Stat Med 17:2537-2550 (metadat::dat.berkey1998), first three trials", berkey[1:6, ], berkey$trial[1:6], berkey$outcome[1:6], V = berkey_matrix[1:6, 1:6])
)

# metafor's searches stop at different places near the maximum: the highest of several is taken.
fitted_with <- function(control, ...) {
  tryCatch(suppressWarnings(rma.mv(..., sparse = FALSE, control = control)), error = function(e) NULL)
}
best_of <- function(...) {
  controls <- c(
    lapply(c(1e-8, 1e-10, 1e-11, 1e-12, 1e-13), function(tolerance) list(rel.tol = tolerance, iter.max = 1000, eval.max = 1000)),
    lapply(c(1e-10, 1e-12, 1e-14), function(tolerance) list(optimizer = "BFGS", reltol = tolerance, maxit = 10000))
  )
  fits <- Filter(Negate(is.null), lapply(controls, fitted_with, ...))
  again <- lapply(fits, function(fit) Filter(Negate(is.null), lapply(controls, function(control) {
    fitted_with(c(control, list(sigma2.init = pmax(fit$sigma2, 1e-12))), ...)
  })))
  fits <- c(fits, unlist(again, recursive = FALSE))
  fits[[which.max(sapply(fits, function(fit) as.numeric(logLik(fit))))]]
}
# The first of these tolerances at which metafor finds both ends.
ends_of <- function(place, ...) {
  for (tolerance in c(1e-11, 1e-10, 1e-9, 1e-8)) {
    fit <- fitted_with(list(rel.tol = tolerance, iter.max = 1000, eval.max = 1000), ...)
    if (is.null(fit)) next
    top <- max(100, 1000 * fit$sigma2[place], 100 * diff(range(fit$yi))^2)
    found <- tryCatch(suppressWarnings(confint(fit, sigma2 = place, control = list(tol = 1e-10, vc.max = top, maxiter = 10000))), error = function(e) NULL)
    bounds <- if (is.null(found)) NA else unname(found$random[1, c("ci.lb", "ci.ub")])
    if (!anyNA(bounds)) return(bounds)
  }
  c(NA, NA)
}

# --- fits -----------------------------------------------------------------------------------------------------------
fit_set <- function(name) {
  given <- sets[[name]]
  unit <- 1 / mean(1 / given$v)
  d <- data.frame(y = given$y / sqrt(unit), study = given$study, within = given$within)
  V <- given$V / unit
  fits <- lapply(methods, function(method) {
    given_to <- function(f, ...) f(..., yi = d$y, V = V, random = ~ 1 | study/within, data = d, method = method)
    fit <- given_to(best_of)
    n <- length(d$y)
    ends <- lapply(1:2, function(place) I(given_to(ends_of, place) * unit))
    plain <- robust(fit, cluster = d$study, adjust = FALSE)
    adjusted <- robust(fit, cluster = d$study, adjust = TRUE)
    small <- as.data.frame(coef_test(fit, vcov = "CR2", cluster = d$study))
    bounds <- as.data.frame(conf_int(fit, vcov = "CR2", cluster = d$study, level = 0.95))
    interval <- function(fit, df) list(se = fit$se * sqrt(unit), df = df, statistic = fit$zval, p = fit$pval, low = fit$ci.lb * sqrt(unit), high = fit$ci.ub * sqrt(unit))
    free <- n - if (method == "REML") 1 else 0
    list(
      value = as.numeric(fit$beta) * sqrt(unit), sigma2 = I(fit$sigma2 * unit), q = fit$QE, q_p = fit$QEp,
      log_likelihood = as.numeric(logLik(fit)) - free / 2 * log(unit), between = ends[[1]], within = ends[[2]],
      model = interval(fit, NA), cr0 = interval(plain, plain$dfs), cr1 = interval(adjusted, adjusted$dfs),
      cr2 = list(
        se = small$SE * sqrt(unit), df = small$df_Satt, statistic = small$tstat, p = small$p_Satt,
        low = bounds$CI_L * sqrt(unit), high = bounds$CI_U * sqrt(unit)
      )
    )
  })
  list(
    name = name, source = given$source, y = I(given$y), v = I(given$v), study = I(given$study), within = I(given$within), sampling = given$sampling,
    covariance = if (is.null(given$sampling) && any(given$V[row(given$V) != col(given$V)] != 0)) given$V else NULL, fits = fits
  )
}
rows <- lapply(names(sets), fit_set)

version <- function(name) as.character(packageVersion(name))
head <- list(
  script = "tests/golden/multilevel.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("metafor", "clubSandwich", "metadat", "jsonlite")), version),
  calls = list(
    fits = "metafor::rma.mv(y / s, V / s^2, random = ~ 1 | study/within, method, ...), s^2 the harmonic mean of v; the highest of several searches",
    between_and_within = "confint(sigma2 = 1 or 2, control = list(tol = 1e-10))", cr0_and_cr1 = "robust(cluster = study, adjust = FALSE or TRUE)",
    cr2 = "clubSandwich::coef_test and conf_int(vcov = 'CR2', cluster = study)"
  )
)
lines <- vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, null = "null", na = "null")), "")
writeLines(
  c("{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","), "\"sets\": [", paste(lines, collapse = ",\n"), "]", "}"),
  "tests/golden/multilevel.json"
)
