"""New and enlarging T2 lesions on scans after the first dose: how many, in how many patients, how often."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ranvier import stats
from ranvier.result import Estimate, LeftOut, plural
from ranvier.trial import Trial
from ranvier.verdict._arms import by_arm

__all__ = ["LesionActivity", "lesion_activity"]

DAYS_PER_YEAR = 365.25

CLUSTERED = (
    "Lesions of one patient come together, so that the interval of the rate, which takes them as "
    "independent, is too short where few patients have most of them; the share of patients does not suffer "
    "from that."
)


@dataclass(frozen=True, kw_only=True)
class LesionActivity:
    """New and enlarging T2 lesions of one region in one arm.

    Parameters
    ----------
    region : str
        Brain or spinal cord.
    arm : str
        Words that follow a quantity; empty when there is one arm.
    patients : Estimate
        Share of patients with a new or enlarging lesion on a scan after the first dose, exact interval.
    rate : Estimate
        New or enlarging lesions per patient-year, exact Poisson interval.
    lesions, new : int
        New or enlarging lesions; those of them that are new.
    notes : tuple of str
        Sentences that a reader must not miss.
    caveat : str
        The one of them that belongs beside each number: that lesions may be older than the treatment. Empty
        when every scan is compared with one after the first dose.
    """

    region: str
    arm: str
    patients: Estimate
    rate: Estimate
    lesions: int
    new: int
    notes: tuple[str, ...]
    caveat: str = ""


def lesion_activity(trial: Trial, treated: list[str]) -> tuple[LesionActivity, ...]:
    """Give new and enlarging T2 lesions on scans after the first dose, by region and arm.

    Parameters
    ----------
    trial : Trial
        The trial; new_t2 and enlarging_t2 of its scans count since the scan before.
    treated : list of str
        The patients expected.

    Returns
    -------
    tuple of LesionActivity
        One for each region and arm with such counts; empty when there are none.

    Raises
    ------
    InputError
        When a number of lesions is below 0.

    Notes
    -----
    A scan counts when both numbers are known, it comes after the first dose (day 0), and there is a scan
    before it; its time is the days since that scan. When the scan before lies before the first dose its
    lesions may be older than the treatment, which is said.

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> lesion_activity(rv.read_trial(examples() / "lu_2012"), ["L01", "L02"])
    ()
    """
    scans = trial.mri.filter(pl.col("subject").is_in(treated)).sort("subject", "region", "day")
    before = pl.col("day").shift(1).over("subject", "region")
    spans = scans.with_columns(before.alias("from_day")).filter(
        pl.col("day") > 0,
        pl.col("from_day").is_not_null(),
        pl.col("new_t2").is_not_null(),
        pl.col("enlarging_t2").is_not_null(),
    )
    return tuple(
        _activity(region, arm, rows, people.height)
        for region in spans["region"].unique().sort()
        for (arm, rows), (_, people) in zip(
            by_arm(trial, spans.filter(pl.col("region") == region)),
            by_arm(trial, pl.DataFrame({"subject": treated})),
            strict=True,
        )
        if rows.height
    )


def _activity(region: str, arm: str, spans: pl.DataFrame, expected: int) -> LesionActivity:
    counted = spans.with_columns((pl.col("new_t2") + pl.col("enlarging_t2")).alias("active"))
    each = counted.group_by("subject").agg(pl.col("active").sum())
    lesions = int(each["active"].sum())
    days = int((counted["day"] - counted["from_day"]).sum())
    missing = (LeftOut(n=expected - each.height, reason="treated patients without such counts"),)
    early = counted.filter(pl.col("from_day") <= 0).height
    words = f"new or enlarging T2 lesion, {region}"
    caveat = (
        f"{plural(early, 'scan')} {'are' if early > 1 else 'is'} compared with one at or before the first "
        "dose; part of what is new may be older than the treatment."
        if early
        else ""
    )
    return LesionActivity(
        region=region,
        arm=arm,
        patients=stats.proportion(
            each.filter(pl.col("active") > 0).height,
            each.height,
            quantity=f"patients with a {words}{arm}",
            left_out=missing,
        ),
        rate=stats.rate(
            lesions, days / DAYS_PER_YEAR, quantity=f"{words}, per patient-year{arm}", left_out=missing
        ),
        lesions=lesions,
        new=int(counted["new_t2"].sum()),
        notes=(CLUSTERED, caveat) if caveat else (CLUSTERED,),
        caveat=caveat,
    )
