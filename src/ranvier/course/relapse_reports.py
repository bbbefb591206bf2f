"""From reports of new symptoms to accepted relapses, with the reason for each report."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.course.agreement import kappa
from ranvier.course.relapse_definition import ADJUDICATION_LEVELS, ObjectiveRule, RelapseDefinition
from ranvier.errors import InputError, suggest
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut

__all__ = ["RELAPSE_REPORT_REASONS", "AcceptedRelapses", "accepted_relapses"]

TOLERANCE = 1e-9
"""Differences of EDSS scores are multiples of a half: anything below is rounding."""

RISES = tuple(
    f"{system}_rise"
    for system in ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral")
)

SCHEMA: dict[str, Any] = {
    "subject": pl.String,
    "day": pl.Int64,
    "end_day": pl.Int64,
    "duration_hours": pl.Float64,
    "fever": pl.Boolean,
    "infection": pl.Boolean,
    "objective": pl.Boolean,
    "exam_day": pl.Int64,
    "edss_before": pl.Float64,
    "edss_during": pl.Float64,
    **dict.fromkeys(RISES, pl.Int64),
    "investigator": pl.Boolean,
    "committee": pl.Boolean,
}
SPACING = {0: "accepted", 1: "merged-with-previous", 2: "not-stable"}
"""What the distance to the relapse before makes of a report that passes everything else."""
VOTE = "vote_"
"""Columns that begin like this hold the votes of the members of the committee."""

RELAPSE_REPORT_REASONS = {
    "accepted": "the report meets every part of the definition and begins a relapse",
    "merged-with-previous": "the report meets the definition but began within the merge window of a relapse "
    "and belongs to it",
    "not-stable": "too few days lie between the end of the relapse before and this onset",
    "no-day": "the day of the onset is not known",
    "too-short": "the symptoms did not last long enough",
    "fever": "there was fever",
    "infection": "there was an infection",
    "not-examined": "no examination says whether there was an objective change",
    "examined-late": "the examination took place too long after the onset, before it, or on a day that is "
    "not known",
    "not-objective": "the examination found no change, or too small a one",
    "not-confirmed-investigator": "the investigator did not confirm it, or gave no verdict where one is "
    "needed",
    "not-confirmed-committee": "the committee did not confirm it, was tied, or gave no verdict",
}
"""The sentence for each reason that `accepted_relapses` gives."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AcceptedRelapses(Derivation):
    """Accepted relapses, with the counts at each level of adjudication and the verdicts behind them.

    Parameters
    ----------
    levels : polars.DataFrame
        Columns level (reported, investigator, committee), reports (with that verdict), relapses (accepted
        when that level decides and all else stays), subjects (with such a relapse); null where no verdict of
        that level is recorded.
    verdicts : polars.DataFrame
        One row per report: subject, day, investigator, committee (the given verdict, or the majority of the
        votes), reason.
    """

    levels: pl.DataFrame
    verdicts: pl.DataFrame

    def agreement(self) -> dict[str, float]:
        """Give the agreement of investigator and committee on the reports that both judged.

        Returns
        -------
        dict
            reports, both_yes, investigator_only, committee_only, both_no (counts), agreement (share; NaN
            when there is no such report), kappa (NaN when not defined).
        """
        judged = self.verdicts.drop_nulls(["investigator", "committee"])
        mine, theirs = judged["investigator"].to_numpy(), judged["committee"].to_numpy()
        both, neither = int((mine & theirs).sum()), int((~mine & ~theirs).sum())
        return {
            "reports": judged.height,
            "both_yes": both,
            "investigator_only": int((mine & ~theirs).sum()),
            "committee_only": int((~mine & theirs).sum()),
            "both_no": neither,
            "agreement": (both + neither) / judged.height if judged.height else float("nan"),
            "kappa": kappa(mine, theirs),
        }


def accepted_relapses(reports: Any, *, definition: RelapseDefinition) -> AcceptedRelapses:
    """Give the relapses that a definition accepts among the reports, and why each report is or is not one.

    Parameters
    ----------
    reports : dataframe
        One row per report: subject, day (onset, whole days from the first dose); where known end_day,
        duration_hours, fever, infection, objective (True, False or null), exam_day, edss_before,
        edss_during, the rise of each functional system (`visual_rise` and so on, in grades), investigator,
        committee (True, False or null), or the votes of its members in columns that begin with `vote_`.
    definition : RelapseDefinition
        What counts as a relapse.

    Returns
    -------
    AcceptedRelapses
        Table with subject, day (onset of the first report), end_day (the last known), reports (how many
        belong to it), confirmed (by investigator or committee; null without a verdict); one row per relapse.
        `relapse_rate` and the other functions of `course` take it as it is. The trace has one row per
        report.

    Raises
    ------
    InputError
        When `reports` is not a dataframe, a column that the definition needs is missing or of the wrong
        type, or a report ends before it begins.

    Notes
    -----
    A report is refused by the first rule that it fails, in the order of the definition: duration, fever,
    infection, objective change, investigator, committee. Only reports that pass can begin a relapse, absorb
    a later report or end a period of stability. Distances are counted from the onset of the relapse, never
    from a report merged into it, so that a chain of reports cannot grow without end.

    Unknown duration, fever and infection do not refuse a report; unknown objective change and verdicts do
    where they are needed. Without hours the duration is the longest that onset and end day allow: a report
    that began and ended on one day lasted at most 24 hours. The committee's verdict is the majority of its
    votes when only these are given; a tie is no verdict. At the level of the committee a report that the
    investigator denied is refused, one without the investigator's verdict is not.

    References
    ----------
    Weinshenker BG et al. N-MOmentum attack adjudication: 64 reports, 51 confirmed by the investigator, 43
    of these by the committee; NCT02200770.

    Examples
    --------
    >>> from ranvier.course.relapse_definition import SAKURA
    >>> reports = pl.DataFrame(
    ...     {"subject": ["P1", "P1", "P1"], "day": [10, 40, 41], "committee": [True, True, True]}
    ... )
    >>> found = accepted_relapses(reports, definition=SAKURA)
    >>> found.table["day"].to_list(), found.trace["reason"].to_list()
    ([10, 41], ['accepted', 'merged-with-previous', 'accepted'])
    """
    frame, given = _take(reports, definition)
    decided = frame.with_columns(_decide(frame, definition).alias("reason"))
    per_level = [
        _level(frame, dataclasses.replace(definition, adjudication=level)) for level in ADJUDICATION_LEVELS
    ]
    refused = decided.filter(~pl.col("reason").is_in(["accepted", "merged-with-previous"])).height
    return AcceptedRelapses(
        name="Accepted relapses",
        table=_relapses(decided),
        trace=_trace(decided),
        reasons=RELAPSE_REPORT_REASONS,
        definition=definition,
        method=f"{definition.text()}{_unrecorded(definition, given)}",
        left_out=(
            LeftOut(n=refused, reason="reports that do not meet the definition"),
            LeftOut(
                n=decided.filter(reason="merged-with-previous").height,
                reason="reports that belong to a relapse already counted",
            ),
        ),
        references=(definition.source,),
        levels=pl.concat(per_level),
        verdicts=decided.select("subject", "day", "investigator", "committee", "reason"),
    )


def _take(reports: Any, definition: RelapseDefinition) -> tuple[pl.DataFrame, set[str]]:
    """Give the reports in the types of the schema, sorted, and the names of the columns that were given."""
    try:
        frame: pl.DataFrame = nw.from_native(reports, eager_only=True).to_polars()
    except TypeError as error:
        raise InputError(
            f"reports is a {type(reports).__name__}; give a dataframe (polars, pandas or pyarrow)."
        ) from error
    votes = sorted(name for name in frame.columns if name.startswith(VOTE))
    given = {*frame.columns} | ({"committee"} if votes else set())
    missing = [name for name in _needed(definition) if name not in given]
    if missing:
        close = suggest(missing[0], frame.columns)
        hint = f" Did you mean {close!r}?" if close else ""
        raise InputError(
            f"reports lacks the columns {missing} that definition {definition.name!r} needs; it has "
            f"{frame.columns}.{hint}"
        )
    columns = [
        (pl.col(name) if name in frame.columns else pl.lit(None).alias(name)) for name in (*SCHEMA, *votes)
    ]
    typed = _typed(frame.select(columns), SCHEMA | dict.fromkeys(votes, pl.Boolean))
    backwards = typed.filter(pl.col("end_day") < pl.col("day"))
    if backwards.height:
        row = backwards.row(0, named=True)
        raise InputError(
            f"the report of {row['subject']!r} on day {row['day']} ends on day {row['end_day']}; an end "
            "cannot lie before the onset."
        )
    if votes:
        yes, cast = (pl.sum_horizontal(part) for part in (pl.col(votes), pl.col(votes).is_not_null()))
        majority = pl.when(2 * yes > cast).then(True).when(2 * yes < cast).then(False)
        typed = typed.with_columns(pl.coalesce("committee", majority))
    keys = [name for name in SCHEMA if name in given]
    return typed.select(*SCHEMA).sort(keys, nulls_last=True), given


def _needed(definition: RelapseDefinition) -> list[str]:
    """Name the columns that a definition cannot do without."""
    names = ["subject", "day"]
    rule = definition.objective_rule
    if definition.objective and rule is None:
        names.append("objective")
    if rule is not None and rule.edss_points is not None:
        names += ["edss_before", "edss_during"]
    if rule is not None and rule.systems:
        names += RISES
    if definition.exam_within_days is not None:
        names.append("exam_day")
    if definition.adjudication != "reported":
        names.append(definition.adjudication)
    return names


def _typed(frame: pl.DataFrame, schema: dict[str, Any]) -> pl.DataFrame:
    """Cast each column, naming the one that does not fit; verdicts are never made from numbers."""
    for name, dtype in schema.items():
        held = frame.schema[name]
        fits = dtype != pl.Boolean or held in (pl.Boolean, pl.Null)
        try:
            frame = frame.with_columns(pl.col(name).cast(dtype)) if fits else frame
        except pl.exceptions.PolarsError:
            fits = False
        if not fits:
            raise InputError(f"column {name!r} of reports holds {held}; it must hold {dtype}.")
    return frame


def _decide(frame: pl.DataFrame, definition: RelapseDefinition) -> pl.Series:
    """Give the reason code of each report."""
    screened = frame.lazy().with_row_index("row").with_columns(_refusal(definition).alias("reason")).collect()
    passed = screened.filter(pl.col("reason").is_null())
    spaced = pl.Series(_group(passed, definition)).replace_strict(SPACING, return_dtype=pl.String)
    parts = [
        screened.select("row", "reason").drop_nulls("reason"),
        pl.DataFrame({"row": passed["row"], "reason": spaced}),
    ]
    return pl.concat(parts).sort("row")["reason"]


def _refusal(definition: RelapseDefinition) -> pl.Expr:
    """Give the first rule that a report fails, null when it passes all but the spacing."""
    hours = pl.coalesce("duration_hours", 24.0 * (pl.col("end_day") - pl.col("day") + 1))
    least = definition.min_duration_hours
    short = hours <= least if definition.longer_than else hours < least
    rules = [(pl.col("day").is_null(), "no-day"), (short, "too-short")]
    if definition.exclude_fever:
        rules.append((pl.col("fever"), "fever"))
    if definition.exclude_infection:
        rules.append((pl.col("infection"), "infection"))
    if definition.objective:
        rules += _objective_rules(definition)
    if definition.adjudication == "investigator":
        rules.append((~pl.col("investigator").fill_null(value=False), "not-confirmed-investigator"))
    if definition.adjudication == "committee":
        rules.append((~pl.col("investigator").fill_null(value=True), "not-confirmed-investigator"))
        rules.append((~pl.col("committee").fill_null(value=False), "not-confirmed-committee"))
    # coalesce of when-then keeps the first rule that fails; an unknown condition refuses nothing.
    return pl.coalesce([pl.when(failed).then(pl.lit(code)) for failed, code in rules])


def _objective_rules(definition: RelapseDefinition) -> list[tuple[pl.Expr, str]]:
    """Give the refusals that come from the examination."""
    rule = definition.objective_rule
    found = pl.col("objective") if rule is None else _measured(rule)
    refusals = [(found.is_null(), "not-examined"), (~found, "not-objective")]
    if definition.exam_within_days is not None:
        wait = pl.col("exam_day") - pl.col("day")
        late = ~wait.is_between(0, definition.exam_within_days).fill_null(value=False)
        refusals.insert(1, (late, "examined-late"))
    return refusals


def _measured(rule: ObjectiveRule) -> pl.Expr:
    """Tell whether the examination worsened enough; null when what was measured cannot tell."""
    criteria = []
    if rule.edss_points is not None:
        from_zero = rule.edss_points if rule.edss_points_from_zero is None else rule.edss_points_from_zero
        points = pl.when(pl.col("edss_before") == 0).then(from_zero).otherwise(rule.edss_points)
        criteria.append(pl.col("edss_during") - pl.col("edss_before") >= points - TOLERANCE)
    for count, grades in rule.systems:
        worse = pl.sum_horizontal(pl.col(name) >= grades for name in RISES)
        open_ = pl.sum_horizontal(pl.col(name).is_null() for name in RISES)
        met = pl.when(worse >= count).then(pl.lit(1)).when(worse + open_ < count).then(pl.lit(0))
        criteria.append(met == 1)
    return pl.any_horizontal(criteria)


def _group(passed: pl.DataFrame, definition: RelapseDefinition) -> NDArray[np.int8]:
    """Say of each sorted report whether it begins a relapse, belongs to one or comes too soon after one.

    One round settles the next relapse of every subject at once, so that there are as many rounds as the
    subject with most relapses has.
    """
    subject = passed["subject"].rle_id().to_numpy()
    day = passed["day"].to_numpy()
    end = passed.select(pl.max_horizontal("day", "end_day")).to_series().to_numpy()
    status = np.zeros(day.size, dtype=np.int8)
    waiting = np.arange(day.size)
    while waiting.size:
        own, own_day = subject[waiting], day[waiting]
        starts = np.flatnonzero(np.r_[True, own[1:] != own[:-1]])
        lengths = np.diff(np.r_[starts, waiting.size])
        merged = own_day < np.repeat(own_day[starts], lengths) + definition.merge_days
        last = np.maximum.reduceat(np.where(merged, end[waiting], np.iinfo(np.int64).min), starts)
        unstable = ~merged & (own_day < np.repeat(last, lengths) + definition.stability_days)
        status[waiting[merged]] = 1
        status[waiting[unstable]] = 2
        status[waiting[starts]] = 0
        waiting = waiting[~(merged | unstable)]
    return status


def _relapses(decided: pl.DataFrame) -> pl.DataFrame:
    """Give one row per accepted relapse, with what the reports merged into it say."""
    kept = decided.filter(pl.col("reason").is_in(["accepted", "merged-with-previous"]))
    onset = (pl.col("reason") == "accepted").cum_sum().over("subject")
    verdict = pl.max_horizontal("investigator", "committee")
    grouped = kept.with_columns(onset.alias("relapse"), verdict.alias("verdict")).group_by(
        "subject", "relapse"
    )
    return (
        grouped.agg(
            pl.col("day").min(),
            pl.col("end_day").max(),
            pl.len().cast(pl.Int64).alias("reports"),
            pl.col("verdict").max().alias("confirmed"),
        )
        .sort("subject", "day")
        .drop("relapse")
    )


def _level(frame: pl.DataFrame, definition: RelapseDefinition) -> pl.DataFrame:
    """Give reports, relapses and subjects when one level of adjudication decides."""
    level = definition.adjudication
    verdict = pl.Series([True] * frame.height, dtype=pl.Boolean) if level == "reported" else frame[level]
    known = level == "reported" or verdict.is_not_null().any()
    accepted = frame.filter(_decide(frame, definition) == "accepted")
    counts = [int(verdict.sum() or 0), accepted.height, accepted["subject"].n_unique()]
    names = ["reports", "relapses", "subjects"]
    values = {name: [count if known else None] for name, count in zip(names, counts, strict=True)}
    return pl.DataFrame({"level": [level], **values}, schema_overrides=dict.fromkeys(names, pl.Int64))


def _trace(decided: pl.DataFrame) -> pl.DataFrame:
    """Write one row per report."""
    outcomes = {"accepted": "accepted", "merged-with-previous": "merged"}
    outcome = pl.col("reason").replace_strict(outcomes, default="refused")
    rows = decided.select(
        "subject", "day", pl.lit("report").alias("step"), outcome.alias("outcome"), "reason"
    )
    return rows.cast(pl.Schema(TRACE_SCHEMA)).sort("subject", "day", "reason", nulls_last=True)


def _unrecorded(definition: RelapseDefinition, given: set[str]) -> str:
    """Say which parts of the definition could refuse nothing because nothing was recorded."""
    parts = [
        name
        for name, asked in (("fever", definition.exclude_fever), ("infection", definition.exclude_infection))
        if asked and name not in given
    ]
    if definition.min_duration_hours and not {"duration_hours", "end_day"} & given:
        parts.insert(0, "duration")
    return f" Not recorded, so that no report was refused for it: {', '.join(parts)}." if parts else ""
