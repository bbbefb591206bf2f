# Writes tests/golden/models_counts.json: count models, ordinal models, adjusted p values and Rubin's rules as R
# computes them. Run from the root of the repository: Rscript tests/golden/models_counts.R
#
# glm and glm.nb are tightened (their default 1e-8 on the deviance leaves 1e-5 in the estimates); clmm is given
# more quadrature nodes than its default of 1 and a tight gradient.
suppressPackageStartupMessages({
  library(MASS)
  library(sandwich)
  library(ordinal)
  library(mice)
  library(jsonlite)
})

# --- counts ------------------------------------------------------------------------------------------------
# Numbers that look random but need no random numbers: the fractional part of multiples of an irrational.
wave <- function(n, step) (seq_len(n) * step) %% 1
count_set <- function(n, rates, size, years, step) {
  arm <- rep(c("a", "b", "c")[seq_along(rates)], length.out = n)
  mean <- rates[match(arm, c("a", "b", "c"))] * years * exp(0.03 * (wave(n, 0.7548) * 30 - 15))
  relapses <- qnbinom(wave(n, step), size = size, mu = mean)
  list(arm = arm, relapses = relapses, years = years, age = round(20 + 30 * wave(n, 0.7548), 1))
}
sets <- list(
  twelve = list(
    arm = rep(c("a", "b"), each = 6), relapses = c(0, 1, 0, 0, 2, 0, 1, 2, 0, 3, 1, 2),
    years = c(2, 2, 1.5, 2, 1, 2, 2, 2, 1.8, 2, 2, 0.9), age = c(30, 41, 52, 25, 38, 33, 29, 47, 55, 36, 40, 31)
  ),
  overdispersed = count_set(30, c(0.6, 1.3), 0.7, round(0.5 + 2 * wave(30, 0.4142), 2), 0.618034),
  sixty = count_set(60, c(0.4, 0.9), 1.24, round(1 + 2 * wave(60, 0.3178), 2), 0.618034),
  three_arms = count_set(48, c(0.8, 1.5, 0.5), 2, round(1 + wave(48, 0.2361), 2), 0.618034),
  equal_time = count_set(40, c(0.5, 1), 1, rep(2, 40), 0.618034),
  lesions = count_set(36, c(9, 20), 0.9, rep(1, 36), 0.618034)
)
formulas <- list(plain = relapses ~ arm + offset(log(years)), age = relapses ~ arm + age + offset(log(years)))
kinds <- c("HC0", "HC1", "HC2", "HC3")
errors <- function(v) I(unname(sqrt(diag(as.matrix(v)))))
count_row <- function(name, terms) {
  data <- as.data.frame(sets[[name]])
  tight <- glm.control(epsilon = 1e-14, maxit = 200)
  form <- formulas[[terms]]
  poisson_fit <- glm(form, poisson, data, control = tight)
  quasi <- glm(form, quasipoisson, data, control = tight)
  row <- c(list(name = name, terms = terms), sets[[name]], list(
    poisson = list(
      coef = I(unname(coef(poisson_fit))), model = errors(vcov(poisson_fit)), loglik = as.numeric(logLik(poisson_fit)),
      sandwich = lapply(setNames(kinds, tolower(kinds)), function(k) errors(vcovHC(poisson_fit, k)))
    ),
    quasi = list(model = errors(vcov(quasi)), dispersion = summary(quasi)$dispersion)
  ))
  nb <- tryCatch(
    glm.nb(form, data, control = glm.control(epsilon = 1e-14, maxit = 500)), warning = function(w) NULL
  )
  if (!is.null(nb)) {
    # The observed information of coefficients and log theta together, from the log-likelihood itself.
    x <- model.matrix(nb)
    value <- function(p) {
      mu <- exp(drop(x %*% p[-length(p)]) + log(data$years))
      -sum(dnbinom(data$relapses, size = exp(p[length(p)]), mu = mu, log = TRUE))
    }
    joint <- numDeriv::hessian(value, c(coef(nb), log(nb$theta)))
    row$nb <- list(
      coef = I(unname(coef(nb))), theta = nb$theta, loglik = as.numeric(logLik(nb)), model = errors(vcov(nb)),
      observed = I(sqrt(diag(solve(joint)))[seq_along(coef(nb))]),
      sandwich = lapply(setNames(kinds, tolower(kinds)), function(k) errors(vcovHC(nb, k)))
    )
  }
  row
}
counts <- list()
for (name in names(sets)) for (terms in names(formulas)) counts[[length(counts) + 1]] <- count_row(name, terms)

# --- ordered scores ----------------------------------------------------------------------------------------
scores <- function(n, visits, spread, slope, step) {
  subject <- rep(sprintf("P%02d", seq_len(n)), each = visits)
  arm <- rep(rep(c("a", "b"), length.out = n), each = visits)
  visit <- rep(seq_len(visits) - 1, n)
  level <- rep(qnorm(wave(n, 0.7548)) * spread, each = visits)
  latent <- level + slope * visit * (arm == "a") + 0.3 * (arm == "b") + qlogis(wave(n * visits, step))
  edss <- 2 + (findInterval(latent, seq(-3, 3, by = 1.5))) * 0.5
  list(subject = subject, arm = arm, visit = visit, edss = edss)
}
score_sets <- list(
  forty = scores(40, 4, 2, -0.4, 0.618034), twenty = scores(20, 3, 1.5, -0.3, 0.618034),
  wide = scores(30, 5, 4, -0.5, 0.618034), narrow = scores(36, 3, 0.8, 0.3, 0.618034)
)
score_terms <- list(arm = "arm", arm_visit = "arm + visit", interaction = "arm + visit + arm:visit")
score_row <- function(name, terms) {
  data <- as.data.frame(score_sets[[name]])
  data$score <- factor(data$edss, ordered = TRUE)
  fixed <- clm(as.formula(paste("score ~", score_terms[[terms]])), data = data, control = clm.control(gradTol = 1e-10))
  drop <- length(fixed$alpha)
  part <- function(fit) {
    table <- coef(summary(fit))
    list(
      theta = I(unname(table[seq_len(drop), 1])), beta = I(unname(table[-seq_len(drop), 1])),
      se = I(unname(table[-seq_len(drop), 2])), loglik = as.numeric(logLik(fit))
    )
  }
  mixed <- clmm(
    as.formula(paste("score ~", score_terms[[terms]], "+ (1 | subject)")), data = data, nAGQ = 21,
    control = clmm.control(gradTol = 1e-7, maxIter = 200)
  )
  profiled <- suppressWarnings(confint(fixed, type = "profile"))
  c(
    list(name = name, terms = terms), score_sets[[name]],
    list(
      fixed = c(part(fixed), list(low = I(unname(profiled[, 1])), high = I(unname(profiled[, 2])))),
      mixed = c(part(mixed), list(sd = as.numeric(mixed$ST$subject)))
    )
  )
}
ordinal_rows <- list()
for (name in names(score_sets)) {
  for (terms in names(score_terms)) ordinal_rows[[length(ordinal_rows) + 1]] <- score_row(name, terms)
}
# MASS::polr is a second opinion on the model without random intercept.
polr_rows <- lapply(names(score_sets), function(name) {
  data <- as.data.frame(score_sets[[name]])
  data$score <- factor(data$edss, ordered = TRUE)
  fit <- polr(score ~ arm + visit, data, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
  list(name = name, beta = I(unname(coef(fit))), theta = I(unname(fit$zeta)), loglik = as.numeric(logLik(fit)))
})

# --- adjusted p values -------------------------------------------------------------------------------------
families <- list(
  c(0.01, 0.02, 0.022, 0.09, 0.04, 0.04, 0.7), c(0.001, 0.001, 0.001), 0.03, c(0.9, 1, 0.5), c(0.049, 0.048, 0.05, 0.047),
  c(0, 0.2, 0.01, 1), round(wave(12, 0.618034)^2, 5), c(0.025, 0.025), c(0.2, 0.01, 0.03, 0.012, 0.011)
)
adjusted <- lapply(families, function(p) {
  rows <- lapply(setNames(nm = c("holm", "hochberg", "hommel", "bonferroni")), function(m) I(p.adjust(p, m)))
  c(list(p = I(p)), rows)
})

# --- Rubin's rules -----------------------------------------------------------------------------------------
pooled <- list()
for (m in c(2, 5, 20)) {
  for (n in c(8, 20, 200, Inf)) {
    q <- -0.5 + 0.3 * sin(seq_len(m))
    u <- 0.04 + 0.01 * cos(seq_len(m))
    found <- pool.scalar(q, u, n = n, k = 2)
    pooled[[length(pooled) + 1]] <- list(
      values = q, variances = u, complete_df = if (is.infinite(n)) NULL else n - 2, mean = found$qbar,
      within = found$ubar, between = found$b, total = found$t, df = found$df, missing = found$fmi
    )
  }
}

version <- function(package) as.character(packageVersion(package))
head <- list(
  script = "tests/golden/models_counts.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = lapply(setNames(nm = c("stats", "MASS", "sandwich", "numDeriv", "ordinal", "mice", "jsonlite")), version),
  calls = list(
    poisson = "stats::glm(poisson, offset = log(years), epsilon = 1e-14)", quasi = "stats::glm(quasipoisson)",
    nb = "MASS::glm.nb(epsilon = 1e-14); observed: numDeriv::hessian of -sum(dnbinom)",
    sandwich = "sandwich::vcovHC(type = 'HC0' to 'HC3')", fixed = "ordinal::clm, confint(type = 'profile')",
    mixed = "ordinal::clmm(nAGQ = 21, gradTol = 1e-7)", polr = "MASS::polr(reltol = 1e-15)",
    adjusted = "stats::p.adjust", pooled = "mice::pool.scalar(rule = 'rubin1987')"
  )
)
lines <- function(rows) {
  vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = NA, null = "null")), "")
}
block <- function(name, rows) paste0("\"", name, "\": [\n", paste(lines(rows), collapse = ",\n"), "\n]")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste(
      block("counts", counts), block("ordinal", ordinal_rows), block("polr", polr_rows), block("adjusted", adjusted),
      block("pooled", pooled),
      sep = ",\n"
    ), "}"
  ),
  "tests/golden/models_counts.json"
)
