# Writes tests/golden/msprog.json: events as the R package msprog finds them.
# Run from the root of the repository, after python tests/golden/msprog_cases.py:
#   Rscript tests/golden/msprog.R              with msprog installed
#   Rscript tests/golden/msprog.R FOLDER       with its source in FOLDER (DESCRIPTION, R/)
# Patients whose search stops with an error in msprog are listed by name, as the package cannot answer there.
suppressPackageStartupMessages({
  library(dplyr)
  library(rlang)
  library(jsonlite)
})

given <- commandArgs(trailingOnly = TRUE)
if (length(given)) {
  for (file in list.files(file.path(given[[1]], "R"), pattern = "[.]R$", full.names = TRUE)) source(file)
  version <- unname(read.dcf(file.path(given[[1]], "DESCRIPTION"))[1, "Version"])
} else {
  suppressPackageStartupMessages(library(msprog))
  version <- as.character(packageVersion("msprog"))
}

cases <- fromJSON("tests/golden/msprog_cases.json", simplifyVector = FALSE)
limit <- function(days) if (days < 0) Inf else days
column <- function(values) sapply(values, function(value) if (is.null(value)) NA else value)
table_of <- function(columns) as.data.frame(lapply(columns, column), stringsAsFactors = FALSE)

run <- function(visits, relapses, o) {
  gap <- o$relapse_indep
  free <- do.call(relapse_indep_from_bounds, list(
    p0 = gap[[1]], p1 = gap[[2]], e0 = gap[[3]], e1 = gap[[4]], c0 = gap[[5]], c1 = gap[[6]],
    prec_type = gap[[7]]
  ))
  suppressWarnings(MSprog(
    visits, "id", o$outcome, "day", o$outcome,
    relapse = relapses, renddate_col = if (o$end_dates) "end_day" else NULL,
    event = o$event, RAW_PIRA = TRUE, baseline = o$baseline, proceed_from = o$proceed_from,
    sub_threshold_rebl = o$sub_threshold_rebl, bl_geq = o$bl_geq, relapse_rebl = o$relapse_rebl,
    skip_local_extrema = o$skip_local_extrema, validconf_col = if (o$validconf) "validconf" else NULL,
    conf_days = unlist(o$conf_days), conf_tol_days = sapply(o$conf_tol_days, limit),
    require_sust_days = limit(o$require_sust_days), check_intermediate = o$check_intermediate,
    relapse_to_bl = unlist(o$relapse_to_bl), relapse_to_event = unlist(o$relapse_to_event),
    relapse_to_conf = unlist(o$relapse_to_conf), relapse_assoc = unlist(o$relapse_assoc),
    relapse_indep = free, impute_last_visit = o$impute_last_visit, date_format = "day",
    include_dates = TRUE, include_values = TRUE, include_stable = TRUE, verbose = 0
  )$results)
}

number <- function(value) if (length(value) == 0 || is.na(value)) "" else format(value, digits = 15)
as_text <- function(results, o) {
  results <- results[results$nevent > 0, ]
  if (nrow(results) == 0) return(character(0))
  sapply(seq_len(nrow(results)), function(i) {
    row <- results[i, ]
    windows <- unlist(lapply(unlist(o$conf_days), function(days) c(
      number(row[[paste0("conf", days, "_date")]]), number(row[[paste0("PIRA_conf", days, "_date")]])
    )))
    type <- if (row$event_type == "CDI") "CDI" else if (is.null(row$CDW_type)) "CDW" else row$CDW_type
    paste(c(
      row$id, type, number(row$date), number(row$value), number(row$bl_date), number(row$bl_value),
      number(row$time2event), number(row$sust_days), as.integer(row$sust_last), windows
    ), collapse = "|")
  })
}

reach <- function(visits, relapses, o) {
  found <- suppressWarnings(suppressMessages(value_milestone(
    visits, o$level, "id", o$outcome, "day", o$outcome, relapse = relapses,
    validconf_col = if (o$validconf) "validconf" else NULL,
    conf_days = unlist(o$conf_days), conf_tol_days = sapply(o$conf_tol_days, limit),
    require_sust_days = limit(o$require_sust_days), relapse_to_event = unlist(o$relapse_to_event),
    relapse_to_conf = unlist(o$relapse_to_conf), impute_last_visit = o$impute_last_visit,
    date_format = "day", verbose = 0
  )))
  found$id <- rownames(found)
  found[found$observed, ]
}

milestone_text <- function(found, o) {
  if (nrow(found) == 0) return(character(0))
  paste(found$id, sapply(found$day, number), sapply(found[[o$outcome]], number),
        sapply(found$time2event, number), sep = "|")
}

one_case <- function(data, o, ask = run, say = as_text) {
  visits <- table_of(data$visits)
  relapses <- if (length(data$relapses$id)) table_of(data$relapses) else
    data.frame(id = character(0), day = numeric(0), end_day = numeric(0))
  events <- character(0)
  failed <- character(0)
  visits <- visits[!is.na(visits[[o$outcome]]), ]
  whole <- tryCatch(say(ask(visits, relapses, o), o), error = function(e) NULL)
  if (!is.null(whole)) return(list(events = whole, failed = failed))
  for (id in unique(visits$id)) {
    one <- tryCatch(
      say(ask(visits[visits$id == id, ], relapses[relapses$id == id, ], o), o), error = function(e) NULL
    )
    if (is.null(one)) failed <- c(failed, id) else events <- c(events, one)
  }
  list(events = events, failed = failed)
}

results <- parallel::mclapply(cases$options, function(o) lapply(cases$data, function(data) one_case(data, o)),
                              mc.cores = 2)
milestones <- lapply(cases$milestones, function(o) lapply(
  cases$data, function(data) one_case(data, o, reach, milestone_text)
))
out <- list(
  package = "msprog", version = version, R = as.character(getRversion()),
  call = "MSprog(..., RAW_PIRA = TRUE, date_format = 'day') on msprog_cases.json",
  columns = c("id", "type", "day", "value", "reference_day", "reference", "days_from_first", "sustained_days",
              "sustained_to_end", "confirmed and relapse-free day of each window"),
  data = sapply(cases$data, function(data) data$name),
  results = results,
  milestones = milestones
)
writeLines(toJSON(out, auto_unbox = FALSE, digits = NA), "tests/golden/msprog.json")
