"""Rules about visits whose values contradict each other; each is a question, never a correction."""

from __future__ import annotations

import polars as pl

from ranvier.tables.rule import Rule

__all__ = ["RULES"]

VISITS = ("visits",)
CHECK = "Look at the scoring sheet; if both values stand there, keep them."

ACUITY_FLOORS = ((1.0, 5), (0.699, 4), (0.477, 3), (0.176, 2), (0.0, 1))
"""Worse eye in logMAR and the visual grade from there on: 20/200, 20/100, 20/60, 20/30 and 20/20."""
ONE_LINE = 0.1
"""One line of the chart, logMAR: a difference that repeated testing of one eye shows."""

lowest_visual = pl.lit(0)
for _floor, _grade in reversed(ACUITY_FLOORS):
    lowest_visual = (
        pl.when(pl.col("worse_eye") - ONE_LINE > _floor).then(pl.lit(_grade)).otherwise(lowest_visual)
    )

RULES: tuple[Rule, ...] = (
    Rule(
        id="edss-jump",
        severity="query",
        message="The EDSS differs by 2.0 or more from the visit before.",
        allowed=pl.format("within 1.5 of {} (day {})", "edss_before", "edss_before_day"),
        advice=CHECK,
        tables=VISITS,
        columns=("edss",),
        when=pl.col("edss_change").abs() >= 2,
    ),
    Rule(
        id="edss-moved-alone",
        severity="query",
        message="The EDSS moved by 1.0 or more since the visit before, but no grade moved with it.",
        allowed=pl.format("within 0.5 of {} (day {})", "edss_before", "edss_before_day"),
        advice=CHECK,
        tables=VISITS,
        columns=("edss",),
        when=((pl.col("edss_move") >= 1) & (pl.col("highest_move") < 1))
        | ((pl.col("edss_move") <= -1) & (pl.col("lowest_move") > -1)),
    ),
    Rule(
        id="walks-with-severe-weakness",
        severity="query",
        message="The patient walks although the pyramidal grade is 5 or 6, or the cerebellar grade 5.",
        allowed="pyramidal 4 or less and cerebellar 4 or less in a patient who walks",
        advice=CHECK,
        tables=VISITS,
        columns=("ambulation",),
        when=((pl.col("pyramidal") >= 5) | (pl.col("cerebellar") >= 5)) & pl.col("walks"),
    ),
    Rule(
        id="walk-limited-without-cause",
        severity="query",
        message="Walking is limited although the pyramidal, cerebellar and sensory grades are all 0 or 1.",
        allowed="ambulation 0 or 1 with these grades",
        advice=CHECK,
        tables=VISITS,
        columns=("ambulation",),
        when=(pl.col("ambulation") >= 2)
        & (pl.max_horizontal("pyramidal", "cerebellar", "sensory") <= 1)
        & pl.all_horizontal(pl.col("pyramidal", "cerebellar", "sensory").is_not_null()),
    ),
    Rule(
        id="walk-free-with-weakness",
        severity="query",
        message="Walking is unrestricted although the pyramidal grade is 4 or more.",
        allowed="ambulation 1 or more with this grade",
        advice=CHECK,
        tables=VISITS,
        columns=("ambulation",),
        when=(pl.col("ambulation") == 0) & (pl.col("pyramidal") >= 4),
    ),
    Rule(
        id="edss-below-walking",
        severity="query",
        message="The EDSS is below 4.0 although the patient cannot walk 500 m.",
        allowed="EDSS 4.0 or more with this ambulation code",
        advice=CHECK,
        tables=VISITS,
        columns=("edss",),
        when=(pl.col("edss") < 4) & (pl.col("ambulation") >= 2),
    ),
    Rule(
        id="edss-above-walking",
        severity="query",
        message="The EDSS is 5.5 or more although the patient walks 500 m.",
        allowed="EDSS 5.0 or less with this ambulation code",
        advice=CHECK,
        tables=VISITS,
        columns=("edss",),
        when=(pl.col("edss") >= 5.5) & (pl.col("ambulation") <= 1),
    ),
    Rule(
        id="edss-10-without-death",
        severity="query",
        message="The EDSS is 10 (death due to MS), but no adverse event was fatal.",
        allowed="EDSS 9.5 or less in a living patient",
        advice="Correct the EDSS, or add the fatal adverse event.",
        tables=VISITS,
        columns=("edss",),
        when=(pl.col("edss") == 10) & pl.col("death_day").is_null(),
    ),
    Rule(
        id="visual-below-acuity",
        severity="query",
        message="The visual grade is lower than the acuity of the worse eye allows.",
        allowed=pl.format("{} or more at logMAR {}", lowest_visual, "worse_eye"),
        advice="Check the grade (before conversion) and the acuity; glasses must be worn for the test.",
        tables=VISITS,
        columns=("visual",),
        when=pl.col("visual") < lowest_visual,
    ),
)
"""Rules of plausibility."""
