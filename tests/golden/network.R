# Writes tests/golden/network.json: networks of trials as metafor's multivariate models compute them. Run from the root
# of the repository: Rscript tests/golden/network.R
#
# Differences from the first arm (alphabetical) of each trial, their covariances, the columns of the models and the
# statistics that metafor does not give are computed here from their definitions.
suppressPackageStartupMessages({
  library(metafor)
  library(jsonlite)
})
methods <- c(common = "EE", ml = "ML", reml = "REML")

# --- published data, one row per arm -------------------------------------------------------------------------------
shares <- function(d, study, treatment, events, n) {
  data.frame(study = as.character(d[[study]]), treatment = as.character(d[[treatment]]), events = d[[events]], n = d[[n]])
}
long <- function(d, study, treatments, y, sd, n) {
  parts <- lapply(seq_along(treatments), function(arm) {
    data.frame(study = as.character(d[[study]]), treatment = as.character(d[[treatments[arm]]]), mean = d[[y[arm]]], sd = d[[sd[arm]]], n = d[[n[arm]]])
  })
  found <- do.call(rbind, parts)
  found <- found[!is.na(found$mean), ]
  found[order(match(found$study, d[[study]])), ]
}
senn <- data.frame(study = dat.senn2013$study, treatment = dat.senn2013$treatment, mean = dat.senn2013$mi, sd = dat.senn2013$sdi, n = dat.senn2013$ni)
woods <- shares(dat.woods2010, "author", "treatment", "r", "N")
sets <- list(
  senn = list(source = "Senn S et al (2013). Stat Methods Med Res 22:169-189 (metadat::dat.senn2013)", measure = "mean difference", reference = "placebo", arms = senn),
  hasselblad = list(source = "Hasselblad V (1998). Med Decis Making 18:37-43 (metadat::dat.hasselblad1998)", measure = "odds ratio", reference = "no_contact", arms = shares(dat.hasselblad1998, "study", "trt", "xi", "ni")),
  hasselblad_risk = list(source = "Hasselblad V (1998). Med Decis Making 18:37-43 (metadat::dat.hasselblad1998)", measure = "risk ratio", reference = "no_contact", arms = shares(dat.hasselblad1998, "study", "trt", "xi", "ni")),
  pagliaro = list(source = "Pagliaro L et al (1992). Ann Intern Med 117:59-70 (metadat::dat.pagliaro1992)", measure = "odds ratio", reference = "control", arms = shares(dat.pagliaro1992, "study", "trt", "xi", "ni")),
  baker = list(source = "Baker WL et al (2009). Pharmacotherapy 29:891-905 (metadat::dat.baker2009)", measure = "odds ratio", reference = "Placebo", arms = shares(dat.baker2009, "study", "treatment", "exac", "total")),
  dogliotti = list(source = "Dogliotti A et al (2014). Expert Rev Cardiovasc Ther (metadat::dat.dogliotti2014)", measure = "odds ratio", reference = "Placebo/Control", arms = shares(dat.dogliotti2014, "study", "treatment", "stroke", "total")),
  dong = list(source = "Dong YH et al (2013). Thorax 68:48-56 (metadat::dat.dong2013)", measure = "odds ratio", reference = "Placebo", arms = shares(dat.dong2013, "id", "treatment", "death", "randomized")),
  gurusamy = list(source = "Gurusamy KS et al (2011). Cochrane Database Syst Rev 12:CD009052 (metadat::dat.gurusamy2011)", measure = "odds ratio", reference = "Control/Placebo", arms = shares(dat.gurusamy2011, "study", "treatment", "death", "n")),
  woods_difference = list(source = "Woods BS et al (2010). BMC Med Res Methodol 10:54 (metadat::dat.woods2010), risk differences", measure = "risk difference", reference = "Placebo", arms = woods),
  franchini = list(
    source = "Franchini AJ et al (2012). Res Synth Methods 3:142-160 (metadat::dat.franchini2012)", measure = "mean difference", reference = "Placebo",
    arms = long(dat.franchini2012, "Study", paste0("Treatment", 1:3), paste0("y", 1:3), paste0("sd", 1:3), paste0("n", 1:3))
  )
)

# --- differences within trials ---------------------------------------------------------------------------------------
arm_effects <- function(set) {
  d <- set$arms
  if (set$measure == "mean difference") return(transform(d, y = mean, v = sd^2 / n))
  every <- function(condition) as.logical(ave(condition, d$study, FUN = all))
  some <- function(condition) as.logical(ave(condition, d$study, FUN = any))
  silent <- if (set$measure == "risk difference") rep(FALSE, nrow(d)) else every(d$events == 0)
  if (set$measure == "odds ratio") silent <- silent | every(d$events == d$n)
  add <- 0.5 * some(d$events == 0 | d$events == d$n)
  x <- d$events + add
  n <- d$n + 2 * add
  p <- x / n
  found <- switch(set$measure,
    `odds ratio` = list(y = log(x / (n - x)), v = 1 / x + 1 / (n - x)), `risk ratio` = list(y = log(p), v = 1 / x - 1 / n),
    `risk difference` = list(y = p, v = p * (1 - p) / n)
  )
  cbind(d, y = found$y, v = found$v)[!silent, ]
}
differences <- function(set) {
  d <- arm_effects(set)
  trials <- lapply(split(d, factor(d$study, unique(d$study))), function(part) part[order(part$treatment, method = "radix"), ])
  trials <- trials[sapply(trials, nrow) > 1]
  names <- c(set$reference, setdiff(sort(unique(d$treatment), method = "radix"), set$reference))
  y <- unlist(lapply(trials, function(t) t$y[-1] - t$y[1]))
  S <- as.matrix(bldiag(lapply(trials, function(t) diag(t$v[-1], nrow(t) - 1) + t$v[1])))
  X <- do.call(rbind, lapply(trials, function(t) {
    rows <- matrix(0, nrow(t) - 1, length(names))
    for (arm in 2:nrow(t)) rows[arm - 1, match(t$treatment[arm], names)] <- 1
    rows[, match(t$treatment[1], names)] <- rows[, match(t$treatment[1], names)] - 1
    rows
  }))
  design <- sapply(trials, function(t) paste(t$treatment, collapse = " : "))
  list(
    y = as.numeric(y), S = S, X = X[, -1, drop = FALSE], names = names, trials = trials,
    study = rep(seq_along(trials), sapply(trials, nrow) - 1), place = unlist(lapply(trials, function(t) seq_len(nrow(t) - 1))), design = design
  )
}
by_design <- function(net) {
  key <- paste(net$design[net$study], net$place)
  sapply(unique(key), function(each) as.numeric(key == each))
}
halves <- function(net, first, second) {
  unlist(lapply(net$trials, function(t) {
    share <- if (all(c(first, second) %in% t$treatment)) (t$treatment == first) / 2 - (t$treatment == second) / 2 else rep(0, nrow(t))
    share[-1] - share[1]
  }))
}

# --- fits --------------------------------------------------------------------------------------------------------------
# metafor's searches stop at different places near the maximum: the highest of several is taken.
fit_net <- function(net, X, method, test = "z") {
  unit <- 1 / mean(1 / diag(net$S))
  d <- data.frame(y = net$y / sqrt(unit), study = net$study, place = net$place)
  V <- net$S / unit
  if (method == "EE") return(rma.mv(d$y, V, mods = X, intercept = FALSE, test = test, method = "ML"))
  call <- function(control) {
    random <- if (max(net$place) > 1) list(random = ~ place | study, struct = "CS", rho = 0.5) else list(random = ~ 1 | study)
    tryCatch(suppressWarnings(do.call(rma.mv, c(list(
      yi = d$y, V = V, mods = X, intercept = FALSE, data = d, method = method, test = test, sparse = FALSE, control = control
    ), random))), error = function(e) NULL)
  }
  fits <- lapply(c(1e-8, 1e-10, 1e-12, 1e-13), function(tolerance) call(list(rel.tol = tolerance, iter.max = 1000, eval.max = 1000)))
  fits <- c(fits, lapply(c(1e-10, 1e-12, 1e-14), function(tolerance) call(list(optimizer = "BFGS", reltol = tolerance, maxit = 10000))))
  fits <- Filter(Negate(is.null), fits)
  fits[[which.max(sapply(fits, function(fit) as.numeric(logLik(fit))))]]
}
between <- function(fit) if (fit$withG) fit$tau2 else if (fit$withS) fit$sigma2 else 0
residual_q <- function(y, X, M) {
  W <- solve(M)
  b <- solve(t(X) %*% W %*% X, t(X) %*% W %*% y)
  as.numeric(t(y - X %*% b) %*% W %*% (y - X %*% b))
}
set_of <- function(name) {
  set <- sets[[name]]
  net <- differences(set)
  unit <- 1 / mean(1 / diag(net$S))
  s <- sqrt(unit)
  n <- length(net$y)
  p <- ncol(net$X)
  full <- by_design(net)
  df_within <- n - ncol(full)
  pairs <- t(combn(seq_along(net$names), 2))
  L <- t(apply(pairs, 1, function(pair) { row <- numeric(p + 1); row[pair[2]] <- 1; row[pair[1]] <- -1; row[-1] }))
  if (p == 1) L <- matrix(L, ncol = 1)
  fits <- lapply(methods, function(method) {
    fit <- fit_net(net, net$X, method)
    tau2 <- between(fit)
    b <- as.numeric(fit$beta)
    at <- as.numeric(L %*% b)
    se <- sqrt(rowSums((L %*% fit$vb) * L))
    factor <- residual_q(net$y / s, net$X, as.matrix(fit$M)) / (n - p)
    p_scores <- sapply(seq_len(p + 1), function(one) {
      mean(sapply(setdiff(seq_len(p + 1), one), function(other) {
        row <- which((pairs[, 1] == other & pairs[, 2] == one) | (pairs[, 1] == one & pairs[, 2] == other))
        pnorm(-(if (pairs[row, 2] == one) at[row] else -at[row]) / se[row])
      }))
    })
    random <- if (method != "EE" && df_within > 0 && ncol(full) > p) {
      apart <- fit_net(net, full, method)
      M <- as.matrix(apart$M)
      list(tau2 = between(apart) * unit, q = residual_q(net$y / s, net$X, M) - residual_q(net$y / s, full, M))
    } else NULL
    splits <- Filter(Negate(is.null), lapply(seq_len(nrow(pairs)), function(row) {
      first <- net$names[pairs[row, 2]]
      second <- net$names[pairs[row, 1]]
      column <- halves(net, first, second)
      if (all(column == 0) || qr(cbind(net$X, column))$rank == p || n - p < 2) return(NULL)
      apart <- fit_net(net, cbind(net$X, column), method)
      w <- as.numeric(apart$beta)
      list(
        treatment = first, comparator = second, indirect = sum(L[row, ] * w[1:p]) * s, direct = (sum(L[row, ] * w[1:p]) + w[p + 1]) * s,
        difference = w[p + 1] * s, se = apart$se[p + 1] * s, p = apart$pval[p + 1], tau2 = between(apart) * unit
      )
    }))
    free <- if (method == "REML") n - p else n
    ends <- if (method == "EE") c(NA, NA) else {
      search <- tryCatch(suppressWarnings(if (fit$withG) confint(fit, tau2 = 1, control = list(tol = 1e-10, vc.max = 1e4)) else confint(fit, sigma2 = 1, control = list(tol = 1e-10, vc.max = 1e4))), error = function(e) NULL)
      if (is.null(search)) c(NA, NA) else unname(search$random[1, c("ci.lb", "ci.ub")]) * unit
    }
    t_fit <- fit_net(net, net$X, method, "t")
    list(
      tau2 = tau2 * unit, profile = I(ends), log_likelihood = as.numeric(logLik(fit)) - free / 2 * log(unit), effect = I(at * s), se = I(se * s), p = I(2 * pnorm(-abs(at / se))),
      t_p = I(as.numeric(t_fit$pval)), t_low = I(t_fit$ci.lb * s), t_high = I(t_fit$ci.ub * s), factor = factor, p_scores = I(p_scores),
      q = fit$QE, q_p = fit$QEp, random = random, splits = splits
    )
  })
  common <- fit_net(net, net$X, "EE")
  apart <- if (df_within > 0) fit_net(net, full, "EE")$QE else 0
  list(
    name = name, source = set$source, measure = set$measure, reference = set$reference, arms = lapply(as.list(set$arms), I), names = I(net$names),
    pairs = I(cbind(net$names[pairs[, 2]], net$names[pairs[, 1]])), trials = length(net$trials), df = n - p, df_within = df_within, q_within = apart, q = common$QE,
    fits = fits
  )
}
rows <- lapply(names(sets), set_of)

version <- function(name) as.character(packageVersion(name))
head <- list(
  script = "tests/golden/network.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("metafor", "metadat", "jsonlite")), version),
  calls = list(
    fits = "metafor::rma.mv(y / s, S / s^2, mods = X, intercept = FALSE, random = ~ place | study, struct = 'CS', rho = 0.5, method); the highest of several searches",
    random = "rma.mv with effects by design; Q from its covariance", splits = "rma.mv with a column for the trials of both treatments"
  )
)
lines <- vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, null = "null", na = "null")), "")
writeLines(
  c("{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","), "\"sets\": [", paste(lines, collapse = ",\n"), "]", "}"),
  "tests/golden/network.json"
)
