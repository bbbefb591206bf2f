# Writes tests/golden/ancova.json: analysis of covariance of the change from baseline with HC3 standard errors.
# Run from the root of the repository: Rscript tests/golden/ancova.R
# Takes the trials of tests/golden/mixed_model_cases.json, at the last visit.
suppressPackageStartupMessages({
  library(sandwich)
  library(jsonlite)
})

cases <- fromJSON("tests/golden/mixed_model_cases.json", simplifyDataFrame = FALSE)
rows <- list()
for (case in cases) {
  data <- as.data.frame(case$data, stringsAsFactors = TRUE)
  if (nlevels(data$arm) < 2) next
  months <- as.numeric(sub("month ", "", as.character(data$visit)))
  last <- data[months == max(months), ]
  fit <- lm(change ~ 0 + arm + I(baseline - mean(baseline)), last)
  robust <- vcovHC(fit, type = "HC3")
  arms <- nlevels(last$arm)
  pairs <- combn(arms, 2)
  unit <- diag(arms + 1)
  combinations <- rbind(
    do.call(rbind, lapply(seq_len(ncol(pairs)), function(k) unit[pairs[2, k], ] - unit[pairs[1, k], ])), unit[1:arms, ]
  )
  value <- as.numeric(combinations %*% coef(fit))
  se <- sqrt(diag(combinations %*% robust %*% t(combinations)))
  df <- df.residual(fit)
  rows[[length(rows) + 1]] <- list(
    case = case$name, value = value, se = se, df = df, p = 2 * pt(-abs(value / se), df),
    low = value - qt(0.975, df) * se, high = value + qt(0.975, df) * se
  )
}
version <- function(package) as.character(packageVersion(package))
head <- list(
  script = "tests/golden/ancova.R", R = paste(R.version$major, R.version$minor, sep = "."),
  packages = list(stats = version("stats"), sandwich = version("sandwich"), jsonlite = version("jsonlite")),
  calls = list(fit = "lm(change ~ 0 + arm + I(baseline - mean(baseline)))", se = "sandwich::vcovHC(fit, type = 'HC3')")
)
lines <- vapply(rows, function(row) as.character(toJSON(row, auto_unbox = TRUE, digits = I(15))), "")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE, pretty = TRUE), ","), "\"rows\": [",
    paste(lines, collapse = ",\n"), "]", "}"
  ),
  "tests/golden/ancova.json"
)
