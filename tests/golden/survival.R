# Writes tests/golden/survival.json: survival analysis as R computes it.
# Run from the root of the repository: Rscript tests/golden/survival.R
#
# survival and coin come from Debian; bpcp and coxphf are on CRAN only (R CMD INSTALL of their sources).
suppressPackageStartupMessages({
  library(survival)
  library(coin)
  library(bpcp)
  library(coxphf)
  library(jsonlite)
})
RNGkind("Mersenne-Twister", "Inversion", "Rejection")

# --- data --------------------------------------------------------------------------------------------------
made <- function(n, arms, seed, to = 365, step = 1, rate = 200) {
  set.seed(seed)
  event <- ceiling(rexp(n, 1 / rate) / step) * step
  end <- ceiling(runif(n, to / 3, to) / step) * step
  data.frame(
    days = pmin(event, end), observed = as.integer(event <= end), arm = rep(arms, length.out = n),
    age = round(rnorm(n, 40, 10))
  )
}
frame <- function(days, observed, arm = rep(c("cells", "placebo"), length.out = length(days))) {
  data.frame(days = days, observed = observed, arm = arm, age = 25 + 3 * ((7 * seq_along(days)) %% 11))
}
two <- c("cells", "placebo")
sets <- list(
  one_patient = frame(90, 1), five = frame(c(30, 60, 60, 90, 180), c(1, 0, 1, 1, 0)),
  no_event = frame(c(100, 100, 200, 250, 300, 365), rep(0, 6)),
  one_event = frame(c(40, 90, 120, 365, 365, 365, 365), c(0, 1, 0, 0, 0, 0, 0)),
  no_censoring = frame(c(20, 35, 50, 50, 75, 90, 130, 131, 200, 300), rep(1, 10)),
  all_on_one_day = frame(rep(84, 6), c(1, 1, 1, 1, 0, 0)),
  end_of_study = frame(c(50, 120, 200, 340, rep(365, 8)), c(1, 1, 1, 1, rep(0, 8))),
  ties = made(24, two, 1, step = 30), ten = made(10, two, 2), twenty = made(20, two, 3),
  three_arms = made(12, c("cells", "drug", "placebo"), 4, step = 20),
  visits = made(60, two, 5, step = 90), large = made(400, two, 6, step = 7)
)
levels <- c(0.9, 0.95)
scales <- c(plain = "plain", log = "log", `log-log` = "log-log", arcsine = "arcsin", logit = "logit")
plain <- function(x) as.numeric(x)

# --- curves ------------------------------------------------------------------------------------------------
curve_rows <- function(name) {
  d <- sets[[name]]
  lapply(levels, function(level) {
    row <- list(name = name, level = level)
    for (scale in names(scales)) {
      fit <- survfit(Surv(days, observed) ~ 1, d, conf.type = scales[[scale]], conf.int = level)
      quantiles <- quantile(fit, c(0.25, 0.5, 0.75))
      row[[scale]] <- list(
        low = plain(fit$lower), high = plain(fit$upper), quantiles = plain(quantiles$quantile),
        quantiles_low = plain(quantiles$lower), quantiles_high = plain(quantiles$upper)
      )
    }
    to <- max(d$days)
    mean <- summary(fit, rmean = to)$table[c("rmean", "se(rmean)")]
    exact <- bpcp(d$days, d$observed, alpha = 1 - level)
    exact_quantiles <- quantile(exact, c(0.25, 0.5, 0.75))
    # bpcp gives the bounds of [L, R): ours from just after L until R.
    c(row, list(
      day = plain(fit$time), at_risk = plain(fit$n.risk), events = plain(fit$n.event), survival = plain(fit$surv),
      mean_to = to, mean = plain(mean[1]), mean_se = plain(mean[2]),
      bpcp_from = plain(exact$L), bpcp_low = plain(exact$lower), bpcp_high = plain(exact$upper),
      bpcp_quantiles_low = rev(plain(exact_quantiles[, "lower"])),
      bpcp_quantiles_high = rev(plain(exact_quantiles[, "upper"]))
    ))
  })
}

# --- log-rank ----------------------------------------------------------------------------------------------
rank_rows <- function(name) {
  d <- sets[[name]]
  d$arm <- factor(d$arm)
  row <- list(name = name)
  for (rho in 0:1) {
    fit <- survdiff(Surv(days, observed) ~ arm, d, rho = rho)
    row[[c("equal", "peto")[rho + 1]]] <- list(
      events = plain(fit$obs), expected = plain(fit$exp), chisq = fit$chisq, variance = plain(fit$var)
    )
  }
  if (nlevels(d$arm) == 2 && nrow(d) <= 24) {
    for (type in c("logrank", "Gehan-Breslow")) {
      tails <- vapply(c("less", "greater"), function(side) {
        test <- logrank_test(Surv(days, observed) ~ arm, d,
          type = type, ties.method = "mid-ranks", distribution = "exact", alternative = side
        )
        as.numeric(pvalue(test))
      }, 0)
      row[[paste0("tails_", c(logrank = "equal", `Gehan-Breslow` = "gehan")[[type]])]] <- plain(tails)
    }
  }
  list(row)
}

# --- Cox ---------------------------------------------------------------------------------------------------
with_age <- function(d) if (nrow(d) >= 10) "age" else NULL
cox_rows <- function(name) {
  d <- sets[[name]]
  formula <- reformulate(c("arm", with_age(d)), "Surv(days, observed)")
  row <- list(name = name, covariates = c("arm", with_age(d)))
  control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)
  for (ties in c("efron", "breslow")) {
    fit <- coxph(formula, d, ties = ties, control = control)
    table <- summary(fit)$coefficients
    row[[ties]] <- list(
      coefficient = plain(table[, "coef"]), se = plain(table[, "se(coef)"]), p = plain(table[, "Pr(>|z|)"]),
      loglik = fit$loglik[2], zph = plain(cox.zph(fit, terms = FALSE)$table[, "chisq"])
    )
  }
  list(c(row, list(firth = firth(formula, d))))
}
firth <- function(formula, d) {
  fit <- coxphf(formula, d, maxit = 500, maxhs = 5, epsilon = 1e-9, gconv = 1e-8)
  list(
    coefficient = plain(fit$coefficients), low = plain(fit$ci.lower), high = plain(fit$ci.upper), p = plain(fit$prob)
  )
}
# An arm without events: the likelihood has no maximum, Firth's has one.
separated <- list(
  name = "no_event_in_one_arm", days = c(30, 60, 90, 120, 200, 365, 365, 365, 365, 365),
  observed = c(1, 1, 1, 1, 1, 0, 0, 0, 0, 0), arm = c(rep("placebo", 6), rep("cells", 4))
)
separated$firth <- firth(Surv(days, observed) ~ arm, as.data.frame(separated[c("days", "observed", "arm")]))

# --- recurrent events --------------------------------------------------------------------------------------
relapses <- function(n, seed, frailty, late = FALSE) {
  set.seed(seed)
  people <- data.frame(
    subject = sprintf("P%02d", 1:n), arm = rep(two, length.out = n), age = round(rnorm(n, 40, 10)),
    start_day = if (late) rep(c(0, 30), length.out = n) else 0, stop_day = round(runif(n, 300, 730))
  )
  people$many <- rgamma(n, 1 / frailty, 1 / frailty) * ifelse(people$arm == "cells", 0.6, 1)
  days <- lapply(1:n, function(i) {
    when <- unique(ceiling(runif(rpois(1, 2 * people$many[i]), people$start_day[i], people$stop_day[i])))
    sort(when[when > people$start_day[i]])
  })
  list(
    people = people[c("subject", "arm", "age", "start_day", "stop_day")],
    events = data.frame(subject = rep(people$subject, lengths(days)), day = unlist(days))
  )
}
recurrent_rows <- function(name, study) {
  rows <- do.call(rbind, lapply(seq_len(nrow(study$people)), function(i) {
    p <- study$people[i, ]
    days <- study$events$day[study$events$subject == p$subject]
    ends <- unique(c(days, p$stop_day))
    data.frame(
      subject = p$subject, arm = p$arm, age = p$age, start = c(p$start_day, head(ends, -1)), stop = ends,
      event = as.integer(ends %in% days)
    )
  }))
  fit <- coxph(Surv(start, stop, event) ~ arm + age, rows, cluster = subject,
    control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)
  )
  table <- summary(fit)$coefficients
  curve <- survfit(Surv(start, stop, event) ~ 1, rows, id = subject, robust = TRUE)
  at <- curve$n.event > 0
  list(
    name = name, people = as.list(study$people), events = as.list(study$events),
    coefficient = plain(table[, "coef"]), se = plain(table[, "se(coef)"]), robust_se = plain(table[, "robust se"]),
    zph = plain(cox.zph(fit, terms = FALSE)$table[, "chisq"]), day = plain(curve$time[at]),
    at_risk = plain(curve$n.risk[at]), mean = plain(curve$cumhaz[at]), mean_se = plain(curve$std.chaz[at])
  )
}

# --- events between visits ---------------------------------------------------------------------------------
between <- function(n, seed, every, missed, to = 720) {
  set.seed(seed)
  onset <- rweibull(n, 1.3, 500)
  seen <- lapply(1:n, function(i) c(0, seq(every, to, every)[runif(to / every) > missed]))
  data.frame(
    left_day = mapply(function(v, t) max(v[v < t]), seen, onset),
    right_day = mapply(function(v, t) if (any(v >= t)) min(v[v >= t]) else NA, seen, onset),
    arm = rep(two, length.out = n)
  )
}
spans <- list(
  four = data.frame(left_day = c(0, 90, 90, 180), right_day = c(90, 180, NA, NA), arm = two),
  regular = between(30, 7, 90, 0), missed = between(40, 8, 90, 0.4), weekly = between(60, 9, 7, 0.7),
  many = between(300, 10, 84, 0.3),
  some_known = transform(between(25, 11, 60, 0.3), left_day = ifelse(seq_along(left_day) %% 5 == 0 & !is.na(right_day), right_day, left_day))
)
# Nonparametric maximum likelihood straight from its definition: EM over every cell between two days that occur, and
# every known day. survfit stops its EM early (its values are kept beside).
by_em <- function(d, days) {
  right <- ifelse(is.na(d$right_day), Inf, d$right_day)
  known <- sort(unique(right[d$left_day == right]))
  cuts <- sort(unique(c(0, d$left_day, right, Inf)))
  cells <- rbind(cbind(head(cuts, -1), tail(cuts, -1)), cbind(known, known))
  inside <- outer(seq_len(nrow(d)), seq_len(nrow(cells)), Vectorize(function(i, j) {
    point <- cells[j, 1] == cells[j, 2]
    if (d$left_day[i] == right[i]) return(as.numeric(point && cells[j, 1] == right[i]))
    as.numeric(cells[j, 1] >= d$left_day[i] && cells[j, 2] <= right[i] && (!point || cells[j, 1] > d$left_day[i]))
  }))
  mass <- rep(1 / ncol(inside), ncol(inside))
  for (round in 1:200000) {
    before <- mass
    mass <- mass * as.numeric(crossprod(inside, 1 / (inside %*% mass))) / nrow(d)
    if (max(abs(mass - before)) < 1e-15) break
  }
  list(
    loglik = sum(log(inside %*% mass)), survival = vapply(days, function(day) sum(mass[cells[, 2] > day]), 0)
  )
}
span_rows <- function(name) {
  d <- spans[[name]]
  # survival takes intervals as closed: a shift of the open left end by a thousandth of a day keeps them apart.
  open <- ifelse(is.na(d$right_day) | d$left_day < d$right_day, d$left_day + 0.001, d$left_day)
  open[d$left_day == 0] <- NA
  fit <- survfit(Surv(open, d$right_day, type = "interval2") ~ 1)
  days <- sort(unique(c(d$right_day[!is.na(d$right_day)])))
  row <- c(list(name = name, left_day = d$left_day, right_day = d$right_day, arm = d$arm, day = days), by_em(d, days))
  row$survfit <- plain(summary(fit, times = days + 0.0005, extend = TRUE)$surv)
  left <- ifelse(d$left_day == 0, NA, d$left_day)
  for (model in c("one", "arm")) {
    if (model == "arm" && nrow(d) < 10) next
    formula <- if (model == "one") Surv(left, d$right_day, type = "interval2") ~ 1 else
      Surv(left, d$right_day, type = "interval2") ~ d$arm
    weibull <- survreg(formula, dist = "weibull", control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
    row[[paste0("weibull_", model)]] <- list(
      coefficient = plain(c(coef(weibull), log(weibull$scale))), se = plain(sqrt(diag(weibull$var))),
      loglik = weibull$loglik[2]
    )
  }
  row
}

# --- writing -----------------------------------------------------------------------------------------------
version <- function(package) as.character(packageVersion(package))
golden <- list(
  sets = lapply(names(sets), function(name) c(list(name = name), as.list(sets[[name]]))),
  curves = do.call(c, lapply(names(sets), curve_rows)),
  ranks = do.call(c, lapply(setdiff(names(sets), c("one_patient", "no_event")), rank_rows)),
  cox = do.call(c, lapply(c("no_censoring", "end_of_study", "ties", "ten", "twenty", "three_arms", "visits", "large"), cox_rows)),
  separated = list(separated),
  recurrent = list(
    recurrent_rows("small", relapses(12, 1, 0.5)), recurrent_rows("clustered", relapses(40, 2, 2)),
    recurrent_rows("late_entry", relapses(24, 3, 0.7, late = TRUE))
  ),
  spans = lapply(names(spans), span_rows)
)
head <- list(
  script = "tests/golden/survival.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = sapply(c("survival", "coin", "bpcp", "coxphf", "jsonlite"), version, simplify = FALSE),
  calls = list(
    curves = "survival::survfit(conf.type), quantile, summary(rmean); bpcp::bpcp",
    ranks = "survival::survdiff(rho = 0, 1); coin::logrank_test(distribution = 'exact', ties.method = 'mid-ranks')",
    cox = "survival::coxph(ties), cox.zph(terms = FALSE); coxphf::coxphf", separated = "coxphf::coxphf",
    recurrent = "survival::coxph(cluster), survfit(id, robust = TRUE)$cumhaz",
    spans = "base R EM to 1e-15; survival::survreg(Surv(type = 'interval2'), dist = 'weibull')",
    survfit = "survival::survfit(Surv(type = 'interval2')), left ends shifted by 0.001"
  )
)
# One row per line keeps differences readable.
text <- function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, na = "null"))
block <- function(name) paste0("\"", name, "\": [\n", paste(vapply(golden[[name]], text, ""), collapse = ",\n"), "\n]")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste(vapply(names(golden), block, ""), collapse = ",\n"), "}"
  ),
  "tests/golden/survival.json"
)
