# Writes tests/golden/mixed_model.json: mixed models for repeated measures as R fits them.
# Run from the root of the repository: Rscript tests/golden/mixed_model.R
# Needs the file that tests/golden/mixed_model_cases.py writes. mmrm is not in Debian 12: install it from CRAN or
# its repository; RANVIER_R_LIBS may name a library that holds it.
#
# The optimisers are run on from their own result until the gradient is gone, because the defaults stop where a
# standard error still moves in the fifth digit.
#
# Not byte for byte: mmrm warns that fits are not reproducible with TMB before 1.9.15 (Debian 12 has 1.9.2), and a
# second run moved values by up to 6e-12, far below the tolerances of the test.
.libPaths(c(Sys.getenv("RANVIER_R_LIBS", .libPaths()[1]), .libPaths()))
suppressWarnings(suppressPackageStartupMessages({
  library(mmrm)
  library(emmeans)
  library(nlme)
  library(lme4)
  library(lmerTest)
  library(pbkrtest)
  library(jsonlite)
}))

structures <- c(
  unstructured = "us", `toeplitz-heterogeneous` = "toeph", toeplitz = "toep",
  `ante-dependence-heterogeneous` = "adh", `ante-dependence` = "ad", `ar1-heterogeneous` = "ar1h", ar1 = "ar1",
  `compound-symmetry-heterogeneous` = "csh", `compound-symmetry` = "cs", `spatial-exponential` = "sp_exp"
)
inferences <- list(
  satterthwaite = c("Satterthwaite", "Asymptotic"), `kenward-roger` = c("Kenward-Roger", "Kenward-Roger"),
  `kenward-roger-linear` = c("Kenward-Roger", "Kenward-Roger-Linear")
)
cases <- fromJSON("tests/golden/mixed_model_cases.json", simplifyDataFrame = FALSE)

frame_of <- function(case) {
  data <- as.data.frame(case$data, stringsAsFactors = TRUE)
  months <- sort(as.numeric(sub("month ", "", levels(data$visit))))
  data$visit <- factor(data$visit, levels = paste("month", months))
  data$place <- as.integer(data$visit)
  data[order(data$subject, data$visit), ]
}

terms_of <- function(case, data) {
  if (nlevels(data$arm) > 1) case$fixed else gsub("arm \\* ", "", case$fixed)
}

covariance_term <- function(short, groups) {
  inside <- if (short == "sp_exp") "month" else "visit"
  grouped <- if (is.null(groups)) "subject" else paste(groups, "/ subject")
  paste0(short, "(", inside, " | ", grouped, ")")
}

# Means by arm and visit and the differences of arms, as rows over the coefficients.
rows_of <- function(fit, data) {
  by <- if (nlevels(data$arm) > 1) ~ visit | arm else ~visit
  means <- emmeans(fit, by)@linfct
  m <- nlevels(data$visit)
  pairs <- if (nlevels(data$arm) > 1) combn(nlevels(data$arm), 2) else matrix(0, 2, 0)
  differences <- do.call(rbind, lapply(seq_len(ncol(pairs)), function(k) {
    means[(pairs[2, k] - 1) * m + 1:m, ] - means[(pairs[1, k] - 1) * m + 1:m, ]
  }))
  unname(rbind(means, differences))
}

fit_mmrm <- function(case, data, short, method, vcov, reml, start = NULL) {
  formula <- as.formula(paste("change ~", terms_of(case, data), "+", covariance_term(short, case$groups)))
  control <- if (is.null(start)) {
    mmrm_control(method = method, vcov = vcov)
  } else {
    mmrm_control(
      method = method, vcov = vcov, start = start, optimizer = "nlminb",
      optimizer_control = list(rel.tol = 1e-15, x.tol = 1e-12)
    )
  }
  suppressWarnings(mmrm(formula, data, reml = reml, control = control))
}

# Newton steps from the package's own gradient and Hessian end where the optimisers leave off.
polish <- function(fit) {
  theta <- component(fit, "theta_est")
  object <- fit$tmb_obj
  for (step in 1:30) {
    move <- solve(object$he(theta), as.numeric(object$gr(theta)))
    theta <- theta - move
    if (max(abs(move)) < 1e-11) break
  }
  theta
}

tests <- function(fit, rows) {
  found <- lapply(seq_len(nrow(rows)), function(i) df_1d(fit, rows[i, ]))
  pick <- function(name) vapply(found, function(each) as.numeric(each[[name]]), 0)
  list(se = pick("se"), df = pick("df"), p = pick("p_val"))
}

mmrm_row <- function(case, data, structure) {
  short <- structures[[structure]]
  row <- list(case = case$name, covariance = structure)
  failed <- tryCatch(
    {
      first <- fit_mmrm(case, data, short, "Satterthwaite", "Asymptotic", TRUE)
      theta <- polish(first)
      fits <- lapply(inferences, function(each) fit_mmrm(case, data, short, each[1], each[2], TRUE, theta))
      rows <- rows_of(fits[[1]], data)
      row$minus_two_log <- -2 * as.numeric(logLik(fits[[1]]))
      row$coefficients <- as.numeric(component(fits[[1]], "beta_est"))
      row$value <- as.numeric(rows %*% component(fits[[1]], "beta_est"))
      covariance <- component(fits[[1]], "varcor")
      row$covariance_matrix <- if (short == "sp_exp") NULL else lapply(
        if (is.list(covariance)) unname(covariance) else list(covariance), unname
      )
      for (name in names(fits)) row[[name]] <- tests(fits[[name]], rows)
      ml <- fit_mmrm(case, data, short, "Satterthwaite", "Asymptotic", FALSE)
      ml <- fit_mmrm(case, data, short, "Satterthwaite", "Asymptotic", FALSE, polish(ml))
      row$ml <- c(
        list(minus_two_log = -2 * as.numeric(logLik(ml)), value = as.numeric(rows %*% component(ml, "beta_est"))),
        tests(ml, rows)
      )
      NULL
    },
    error = function(problem) conditionMessage(problem)
  )
  if (!is.null(failed)) row <- list(case = case$name, covariance = structure, failed = failed)
  row
}

# nlme::gls where it has the structure: estimates and model-based standard errors.
gls_structures <- list(
  unstructured = list(corSymm(form = ~ place | subject), varIdent(form = ~ 1 | visit)),
  `ar1-heterogeneous` = list(corAR1(form = ~ place | subject), varIdent(form = ~ 1 | visit)),
  ar1 = list(corAR1(form = ~ place | subject), NULL),
  `compound-symmetry-heterogeneous` = list(corCompSymm(form = ~ place | subject), varIdent(form = ~ 1 | visit)),
  `compound-symmetry` = list(corCompSymm(form = ~ place | subject), NULL),
  `spatial-exponential` = list(corExp(form = ~ month | subject), NULL)
)

gls_row <- function(case, data, structure) {
  part <- gls_structures[[structure]]
  row <- list(case = case$name, covariance = structure)
  failed <- tryCatch(
    {
      fit <- gls(
        as.formula(paste("change ~", terms_of(case, data))), data,
        correlation = part[[1]], weights = part[[2]], method = "REML",
        control = glsControl(tolerance = 1e-13, msTol = 1e-13, maxIter = 500, msMaxIter = 500, opt = "nlminb")
      )
      row$coefficients <- as.numeric(coef(fit))
      row$se <- as.numeric(sqrt(diag(vcov(fit))))
      NULL
    },
    error = function(problem) conditionMessage(problem)
  )
  if (!is.null(failed)) row <- list(case = case$name, covariance = structure, failed = failed)
  row
}

# A random intercept is compound symmetry: lme4 with pbkrtest and lmerTest.
lmer_row <- function(case, data) {
  formula <- as.formula(paste("change ~", terms_of(case, data), "+ (1 | subject)"))
  fit <- lmer(formula, data, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
  rows <- rows_of(fit, data)
  test <- function(ddf) {
    found <- lapply(seq_len(nrow(rows)), function(i) contest1D(fit, rows[i, ], ddf = ddf))
    pick <- function(name) vapply(found, function(each) as.numeric(each[[name]]), 0)
    list(se = pick("Std. Error"), df = pick("df"), p = pick("Pr(>|t|)"))
  }
  list(
    case = case$name, value = as.numeric(rows %*% fixef(fit)), pbkrtest = test("Kenward-Roger"),
    lmerTest = test("Satterthwaite")
  )
}

mmrm_rows <- list()
gls_rows <- list()
lmer_rows <- list()
for (case in cases) {
  data <- frame_of(case)
  for (structure in names(structures)) mmrm_rows[[length(mmrm_rows) + 1]] <- mmrm_row(case, data, structure)
  if (!is.null(case$groups)) next # nlme and lme4 have no covariance per group
  for (structure in names(gls_structures)) gls_rows[[length(gls_rows) + 1]] <- gls_row(case, data, structure)
  lmer_rows[[length(lmer_rows) + 1]] <- lmer_row(case, data)
}

version <- function(package) as.character(packageVersion(package))
packages <- c("mmrm", "TMB", "emmeans", "nlme", "lme4", "lmerTest", "pbkrtest", "jsonlite")
head <- list(
  script = "tests/golden/mixed_model.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = as.list(setNames(vapply(packages, version, ""), packages)),
  calls = list(
    mmrm = "mmrm(change ~ <fixed> + <covariance>(visit | [group /] subject), reml, control = mmrm_control(method, vcov))",
    value = "emmeans(fit, ~ visit | arm) and the differences of arms", tests = "mmrm::df_1d",
    gls = "nlme::gls(correlation, weights, method = 'REML')",
    pbkrtest = "lmerTest::contest1D(lmer(... + (1 | subject)), ddf = 'Kenward-Roger')",
    lmerTest = "lmerTest::contest1D(lmer(... + (1 | subject)), ddf = 'Satterthwaite')"
  )
)
lines <- function(rows) {
  vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = I(15), null = "null")), "")
}
block <- function(name, rows) paste0("\"", name, "\": [\n", paste(lines(rows), collapse = ",\n"), "\n]")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","),
    paste(c(block("mmrm", mmrm_rows), block("gls", gls_rows), block("lmer", lmer_rows)), collapse = ",\n"), "}"
  ),
  "tests/golden/mixed_model.json"
)
