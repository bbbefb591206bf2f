"""Which row serves which scheduled visit, and what changed since the baseline visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from ranvier.errors import InputError, suggest
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut
from ranvier.tables import table

__all__ = ["VISIT_REASONS", "assign_visits", "since_baseline", "take"]

SCHEDULE_SCHEMA: dict[str, Any] = {
    "visit": pl.String,
    "planned_day": pl.Int64,
    "low_day": pl.Int64,
    "high_day": pl.Int64,
    "baseline": pl.Boolean,
}

VISIT_REASONS: Mapping[str, str] = {
    "labelled": "the row carries the label of this visit and lies inside its window",
    "nearest-in-window": "no labelled row could serve; this is the nearest row inside the window",
    "last-before-dose": "no labelled row could serve; this is the last row inside the window up to the first "
    "dose",
    "another-row-serves": "another row serves this visit",
    "outside-window": "the row carries the label of this visit but lies outside its window",
    "after-first-dose": "a baseline must be examined on or before the day of the first dose",
    "not-measured": "nothing was recorded in this column",
    "no-row": "no row can serve this visit",
    "no-window": "the row carries no scheduled label and lies inside no window",
    "no-day": "the day of the row is not known",
}
"""The sentence for each reason that `assign_visits` gives."""


def take(frame: Any, name: str, columns: Sequence[str], *, optional: Sequence[str] = ()) -> pl.DataFrame:
    """Give some columns of a trial table as polars, in the types of the schema.

    Parameters
    ----------
    frame : dataframe
        Any eager dataframe that narwhals knows.
    name : str
        Name of the table in `ranvier.tables.TABLES`.
    columns : sequence of str
        Columns that must be there.
    optional : sequence of str
        Columns that are filled with null when they are not there.

    Returns
    -------
    polars.DataFrame
        The columns, in the order asked for; NaN becomes null.

    Raises
    ------
    InputError
        When `frame` is not a dataframe, a column is missing or its values are of the wrong type, or a patient
        has more than one row in subjects.

    Examples
    --------
    >>> frame = pl.DataFrame({"subject": ["P1"], "day": [3]})
    >>> take(frame, "visits", ["subject", "day"], optional=["visit"]).row(0)
    ('P1', 3, None)
    """
    given = _polars(frame, name)
    schema = table(name).schema
    missing = [column for column in columns if column not in given.columns]
    if missing:
        close = suggest(missing[0], given.columns)
        hint = f" Did you mean {close!r}?" if close else ""
        raise InputError(f"{name} lacks the columns {missing}; it has {given.columns}.{hint}")
    wanted = [
        pl.col(column) if column in given.columns else pl.lit(None).alias(column)
        for column in (*columns, *optional)
    ]
    chosen = given.select(wanted)
    floats = [column for column, dtype in chosen.schema.items() if dtype.is_float()]
    typed = _cast(chosen.with_columns(pl.col(floats).fill_nan(None)), schema, name)
    if name == "subjects":
        twice = typed.filter(pl.col("subject").is_duplicated())["subject"].unique().sort().to_list()
        if twice:
            raise InputError(f"patients {twice[:10]} have more than one row in subjects; each may have one.")
    return typed


def _polars(frame: Any, name: str) -> pl.DataFrame:
    """Turn any dataframe into a polars one."""
    try:
        native: pl.DataFrame = nw.from_native(frame, eager_only=True).to_polars()
    except TypeError as error:
        raise InputError(
            f"{name} is a {type(frame).__name__}; give a dataframe (polars, pandas or pyarrow)."
        ) from error
    return native


def _cast(frame: pl.DataFrame, schema: Mapping[str, Any], name: str) -> pl.DataFrame:
    """Cast each column to its type, naming the column that does not fit."""
    for column in frame.columns:
        if column not in schema:
            continue
        try:
            frame = frame.with_columns(pl.col(column).cast(schema[column]))
        except pl.exceptions.PolarsError as error:
            raise InputError(
                f"column {column!r} of {name} holds {frame.schema[column]}; it must hold {schema[column]}."
            ) from error
    return frame


def _schedule(schedule: Any) -> pl.DataFrame:
    """Read a schedule and refuse one without exactly one baseline visit."""
    given = _polars(schedule, "schedule")
    missing = [column for column in SCHEDULE_SCHEMA if column not in given.columns]
    if missing:
        raise InputError(
            f"schedule lacks the columns {missing}; use Protocol.schedule, which has {[*SCHEDULE_SCHEMA]}."
        )
    frame = _cast(given.select(*SCHEDULE_SCHEMA), SCHEDULE_SCHEMA, "schedule")
    baselines = frame.filter("baseline")["visit"].to_list()
    if len(baselines) != 1:
        raise InputError(f"a schedule needs exactly one baseline visit; found {baselines or 'none'}.")
    return frame.sort("planned_day", "visit")


def assign_visits(
    rows: pl.DataFrame,
    schedule: Any,
    *,
    column: str,
    keys: Sequence[str] = ("subject",),
    subjects: Sequence[str] | None = None,
) -> Derivation:
    """Give the row that serves each scheduled visit.

    A row with the label of a visit serves it when it lies inside the window. Where no labelled row can serve,
    the unlabelled row nearest to the planned day serves, the earlier one when two are equally near; an
    unlabelled row can serve one visit only, the one whose planned day is nearest. The baseline must lie on or
    before day 0, and the last such row serves. A row without a value in `column` serves no visit.

    Parameters
    ----------
    rows : polars.DataFrame
        Columns `keys`, day, `column`, and visit (label; null = unscheduled).
    schedule : dataframe
        Columns of `ranvier.trial.Protocol.schedule`.
    column : str
        The column measured.
    keys : sequence of str
        Columns that together name one course: subject, or subject and region.
    subjects : sequence of str, optional
        The patients expected; those of `rows` when None. Rows of others are not looked at.

    Returns
    -------
    Derivation
        Its table has `keys`, visit, baseline, planned_day, day, value; one row per scheduled visit, day and
        value null where no row serves.

    Raises
    ------
    InputError
        When the schedule lacks a column or does not have exactly one baseline visit.

    Examples
    --------
    >>> schedule = pl.DataFrame(
    ...     {
    ...         "visit": ["baseline", "month 6"],
    ...         "planned_day": [0, 183],
    ...         "low_day": [-30, 153],
    ...         "high_day": [0, 213],
    ...         "baseline": [True, False],
    ...     }
    ... )
    >>> rows = pl.DataFrame(
    ...     {"subject": ["P1"] * 3, "day": [-9, -2, 190], "visit": [None] * 3, "edss": [4.0, 4.5, 4.0]},
    ...     schema_overrides={"visit": pl.String},
    ... )
    >>> assign_visits(rows, schedule, column="edss").table.select("visit", "day", "value").rows()
    [('baseline', -2, 4.5), ('month 6', 190, 4.0)]
    """
    plan = _schedule(schedule)
    if subjects is not None and (
        isinstance(subjects, str) or not all(isinstance(subject, str) for subject in subjects)
    ):
        raise InputError(
            f"subjects is {subjects!r:.80}; give a list of names of patients, such as ['P1', 'P2']."
        )
    cleaned = _clean(rows, column, keys, subjects)
    candidates = _candidates(cleaned, plan)
    first = [*keys, "visit"]
    served = (
        candidates.filter("usable")
        .sort(*first, "unlabelled", "distance", "day", "value")
        .unique(first, keep="first", maintain_order=True)
    )
    expected = _expected(cleaned, keys, subjects).join(plan, how="cross")
    chosen = expected.join(served.select(*first, "day", "value", "row"), on=first, how="left")
    chosen = chosen.sort(*keys, "planned_day", "visit")
    return Derivation(
        name=f"{column} at scheduled visits",
        table=chosen.select(*keys, "visit", "baseline", "planned_day", "day", "value"),
        trace=_trace(candidates, chosen, cleaned, keys),
        reasons=VISIT_REASONS,
        method=(
            "A row with the label of a visit serves it when it lies inside the window; otherwise the "
            "unlabelled row nearest to the planned day does, the earlier of two equally near. The baseline "
            "is the last row on or before the day of the first dose."
        ),
    )


def _clean(
    rows: pl.DataFrame, column: str, keys: Sequence[str], subjects: Sequence[str] | None
) -> pl.DataFrame:
    """Give the rows numbered by what they hold, so that the order given does not matter."""
    value = pl.col(column).cast(pl.Float64).alias("value")
    kept = rows if subjects is None else rows.filter(pl.col("subject").is_in(list(subjects)))
    kept = kept.select(*keys, "day", pl.col("visit").alias("label"), value)
    return kept.sort(*keys, "day", "label", "value").with_row_index("row")


def _expected(cleaned: pl.DataFrame, keys: Sequence[str], subjects: Sequence[str] | None) -> pl.DataFrame:
    """Give one row per course that should be there."""
    if subjects is None:
        return cleaned.select(*keys).unique()
    named = pl.DataFrame({"subject": sorted(set(subjects))}, schema={"subject": pl.String})
    others = [key for key in keys if key != "subject"]
    return named.join(cleaned.select(*others).unique(), how="cross") if others else named


def _candidates(cleaned: pl.DataFrame, plan: pl.DataFrame) -> pl.DataFrame:
    """Pair each row with the visits it could serve, and say why it can or cannot."""
    scheduled = pl.col("label").is_in(plan["visit"].to_list()).fill_null(value=False)
    inside = pl.col("day").is_between("low_day", "high_day")
    from_plan = (pl.col("day") - pl.col("planned_day")).abs()
    barred = (
        pl.when(~inside)
        .then(pl.lit("outside-window"))
        .when(pl.col("value").is_null())
        .then(pl.lit("not-measured"))
        .when(pl.col("baseline") & (pl.col("day") > 0))
        .then(pl.lit("after-first-dose"))
    )
    pairs = (
        cleaned.filter(pl.col("day").is_not_null())
        .join(plan, how="cross")
        .filter(pl.when(scheduled).then(pl.col("label") == pl.col("visit")).otherwise(inside))
        .with_columns(
            (~scheduled).alias("unlabelled"),
            pl.when("baseline").then(-pl.col("day")).otherwise(from_plan).alias("distance"),
            from_plan.alias("from_plan"),
            barred.alias("barred"),
        )
        .with_columns(pl.col("barred").is_null().alias("usable"))
    )
    order = [pl.col("row"), ~pl.col("usable"), pl.col("from_plan"), pl.col("planned_day"), pl.col("visit")]
    return pairs.sort(order).unique("row", keep="first", maintain_order=True)


def _trace(
    candidates: pl.DataFrame, chosen: pl.DataFrame, cleaned: pl.DataFrame, keys: Sequence[str]
) -> pl.DataFrame:
    """Write one row per decision."""
    step = pl.concat_str(["visit", *(key for key in keys if key != "subject")], separator=", ")
    used = pl.col("row").is_in(chosen["row"].drop_nulls().to_list())
    why = (
        pl.when(~used)
        .then(pl.coalesce("barred", pl.lit("another-row-serves")))
        .when(~pl.col("unlabelled"))
        .then(pl.lit("labelled"))
        .when("baseline")
        .then(pl.lit("last-before-dose"))
        .otherwise(pl.lit("nearest-in-window"))
    )
    outcome = pl.when(used).then(pl.lit("used")).otherwise(pl.lit("not used"))
    judged = candidates.select(
        "subject", "day", step.alias("step"), outcome.alias("outcome"), why.alias("reason")
    )
    absent = chosen.filter(pl.col("row").is_null()).select(
        "subject",
        pl.lit(None).cast(pl.Int64).alias("day"),
        step.alias("step"),
        pl.lit("missing").alias("outcome"),
        pl.lit("no-row").alias("reason"),
    )
    dayless = pl.when(pl.col("day").is_null()).then(pl.lit("no-day")).otherwise(pl.lit("no-window"))
    stray = cleaned.join(candidates.select("row"), on="row", how="anti").select(
        "subject",
        "day",
        pl.lit("unscheduled").alias("step"),
        pl.lit("not used").alias("outcome"),
        dayless.alias("reason"),
    )
    parts = [part.cast(pl.Schema(TRACE_SCHEMA)) for part in (judged, absent, stray)]
    return pl.concat(parts).sort("subject", "day", "step", "outcome", "reason", nulls_last=True)


def since_baseline(
    assigned: pl.DataFrame, *, keys: Sequence[str] = ("subject",)
) -> tuple[pl.DataFrame, tuple[LeftOut, ...]]:
    """Give the change of each later visit from the baseline visit.

    Parameters
    ----------
    assigned : polars.DataFrame
        The table of `assign_visits`.
    keys : sequence of str
        Columns that together name one course.

    Returns
    -------
    polars.DataFrame
        Columns `keys`, visit, day, baseline_day, baseline, value, change (value minus baseline); only pairs
        of which both are known.
    tuple of LeftOut
        Courses without a baseline, then courses with a baseline but without each later visit.

    Examples
    --------
    >>> assigned = pl.DataFrame(
    ...     {"subject": ["P1", "P1"], "visit": ["baseline", "month 6"], "baseline": [True, False],
    ...      "planned_day": [0, 183], "day": [0, 180], "value": [4.0, 3.0]}
    ... )
    >>> changes, left_out = since_baseline(assigned)
    >>> changes["change"].to_list(), [left.n for left in left_out]
    ([-1.0], [0, 0])
    """
    noun = "patients" if len(keys) == 1 else "courses (patient and region)"
    before = assigned.filter("baseline").select(
        *keys, pl.col("day").alias("baseline_day"), pl.col("value").alias("start")
    )
    later = assigned.filter(~pl.col("baseline")).join(before, on=list(keys), how="left")
    without = before.filter(pl.col("start").is_null()).height
    left_out = [LeftOut(n=without, reason=f"{noun} without a baseline value")]
    started = later.filter(pl.col("start").is_not_null())
    lacking = (
        started.group_by("planned_day", "visit")
        .agg(pl.col("value").is_null().sum().alias("n"))
        .sort("planned_day", "visit")
    )
    left_out += [
        LeftOut(n=n, reason=f"{noun} with a baseline value but without one at {visit}")
        for visit, n in lacking.select("visit", "n").iter_rows()
    ]
    changes = (
        started.filter(pl.col("value").is_not_null())
        .sort(*keys, "planned_day", "visit")
        .select(
            *keys,
            "visit",
            "day",
            "baseline_day",
            pl.col("start").alias("baseline"),
            "value",
            (pl.col("value") - pl.col("start")).alias("change"),
        )
    )
    return changes, tuple(left_out)
