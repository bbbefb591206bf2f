"""Rules about doses, relapses, scans and adverse events."""

from __future__ import annotations

import polars as pl

from ranvier.tables.rule import Rule
from ranvier.tables.rules_rows import out_of_range

__all__ = ["RULES"]

SAME_RELAPSE_DAYS = 30
"""New symptoms within so many days belong to the same relapse (onset < 31 days after it; SAkura trials)."""
FEWEST_CELLS, MOST_CELLS = 1e5, 1e10
"""Cells in one dose beyond which a unit was probably mistaken: trials gave about 1e6 to 1e9."""
LIGHTEST_KG, HEAVIEST_KG = 20, 250

placebo = pl.col("product") == "placebo"
weight = pl.col("cells") / pl.col("cells_per_kg")
zero_or_more = "Correct the value; leave the cell empty when it is not known, without a code such as -99."

DOSES: tuple[Rule, ...] = (
    Rule(
        id="dose-duplicate",
        severity="error",
        message="The subject has more than one dose on this day.",
        allowed="one row for each subject and day",
        advice="Join the rows into one, or correct the day of one of them.",
        tables=("doses",),
        columns=("day",),
        when=pl.col("duplicated"),
    ),
    Rule(
        id="first-dose-not-day-0",
        severity="error",
        message="The subject's first dose is not on day 0, from which all days are counted.",
        allowed="day 0",
        advice="Count all days of this subject from the first dose, or give dates in place of days.",
        tables=("doses",),
        columns=("day",),
        when=(pl.col("day") == pl.col("first_dose_day")) & (pl.col("day") != 0),
    ),
    Rule(
        id="cells-negative",
        severity="error",
        message="The number of cells is negative.",
        advice=zero_or_more,
        tables=("doses",),
        columns=("cells", "cells_per_kg"),
        when=out_of_range,
    ),
    Rule(
        id="cells-implausible",
        severity="query",
        message="The number of cells is far from what trials have given.",
        allowed="100 000 to 10 000 000 000 cells in one dose",
        advice="Check the unit: write cells, not millions of cells.",
        tables=("doses",),
        columns=("cells",),
        when=(pl.col("cells") >= 0) & ~placebo & ~pl.col("cells").is_between(FEWEST_CELLS, MOST_CELLS),
    ),
    Rule(
        id="cells-per-kg-implausible",
        severity="query",
        message="Cells and cells per kg do not belong to the weight of a patient.",
        allowed=f"{LIGHTEST_KG} to {HEAVIEST_KG} kg",
        advice="Check both numbers; the weight is the first divided by the second.",
        tables=("doses",),
        columns=("cells_per_kg",),
        when=(pl.col("cells") > 0)
        & (pl.col("cells_per_kg") > 0)
        & ~weight.is_between(LIGHTEST_KG, HEAVIEST_KG),
    ),
    Rule(
        id="placebo-with-cells",
        severity="error",
        message="A dose of placebo holds cells.",
        allowed="0 or empty",
        advice="Correct the product or the number of cells.",
        tables=("doses",),
        columns=("cells", "cells_per_kg"),
        when=lambda column: placebo & (pl.col(column) > 0),
    ),
    Rule(
        id="donor-implausible",
        severity="query",
        message="Cells from cord or placenta are marked as the patient's own.",
        allowed="allogeneic for umbilical cord and placenta",
        advice="Check donor and source.",
        tables=("doses",),
        columns=("donor",),
        when=(pl.col("donor") == "autologous") & pl.col("source").is_in(["umbilical cord", "placenta"]),
    ),
)

RELAPSES: tuple[Rule, ...] = (
    Rule(
        id="relapse-duplicate",
        severity="error",
        message="The subject has more than one relapse on this day.",
        allowed="one row for each subject and day",
        advice="Keep one row.",
        tables=("relapses",),
        columns=("day",),
        when=pl.col("duplicated"),
    ),
    Rule(
        id="relapse-too-close",
        severity="query",
        message="The relapse begins within 30 days of the one before, so it may be the same one.",
        allowed="31 days or more after the relapse before",
        advice="Join both rows into one relapse with the first day, unless the protocol counts them apart.",
        tables=("relapses",),
        columns=("day",),
        when=pl.col("gap") <= SAME_RELAPSE_DAYS,
    ),
    Rule(
        id="relapse-before-onset",
        severity="error",
        message="The relapse lies before the onset of the disease.",
        allowed=pl.format("day {} (onset) or later", "onset_day"),
        advice="Correct the day, or onset_day in subjects.",
        tables=("relapses",),
        columns=("day",),
        when=pl.col("day") < pl.col("onset_day"),
    ),
    Rule(
        id="relapse-in-ppms",
        severity="query",
        message="A relapse is recorded for a patient with primary progressive MS.",
        allowed="no relapse, or another phenotype",
        advice="Check the phenotype and whether this was a relapse.",
        tables=("relapses",),
        columns=("day",),
        when=pl.col("phenotype") == "PPMS",
    ),
)

SCANS: tuple[Rule, ...] = (
    Rule(
        id="scan-duplicate",
        severity="error",
        message="The subject has more than one scan of this region on this day.",
        allowed="one row for each subject, day and region",
        advice="Keep one row, or correct the day or the region.",
        tables=("mri",),
        columns=("day",),
        when=pl.col("duplicated"),
    ),
    Rule(
        id="count-negative",
        severity="error",
        message="The count of lesions is negative.",
        advice=zero_or_more,
        tables=("mri",),
        columns=("t2_count", "gad_count", "new_t2", "enlarging_t2"),
        when=out_of_range,
    ),
    Rule(
        id="volume-negative",
        severity="error",
        message="The volume of lesions is negative.",
        advice=zero_or_more,
        tables=("mri",),
        columns=("t2_volume_mm3",),
        when=out_of_range,
    ),
    Rule(
        id="new-exceed-total",
        severity="query",
        message="There are more new or enlarging T2 lesions than T2 lesions.",
        allowed=pl.format("{} (T2 lesions) or fewer", "t2_count"),
        advice="Check both counts, and that they are of the same region.",
        tables=("mri",),
        columns=("new_t2", "enlarging_t2"),
        when=lambda column: pl.col(column) > pl.col("t2_count"),
    ),
    Rule(
        id="enhancing-exceed-total",
        severity="query",
        message="There are more enhancing lesions than T2 lesions.",
        allowed=pl.format("{} (T2 lesions) or fewer", "t2_count"),
        advice="Check both counts: an enhancing lesion is nearly always a T2 lesion too.",
        tables=("mri",),
        columns=("gad_count",),
        when=pl.col("gad_count") > pl.col("t2_count"),
    ),
    Rule(
        id="volume-contradicts-count",
        severity="query",
        message="The volume and the count of T2 lesions contradict each other: one is 0, the other is not.",
        allowed="both 0, or both above 0",
        advice="Check both values.",
        tables=("mri",),
        columns=("t2_volume_mm3",),
        when=(pl.col("t2_volume_mm3") > 0) != (pl.col("t2_count") > 0),
    ),
    Rule(
        id="new-without-scan-before",
        severity="query",
        message="New or enlarging lesions are given for the first scan of this region.",
        allowed="empty on the first scan",
        advice="Add the scan it was compared with, or empty the cell.",
        tables=("mri",),
        columns=("new_t2", "enlarging_t2"),
        when=lambda column: (pl.col(column) > 0) & pl.col("first_scan"),
    ),
    Rule(
        id="scan-empty",
        severity="query",
        message="The scan holds neither a measurement nor a mask.",
        allowed="one measurement or more",
        advice="Fill in what was measured, or delete the row if the scan was not made.",
        tables=("mri",),
        columns=("region",),
        when=pl.all_horizontal(
            pl.col("t2_count", "t2_volume_mm3", "gad_count", "new_t2", "enlarging_t2", "mask").is_null()
        ),
    ),
)

ADVERSE_EVENTS: tuple[Rule, ...] = (
    Rule(
        id="event-duplicate",
        severity="query",
        message="The subject has the same adverse event twice on this day; both are counted as events.",
        allowed="one row for each subject, day and term",
        advice="Keep one row if it was entered twice; keep both if there were two events.",
        tables=("adverse_events",),
        columns=("term",),
        when=pl.col("duplicated"),
    ),
    Rule(
        id="event-grade-range",
        severity="error",
        message="The grade is outside the range of CTCAE.",
        advice=zero_or_more,
        tables=("adverse_events",),
        columns=("grade",),
        when=out_of_range,
    ),
    Rule(
        id="event-grade-missing",
        severity="query",
        message="The grade of the adverse event is not given.",
        allowed="a whole number from 1 to 5",
        advice="Fill in the CTCAE grade.",
        tables=("adverse_events",),
        columns=("grade",),
        when=pl.col("grade").is_null(),
    ),
    Rule(
        id="grade-5-not-fatal",
        severity="error",
        message="The grade is 5 (death), but the outcome is another.",
        allowed="fatal with grade 5",
        advice="Correct the grade or the outcome.",
        tables=("adverse_events",),
        columns=("outcome",),
        when=(pl.col("grade") == 5) & (pl.col("outcome").fill_null("") != "fatal"),
    ),
    Rule(
        id="fatal-not-grade-5",
        severity="error",
        message="The outcome is fatal, but the grade is not 5.",
        allowed="5 with outcome fatal",
        advice="Correct the grade or the outcome.",
        tables=("adverse_events",),
        columns=("grade",),
        when=(pl.col("outcome") == "fatal") & (pl.col("grade") != 5),
    ),
    Rule(
        id="fatal-not-serious",
        severity="error",
        message="A fatal adverse event is not marked as serious.",
        allowed="yes for a fatal event",
        advice="Set serious to yes, or correct outcome and grade.",
        tables=("adverse_events",),
        columns=("serious",),
        when=((pl.col("outcome") == "fatal") | (pl.col("grade") == 5)) & ~pl.col("serious"),
    ),
    Rule(
        id="grade-4-not-serious",
        severity="query",
        message="An adverse event of grade 4 (life-threatening) is not marked as serious.",
        allowed="yes for a life-threatening event",
        advice="Check both; a laboratory value of grade 4 alone need not be serious.",
        tables=("adverse_events",),
        columns=("serious",),
        when=(pl.col("grade") == 4) & ~pl.col("serious"),
    ),
    Rule(
        id="related-before-dose",
        severity="query",
        message="The adverse event is marked as related to the product, but began before the first dose.",
        allowed=pl.format("day {} (first dose) or later", "first_dose_day"),
        advice="Check the day; an event of the harvest belongs in procedure_related.",
        tables=("adverse_events",),
        columns=("related",),
        when=pl.col("related") & (pl.col("day") < pl.col("first_dose_day")),
    ),
)

RULES: tuple[Rule, ...] = (*DOSES, *RELAPSES, *SCANS, *ADVERSE_EVENTS)
"""Rules of the tables of events."""
