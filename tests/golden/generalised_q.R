# Writes tests/golden/generalised_q.json: the interval of the variance between studies from the generalised Q (Jackson
# 2013) as metafor computes it. It needs CompQuadForm, which Debian 12 does not have; set R_LIBS to where it is:
# R_LIBS=... Rscript tests/golden/generalised_q.R
#
# Data and moderators are those of metafor_models.json, in units of the harmonic mean of their variances. metafor's
# search of an end stops within 1e-5 of the chance that it should have: the chance at each end stands beside it, by
# Davies' algorithm run on to 1e-12.
suppressPackageStartupMessages({
  library(metafor)
  library(jsonlite)
})
golden <- fromJSON("tests/golden/metafor_models.json", simplifyDataFrame = FALSE)
weights <- list(size = function(v) 1 / sqrt(v), equal = function(v) rep(1, length(v)), inverse = function(v) 1 / v)
chance_at <- function(tau2, y, v, X, a) {
  A <- diag(a)
  P <- A - A %*% X %*% solve(t(X) %*% A %*% X) %*% t(X) %*% A
  S <- diag(sqrt(v + tau2))
  lambda <- eigen(S %*% P %*% S, symmetric = TRUE, only.values = TRUE)$values[seq_len(length(y) - ncol(X))]
  q <- as.numeric(t(y) %*% P %*% y)
  by_davies <- CompQuadForm::davies(q, lambda, acc = 1e-12, lim = 1e7)
  if (by_davies$ifault == 0) by_davies$Qq else CompQuadForm::farebrother(q, lambda, eps = 1e-12, maxit = 1e7)$Qq
}
row_of <- function(fit, name, level) {
  y <- as.numeric(fit$y)
  v <- as.numeric(fit$v)
  unit <- 1 / mean(1 / v)
  mods <- if (fit$kind == "regression") model.matrix(~., as.data.frame(fit$moderators))[, -1, drop = FALSE] else NULL
  top <- 1e6 * max(1, diff(range(y))^2 / unit)
  control <- list(tol = 1e-12, maxiter = 100000, tau2.max = top)
  found <- tryCatch(suppressWarnings({
    given <- c(list(yi = y / sqrt(unit), vi = v / unit), if (is.null(mods)) NULL else list(mods = mods))
    made <- do.call(rma.uni, c(given, list(method = "GENQ", weights = weights[[name]](v / unit))))
    unname(confint(made, type = "GENQ", level = 100 * level, control = control)$random["tau^2", c("ci.lb", "ci.ub")]) * unit
  }), error = function(e) conditionMessage(e))
  shown <- list(name = fit$name, kind = fit$kind, weights = name, level = level)
  if (is.character(found)) return(c(shown, list(refused = found)))
  X <- cbind(rep(1, length(y)), mods)
  chances <- sapply(found, function(end) if (is.na(end)) NA else chance_at(end / unit, y / sqrt(unit), v / unit, X, weights[[name]](v / unit)))
  c(shown, list(ends = I(found), chances = I(chances)))
}
rows <- list()
for (fit in golden$fits) if (length(fit$y) > 1) for (name in names(weights)) for (level in c(0.95, 0.8)) {
  rows[[length(rows) + 1]] <- row_of(fit, name, level)
}
version <- function(name) as.character(packageVersion(name))
head <- list(
  script = "tests/golden/generalised_q.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("metafor", "CompQuadForm", "jsonlite")), version),
  call = "metafor::confint(rma.uni(y / s, v / s^2, mods, method = 'GENQ', weights), type = 'GENQ', level, control = list(tol = 1e-12)), s^2 the harmonic mean of v"
)
lines <- vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, null = "null", na = "null")), "")
writeLines(
  c("{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","), paste0("\"rows\": [\n", paste(lines, collapse = ",\n"), "\n]"), "}"),
  "tests/golden/generalised_q.json"
)
