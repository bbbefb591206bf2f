"""Rules about visits: the schedule, and ranges of what was measured."""

from __future__ import annotations

import polars as pl

from ranvier.tables._enrich import FUNCTIONAL_SYSTEMS
from ranvier.tables.rule import Rule
from ranvier.tables.rules_rows import out_of_range
from ranvier.tables.schema import EDSS_STEPS, TABLES

__all__ = ["RULES"]

VISITS = ("visits",)
MEASURED = [
    column.name
    for column in TABLES["visits"].columns
    if column.name not in ("subject", "day", "visit", "rater")
]
NO_CODES = "Correct the value; leave the cell empty when it is not known, without a code such as -99."
fs_unknown = pl.any_horizontal(pl.col(name).is_null() for name in (*FUNCTIONAL_SYSTEMS, "ambulation"))

uncoded = pl.col("ambulation").is_not_null() & ~pl.col("coded")

RULES: tuple[Rule, ...] = (
    Rule(
        id="visit-duplicate",
        severity="error",
        message="The subject has more than one row for this day.",
        allowed="one row for each subject and day",
        advice="Join the rows into one, or correct the day of one of them.",
        tables=VISITS,
        columns=("day",),
        when=pl.col("duplicated"),
    ),
    Rule(
        id="visit-label-unknown",
        severity="error",
        message="The visit is not in the protocol.",
        allowed=pl.format("one of {}; empty for an unscheduled visit", "labels"),
        advice=pl.when(pl.col("label_hint").is_not_null())
        .then(pl.format("Did you mean '{}'?", "label_hint"))
        .otherwise(pl.lit("Use a label of trial.toml, or leave the cell empty for an unscheduled visit.")),
        tables=VISITS,
        columns=("visit",),
        when=~pl.col("label_known"),
    ),
    Rule(
        id="visit-label-twice",
        severity="error",
        message="The subject has the same scheduled visit more than once.",
        allowed="each scheduled visit once for each subject",
        advice="Keep the label on the visit that counts; leave it empty on the other.",
        tables=VISITS,
        columns=("visit",),
        when=pl.col("label_twice"),
    ),
    Rule(
        id="visit-outside-window",
        severity="query",
        message="The visit lies outside its window.",
        allowed=pl.format("day {} to {}", "low_day", "high_day"),
        advice="Check the day and the label; a true deviation stays as it is and is reported.",
        tables=VISITS,
        columns=("day",),
        when=(pl.col("day") < pl.col("low_day")) | (pl.col("day") > pl.col("high_day")),
    ),
    Rule(
        id="visit-missing",
        severity="query",
        message="A treated patient whose follow-up covers this scheduled visit does not have it.",
        allowed=pl.format("a visit between day {} and {}", "low_day", "high_day"),
        advice="Add the visit, label it if it stands there without a label, or keep it as missed.",
        tables=("planned",),
        columns=("visit",),
        when=pl.col("subject").is_not_null(),
    ),
    Rule(
        id="visit-empty",
        severity="query",
        message="The visit holds no measurement.",
        allowed="one measurement or more",
        advice="Fill in what was measured, or delete the row if the visit did not take place.",
        tables=VISITS,
        columns=("day",),
        when=pl.all_horizontal(pl.col(name).is_null() for name in MEASURED),
    ),
    Rule(
        id="baseline-after-dose",
        severity="query",
        message="The baseline visit lies after the first dose.",
        allowed="day 0 (first dose) or before",
        advice="Check the day; a baseline after treatment hides early change.",
        tables=VISITS,
        columns=("day",),
        when=pl.col("baseline") & (pl.col("day") > 0) & pl.col("first_dose_day").is_not_null(),
    ),
    Rule(
        id="baseline-edss-missing",
        severity="query",
        message="The baseline visit has neither an EDSS nor all the grades to derive it.",
        allowed="an EDSS, or all seven functional systems and ambulation",
        advice="Fill them in; without them the change of EDSS of this patient is not known.",
        tables=VISITS,
        columns=("edss",),
        when=pl.col("baseline") & pl.col("edss").is_null() & fs_unknown,
    ),
    Rule(
        id="edss-grid",
        severity="error",
        message="This is not a value that an EDSS can take.",
        allowed="0, then 1.0 to 10.0 in steps of 0.5 (0.5 does not exist)",
        advice=NO_CODES,
        tables=VISITS,
        columns=("edss",),
        when=~pl.col("edss").is_in(EDSS_STEPS),
    ),
    Rule(
        id="functional-system-range",
        severity="error",
        message="The grade is outside the range of its functional system.",
        advice=NO_CODES,
        tables=VISITS,
        columns=FUNCTIONAL_SYSTEMS,
        when=out_of_range,
    ),
    Rule(
        id="ambulation-range",
        severity="error",
        message="The ambulation code is outside the coding that trial.toml names.",
        allowed=pl.format("a whole number from 0 to {}", "highest_ambulation"),
        advice="Correct the code, or ambulation_coding in trial.toml: the same code differs between them.",
        tables=VISITS,
        columns=("ambulation",),
        when=~pl.col("ambulation").is_between(0, pl.col("highest_ambulation")),
    ),
    Rule(
        id="ambulation-coding-missing",
        severity="error",
        message="Ambulation codes are given, but trial.toml does not say which coding they are in.",
        allowed='ambulation_coding = "0-16" or "0-12" in trial.toml',
        advice="Look on the scoring sheet that was used: its highest code tells the coding.",
        tables=VISITS,
        columns=("ambulation",),
        when=uncoded & (uncoded.cum_sum() == 1),  # once: one line of trial.toml mends every row
    ),
    Rule(
        id="acuity-range",
        severity="error",
        message="The acuity is outside the range of logMAR.",
        advice="Write logMAR (20/20 is 0, 20/200 is 1.0), not a decimal or a fraction.",
        tables=VISITS,
        columns=("acuity_right_logmar", "acuity_left_logmar"),
        when=out_of_range,
    ),
    Rule(
        id="p100-range",
        severity="error",
        message="The P100 latency is outside its range.",
        advice="Write the latency in milliseconds; leave the cell empty when there was no response.",
        tables=VISITS,
        columns=("p100_right_ms", "p100_left_ms"),
        when=out_of_range,
    ),
    Rule(
        id="timed-test-range",
        severity="error",
        message="The time of the test is 0 or less, or too long.",
        allowed="more than 0 seconds; up to 600 for the walk, 1000 for the pegs",
        advice="Write seconds; leave the cell empty when the patient could not finish.",
        tables=VISITS,
        columns=("t25fw_s", "nhpt_dominant_s", "nhpt_nondominant_s"),
        when=lambda column: (pl.col(column) <= 0) | out_of_range(column),
    ),
    Rule(
        id="cognitive-test-range",
        severity="error",
        message="The score is outside the range of the test.",
        advice=NO_CODES,
        tables=VISITS,
        columns=("pasat", "sdmt"),
        when=out_of_range,
    ),
)
"""Rules of the table of visits."""
