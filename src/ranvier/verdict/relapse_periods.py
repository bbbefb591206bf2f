"""Relapses before and after treatment, and the fall that the entry rule makes by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier import course, stats
from ranvier.errors import InputError
from ranvier.result import Estimate, LeftOut
from ranvier.trial import Entry, Trial
from ranvier.verdict._arms import by_arm

__all__ = ["EXPECTED_RATES", "EXPECTED_SIZES", "RelapsePeriods", "compare_periods", "expected_falls"]

YEARS_BEFORE = (1, 2)
"""Periods before the first dose that papers use, years."""
DAYS_IN_YEAR = 365
"""Days of a period of one year before the first dose, as in `course.relapse_rate`."""

EXPECTED_RATES = (0.25, 0.5, 1.0, 2.0)
"""Relapses per year of all patients, tried when trial.toml gives no rate."""
AFFIRM_SIZE = 1.24
"""Size of the yearly counts in the placebo group of AFFIRM (doi 10.1155/2011/195831, table 2)."""
EXPECTED_SIZES = (AFFIRM_SIZE / 2, AFFIRM_SIZE, 2 * AFFIRM_SIZE)
"""Sizes tried when trial.toml gives a rate and no size: that of AFFIRM, half of it and twice it."""

MOST_SWAPS = 100_000_000
"""Steps of the exact count of all swaps (patients x relapses before x relapses after), about a second; in
larger trials the result given each patient's total stands alone."""

COMPARED: dict[str, Any] = {
    "years_looked_at": pl.Int64,
    "after_is": pl.String,
    "last_relapse_before": pl.String,
    "patients": pl.Int64,
    "relapses_before": pl.Int64,
    "years_before": pl.Float64,
    "relapses_after": pl.Int64,
    "years_after": pl.Float64,
    "ratio": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "p_swapping": pl.Float64,
}
EXPECTED: dict[str, Any] = {
    "rate_per_year": pl.Float64,
    "size": pl.Float64,
    "years_looked_at": pl.Int64,
    "share_entering": pl.Float64,
    "before_per_year": pl.Float64,
    "after_per_year": pl.Float64,
    "ratio": pl.Float64,
    "ratio_without_last": pl.Float64,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class RelapsePeriods:
    """Relapses before and after the first dose in one arm.

    Parameters
    ----------
    arm : str
        Words that follow a quantity when there are several arms; else empty.
    before, after : Estimate
        Relapses per year in the year before the first dose and in all of the time after it.
    ratio : Estimate
        Rate after over rate before, exact given each patient's total.
    swapped : Estimate or None
        The same from swapping whole periods within patients, both cut to the same length of at most a year;
        None when nobody has both, or relapses are too many to swap.
    compared : polars.DataFrame
        One row per way to look: years_looked_at (1, 2), after_is ("all follow-up", "equal time"),
        last_relapse_before ("counted", "not counted"), patients, relapses and years of both periods, ratio
        with its exact interval and p value, and p_swapping where the periods are equally long.
    """

    arm: str
    before: Estimate
    after: Estimate
    ratio: Estimate
    swapped: Estimate | None
    compared: pl.DataFrame


def compare_periods(trial: Trial) -> tuple[RelapsePeriods, ...]:
    """Give relapses before and after the first dose in each arm, looked at in every usual way.

    Parameters
    ----------
    trial : Trial
        The trial.

    Returns
    -------
    tuple of RelapsePeriods
        One per arm in which somebody was followed before and after; empty when relapses were not recorded.

    Raises
    ------
    InputError
        When tables lack a column.

    Notes
    -----
    Equal time: both periods are cut patient by patient to the shorter of the two, so that swapping them is
    exact. When the last relapse before is not counted, each patient who had any before loses one and the time
    stays: the relapse that led to the treatment is left out, which overcorrects.

    References
    ----------
    Martínez-Yélamos S et al. (2006). doi:10.1177/1352458506070820

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> found = compare_periods(rv.read_trial(examples() / "lu_2012"))
    >>> found[0].compared.select("relapses_before", "relapses_after").row(0)
    (5, 1)
    """
    if "relapses" not in trial.recorded:
        return ()
    counted = {
        (years, equal): _counted(trial, years, equal) for years in YEARS_BEFORE for equal in (False, True)
    }
    arms = by_arm(trial, counted[1, False])
    overall = course.relapse_rate(trial.relapses, trial.subjects).left_out if len(arms) == 1 else ()
    return tuple(
        _one_arm(arm, {key: _rows_of(trial, frame, place) for key, frame in counted.items()}, overall)
        for place, (arm, rows) in enumerate(arms)
        if rows.filter(_FOLLOWED).height
    )


_FOLLOWED = (pl.col("years_before") > 0) & (pl.col("years_after") > 0)


def _rows_of(trial: Trial, frame: pl.DataFrame, place: int) -> pl.DataFrame:
    return by_arm(trial, frame)[place][1]


def _counted(trial: Trial, years: int, equal: bool) -> pl.DataFrame:
    """Give each treated patient's relapses and years: subject, before, after, years_before, years_after."""
    days = years * DAYS_IN_YEAR
    relapses, subjects = trial.relapses, trial.subjects
    if equal:
        relapses, subjects = _cut(relapses, subjects, days)
    table = course.relapse_rate(relapses, subjects, before_days=days).table
    wide = table.filter(period="before").join(
        table.filter(period="after"), on="subject", suffix="_after", maintain_order="left"
    )
    return wide.select(
        "subject",
        pl.col("relapses").alias("before"),
        pl.col("relapses_after").alias("after"),
        pl.col("years").alias("years_before"),
        "years_after",
    )


def _cut(relapses: pl.DataFrame, subjects: pl.DataFrame, days: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cut both periods of each patient to the shorter one, and that to `days`."""
    ill = pl.max_horizontal(-pl.col("onset_day"), pl.lit(0))
    known = pl.when(pl.col("onset_day").is_null()).then(days).otherwise(ill)
    contact = pl.col("last_contact_day")
    shorter = pl.when(contact >= 0).then(pl.min_horizontal(known, contact, pl.lit(days)))
    people = subjects.with_columns(shorter.alias("length"), contact.alias("contact"))
    kept = relapses.join(
        people.select("subject", "length", "contact"), on="subject", how="left", maintain_order="left"
    ).filter(
        pl.col("length").is_null()
        | pl.col("day").is_null()
        | (pl.col("day") < pl.col("length"))
        | ((pl.col("day") == pl.col("length")) & (pl.col("length") == pl.col("contact")))
    )
    limited = people.with_columns(
        (-pl.col("length")).alias("onset_day"), pl.col("length").alias("last_contact_day")
    )
    return kept.drop("length", "contact"), limited.drop("length", "contact")


def _one_arm(
    arm: str, counted: dict[tuple[int, bool], pl.DataFrame], overall: tuple[LeftOut, ...]
) -> RelapsePeriods:
    first = counted[1, False]
    rows = first.filter(_FOLLOWED)
    unseen = LeftOut(
        n=first.height - rows.height, reason="patients without time at risk both before and after"
    )
    sums = rows.select(pl.exclude("subject", "arm")).sum().row(0, named=True)
    before, after = (
        stats.rate(
            sums[period],
            sums[f"years_{period}"],
            quantity=f"relapses per year {period} the first dose{arm}",
            left_out=(*overall, unseen),
        )
        for period in ("before", "after")
    )
    cut = counted[1, True].filter(_FOLLOWED)
    return RelapsePeriods(
        arm=arm,
        before=before,
        after=after,
        ratio=_ratio(rows, quantity=f"relapse rate after over before{arm}"),
        swapped=_ratio(
            cut,
            method="permutation",
            quantity=f"relapse rate after over before, equal periods of at most a year, swapped{arm}",
        )
        if _can_swap(cut)
        else None,
        compared=_compared(counted),
    )


def _ratio(rows: pl.DataFrame, **options: Any) -> Estimate:
    columns = (rows[name].to_list() for name in ("before", "after", "years_before", "years_after"))
    return stats.before_after(*columns, **options)


def _can_swap(rows: pl.DataFrame) -> bool:
    """Tell whether all swaps of a group can be counted in reasonable time."""
    before, after = int(rows["before"].sum()), int(rows["after"].sum())
    return 0 < rows.height * (before + 1) * (after + 1) <= MOST_SWAPS


def _compared(counted: dict[tuple[int, bool], pl.DataFrame]) -> pl.DataFrame:
    """Look at one and two years, at all follow-up and equal periods, with and without the last relapse."""
    found = []
    for (years, equal), frame in counted.items():
        rows = frame.filter(_FOLLOWED)
        if rows.is_empty():
            continue
        for last in ("counted", "not counted"):
            one_less = pl.max_horizontal(pl.col("before") - 1, pl.lit(0))
            used = rows if last == "counted" else rows.with_columns(one_less.alias("before"))
            ratio = _ratio(used)
            swapped = _ratio(used, method="permutation") if equal and _can_swap(used) else None
            sums = used.select(pl.exclude("subject", "arm")).sum().row(0, named=True)
            found.append(
                {
                    "years_looked_at": years,
                    "after_is": "equal time" if equal else "all follow-up",
                    "last_relapse_before": last,
                    "patients": used.height,
                    "relapses_before": sums["before"],
                    "years_before": sums["years_before"],
                    "relapses_after": sums["after"],
                    "years_after": sums["years_after"],
                    "ratio": ratio.value,
                    "low": ratio.low,
                    "high": ratio.high,
                    "p_value": ratio.p_value,
                    "p_swapping": None if swapped is None else swapped.p_value,
                }
            )
    return pl.DataFrame(found, schema=COMPARED)


def expected_falls(entry: Entry) -> pl.DataFrame:
    """Give the relapse rates that an entry rule makes before and after, without any treatment.

    Parameters
    ----------
    entry : Entry
        The part `[entry]` of trial.toml.

    Returns
    -------
    polars.DataFrame
        Columns rate_per_year, size, years_looked_at (1, 2), share_entering, before_per_year, after_per_year,
        ratio, ratio_without_last. Where the rate or the size was not given, one pair of rows for each of
        `EXPECTED_RATES` or `EXPECTED_SIZES`.

    Raises
    ------
    InputError
        When rule and rate do not fit together: fewer than one patient in ten million would enter.

    Examples
    --------
    >>> entry = Entry(min_relapses=1, window_years=1.0, rate_per_year=0.6, size=1.24, source="AFFIRM")
    >>> expected_falls(entry).select("years_looked_at", pl.col("ratio").round(2)).rows()
    [(1, 0.59), (2, 0.74)]
    """
    rates = EXPECTED_RATES if entry.rate_per_year is None else (entry.rate_per_year,)
    default_sizes = EXPECTED_SIZES if entry.rate_per_year is not None else (AFFIRM_SIZE,)
    sizes = default_sizes if entry.size is None else (entry.size,)
    rows = []
    for rate in rates:
        for size in sizes:
            try:
                fit = stats.expected_after_entry(rate=rate, size=size, entry=entry.relapses)
            except InputError as error:
                if entry.rate_per_year is None and "fewer than one patient" in str(error):
                    continue  # one of the rates tried here, not one that was given
                raise InputError(f"trial.toml, entry: {error}") from error
            rows += [
                {
                    "rate_per_year": rate,
                    "size": size,
                    "years_looked_at": years,
                    "share_entering": found["share"],
                    "before_per_year": found["before"],
                    "after_per_year": found["after"],
                    "ratio": found["ratio"],
                    "ratio_without_last": found["ratio_without_last"],
                }
                for years in YEARS_BEFORE
                for found in [fit.diagnostics["sensitivity"][f"{years:g}"]]
            ]
    if not rows:
        raise InputError(
            f"trial.toml, entry: at rates of {', '.join(map(str, rates))} per year nobody has "
            f"{entry.relapses.text()}; give rate_per_year, or correct the rule."
        )
    return pl.DataFrame(rows, schema=EXPECTED)
