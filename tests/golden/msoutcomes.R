# Writes tests/golden/msoutcomes.json: events as the R package MSoutcomes finds them.
# Run from the root of the repository, after python tests/golden/reference_cases.py:
#   Rscript tests/golden/msoutcomes.R              with MSoutcomes installed
#   Rscript tests/golden/msoutcomes.R FOLDER       with its source in FOLDER (DESCRIPTION, R/)
# Each patient is given to the package alone; a patient it stops at with an error is listed by name.
suppressPackageStartupMessages({
  library(dplyr)
  library(jsonlite)
})

given <- commandArgs(trailingOnly = TRUE)
if (length(given)) {
  for (file in list.files(file.path(given[[1]], "R"), pattern = "[.]R$", full.names = TRUE)) source(file)
  version <- unname(read.dcf(file.path(given[[1]], "DESCRIPTION"))[1, "Version"])
} else {
  suppressPackageStartupMessages(library(MSoutcomes))
  version <- as.character(packageVersion("MSoutcomes"))
}

cases <- fromJSON("tests/golden/reference_cases.json")
day_zero <- as.Date("2000-01-01")
quiet <- function(ask) suppressWarnings(suppressMessages(ask))
number <- function(value) if (length(value) == 0 || is.na(value)) "" else format(as.numeric(value), digits = 15)

visits_of <- function(data, id) {
  rows <- as.data.frame(data$visits)[data$visits$subject == id, ]
  attacks <- data$relapses$day[data$relapses$subject == id]
  since <- sapply(rows$day, function(day) {
    before <- attacks[attacks <= day]
    if (length(before)) day - max(before) else NA
  })
  data.frame(
    ID = id, dateEDSS = as.character(day_zero + rows$day), EDSS = rows$edss, FSpyr = rows$pyramidal,
    FScrbl = rows$cerebellar, FSbstem = rows$brainstem, FSsens = rows$sensory, FSsph = rows$bowel_bladder,
    FSvis = rows$visual, FScereb = rows$cerebral, FSamb = rows$ambulation, daysPostRelapse = since
  )
}

say <- function(found) {
  if (is.null(found) || nrow(found) == 0) return(character(0))
  day <- as.numeric(as.Date(found$dateEDSS) - day_zero)
  base <- as.numeric(as.Date(found$base.date) - day_zero)
  paste(found$ID, sapply(day, number), sapply(found$EDSS, number), sapply(found$bEDSS, number),
        sapply(base, number), sep = "|")
}

milestone <- function(found) {
  found <- found[!is.na(found$SPMS) & found$SPMS == 1, ]
  if (nrow(found) == 0) return(character(0))
  paste(found$ID, sapply(as.numeric(as.Date(found$date.SPMS) - day_zero), number),
        sapply(found$EDSS.SPMS, number), sep = "|")
}

asks <- list(
  CDW = function(v) say(CDW(v)),
  CDW_24 = function(v) say(CDW(v, mconf = 6 * 30.25)),
  CDW_not_sustained = function(v) say(CDW(v, sustained = FALSE)),
  CDI = function(v) say(CDI(v)),
  CDI_not_sustained = function(v) say(CDI(v, sustained = FALSE)),
  PIRA = function(v) say(PIRA(v)),
  PIRA_not_sustained = function(v) say(PIRA(v, sustained = FALSE)),
  SPMS = function(v) milestone(spmsDx(v)),
  SPMS_24 = function(v) milestone(spmsDx(v, tProgression = 6 * 30.25)),
  SPMS_no_systems = function(v) milestone(spmsDx_no_fss(v))
)

one_ask <- function(ask, data) {
  events <- character(0)
  failed <- character(0)
  for (id in unique(data$visits$subject)) {
    found <- tryCatch(quiet(ask(visits_of(data, id))), error = function(e) NULL)
    if (is.null(found)) failed <- c(failed, id) else events <- c(events, found)
  }
  list(events = I(events), failed = I(failed))
}

results <- lapply(asks, function(ask) {
  per_set <- lapply(seq_len(nrow(cases$data)), function(k) {
    one_ask(ask, list(visits = lapply(cases$data$visits, function(x) x[[k]]),
                      relapses = lapply(cases$data$relapses, function(x) x[[k]])))
  })
  setNames(per_set, cases$data$name)
})

writeLines(toJSON(list(
  peer = "MSoutcomes", version = version, R = as.character(getRversion()),
  line = "subject|day|EDSS|baseline EDSS|baseline day; SPMS: subject|day|EDSS", results = results
), auto_unbox = TRUE, pretty = 0), "tests/golden/msoutcomes.json")
