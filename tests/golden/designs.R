# Writes tests/golden/designs.json: group-sequential designs and sample sizes as rpact computes them. Run from the
# root of the repository: Rscript tests/golden/designs.R
suppressPackageStartupMessages({
  library(rpact)
  library(jsonlite)
})

shapes <- list(
  "obrien-fleming-spending" = list(typeOfDesign = "asOF"),
  "pocock-spending" = list(typeOfDesign = "asP"),
  "obrien-fleming" = list(typeOfDesign = "OF"),
  "pocock" = list(typeOfDesign = "P"),
  "wang-tsiatis" = list(typeOfDesign = "WT", deltaWT = 0.25)
)
fractions <- list(c(0.5, 1), c(1, 2, 3) / 3, c(0.3, 0.6, 1), (1:5) / 5)
risks <- list(c(sided = 1, alpha = 0.025, beta = 0.2), c(sided = 2, alpha = 0.05, beta = 0.1))
futilities <- c("obrien-fleming" = "bsOF", "pocock" = "bsP")

described <- function(design) {
  cost <- getDesignCharacteristics(design)
  list(
    upper = design$criticalValues, levels = design$stageLevels, spent = design$alphaSpent,
    shift = cost$shift, inflation = cost$inflationFactor,
    expected = c(cost$averageSampleNumber1, cost$averageSampleNumber01, cost$averageSampleNumber0)
  )
}

rows <- list()
for (shape in names(shapes)) for (t in fractions) for (risk in risks) {
  given <- c(shapes[[shape]], list(
    informationRates = t, alpha = risk[["alpha"]], beta = risk[["beta"]], sided = risk[["sided"]],
    tolerance = 1e-10
  ))
  row <- list(
    boundary = shape, fractions = t, sided = risk[["sided"]], alpha = risk[["alpha"]], beta = risk[["beta"]],
    futility = "none"
  )
  rows[[length(rows) + 1]] <- c(row, described(do.call(getDesignGroupSequential, given)))
  if (risk[["sided"]] == 1 && grepl("spending", shape)) for (kind in names(futilities)) {
    design <- do.call(getDesignGroupSequential, c(given, list(typeBetaSpending = futilities[[kind]], bindingFutility = FALSE)))
    row$futility <- kind
    rows[[length(rows) + 1]] <- c(row, described(design), list(lower = design$futilityBounds))
  }
}

means <- list()
for (alternative in c(0.5, 1, 1.5)) for (groups in c(1, 2)) for (ratio in c(1, 2)) for (risk in risks) {
  if (groups == 1 && ratio == 2) next
  design <- getDesignGroupSequential(
    informationRates = c(0.5, 1), typeOfDesign = "asOF", alpha = risk[["alpha"]], beta = risk[["beta"]],
    sided = risk[["sided"]], tolerance = 1e-10
  )
  fixed <- getSampleSizeMeans(
    groups = groups, alternative = alternative, stDev = 1, allocationRatioPlanned = ratio, alpha = risk[["alpha"]],
    beta = risk[["beta"]], sided = risk[["sided"]]
  )
  looks <- getSampleSizeMeans(design, groups = groups, alternative = alternative, stDev = 1, allocationRatioPlanned = ratio)
  means[[length(means) + 1]] <- list(
    difference = alternative, groups = groups, ratio = ratio, sided = risk[["sided"]], alpha = risk[["alpha"]],
    beta = risk[["beta"]], total = fixed$nFixed, total_with_looks = looks$maxNumberOfSubjects
  )
}

events <- list()
for (ratio in c(0.4, 0.5, 0.7)) for (risk in risks) {
  fixed <- getSampleSizeSurvival(
    hazardRatio = ratio, pi2 = 0.5, eventTime = 12, accrualTime = 12, followUpTime = 12, alpha = risk[["alpha"]],
    beta = risk[["beta"]], sided = risk[["sided"]]
  )
  events[[length(events) + 1]] <- list(
    hazard_ratio = ratio, sided = risk[["sided"]], alpha = risk[["alpha"]], beta = risk[["beta"]], events = fixed$eventsFixed
  )
}

zones <- list()
for (first in c(0.5, 1.2, 1.7, 2.4)) {
  design <- getDesignInverseNormal(informationRates = c(0.5, 1), typeOfDesign = "asOF", alpha = 0.025)
  data <- getDataset(n1 = c(30), n2 = c(30), means1 = c(first), means2 = c(0), stDevs1 = c(4), stDevs2 = c(4))
  stage <- getStageResults(design, dataInput = data, stage = 1, normalApproximation = TRUE)
  power <- getConditionalPower(stage, nPlanned = 60, thetaH1 = first, assumedStDev = 4)
  zones[[length(zones) + 1]] <- list(
    z = qnorm(stage$pValues[1], lower.tail = FALSE), bound = design$criticalValues[2], effect = first / (4 * sqrt(2 / 30)),
    power = power$conditionalPower[2]
  )
}

head <- list(
  R = paste(R.version$major, R.version$minor, sep = "."),
  packages = list(rpact = as.character(packageVersion("rpact"))),
  call = "getDesignGroupSequential, getDesignCharacteristics, getSampleSizeMeans, getSampleSizeSurvival, getConditionalPower"
)
lines <- function(rows) paste0("  ", vapply(rows, function(row) toJSON(row, auto_unbox = TRUE, digits = NA), ""), collapse = ",\n")
writeLines(
  c(
    "{", paste0("\"head\": ", toJSON(head, auto_unbox = TRUE), ","),
    paste0("\"designs\": [\n", lines(rows), "\n],"), paste0("\"means\": [\n", lines(means), "\n],"),
    paste0("\"events\": [\n", lines(events), "\n],"), paste0("\"conditional_power\": [\n", lines(zones), "\n]"), "}"
  ),
  "tests/golden/designs.json"
)
