"""The arms of a controlled trial beside each other: differences with exact intervals, and their meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from ranvier import course, stats
from ranvier.result import Estimate, LeftOut
from ranvier.trial import DESIGNS, Trial

__all__ = ["ArmDifference", "arm_differences"]

EXACT_PATIENTS = 50
"""Patients in the larger arm up to which shares are compared exactly; above, the score interval serves."""

MEANINGS = {
    "randomised": (
        "Patients were assigned to the arms at random. A difference between the arms is an estimate of what "
        "the treatment does, as uncertain as its interval is wide."
    ),
    "unclear": (
        "It is not clear whether patients were assigned to the arms at random. A difference between the arms "
        "may come from who was in them."
    ),
    "other": (
        "Patients were not assigned to the arms at random. A difference between the arms may come from who "
        "was in them."
    ),
}
"""What a difference may mean, by what the design allows."""
FEWEST_MOVED = 2
"""Patients in an arm from which patients can be moved between the arms."""
SEED = 1
"""Of the divisions of many patients, so that a report repeats itself."""
INDEPENDENT = (
    "Takes relapses as independent of each other. Where some patients relapse more often than others the "
    "interval is too narrow; the value with whole patients moved between the arms does not assume it."
)
FOUR_LOOKS = (
    "Improved, worse, change and relapses are looks at the same patients; no interval or p value is adjusted "
    "for the others."
)


@dataclass(frozen=True, kw_only=True)
class ArmDifference:
    """One arm against the control arm.

    Parameters
    ----------
    arm, control : str
        Labels of the two arms; every difference is arm minus control, every ratio arm over control.
    meaning : str
        What a difference may mean in this design.
    estimates : tuple of Estimate
        Difference of the shares improved and worse, shift of the EDSS change, ratio of relapse rates after
        the first dose, and the same with whole patients moved between the arms; what cannot be compared is
        absent.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    arm: str
    control: str
    meaning: str
    estimates: tuple[Estimate, ...]
    notes: tuple[str, ...] = (FOUR_LOOKS,)


def arm_differences(
    trial: Trial, final: course.Change, visit: str, relapses: course.RelapseRate | None
) -> tuple[ArmDifference, ...]:
    """Compare every arm with the first control arm.

    Parameters
    ----------
    trial : Trial
        The trial; who was treated counts, in the arm of the table of patients.
    final : Change
        EDSS change at the visit of the result.
    visit : str
        Name of that visit.
    relapses : RelapseRate, optional
        Relapses and years after the first dose.

    Returns
    -------
    tuple of ArmDifference
        One for each arm that is no control; empty without a control arm, and for crossover designs, in which
        a patient belongs to both arms.

    Notes
    -----
    Shares are compared by Barnard's exact unconditional test with its interval (above 50 patients in an arm
    by the score method of Miettinen and Nurminen), changes by the exact rank-sum test with the Hodges-Lehmann
    shift, relapses by the exact conditional test of two Poisson rates. Who was treated and has no value is
    left out and counted.

    Examples
    --------
    >>> from ranvier.cli.demo import examples
    >>> import ranvier as rv
    >>> trial = rv.read_trial(examples() / "lu_2012")
    >>> rv.verdict.analyse(trial).arms
    ()
    """
    arms = {arm.id: arm for arm in trial.protocol.arms}
    controls = [name for name, arm in arms.items() if arm.role == "control"]
    if not controls or "crossover" in trial.protocol.design.removesuffix("_with_compassionate_crossover"):
        return ()
    group = DESIGNS[trial.protocol.design]
    people = trial.subjects.filter(pl.col("treated")).select("subject", "arm")
    judged = final.table.join(people, on="subject", how="inner", suffix="_of_patient")
    control = controls[0]
    found = []
    for name, arm in arms.items():
        pair = [_of_arm(judged, each) for each in (name, control)]
        treated = [people.filter(arm=each).height for each in (name, control)]
        if arm.role == "control" or not all(treated):
            continue
        estimates = [*_shares(pair, treated, visit), *_change(pair, treated, visit)]
        if relapses is not None:
            estimates += _relapses(relapses, people, (name, control))
        found.append(
            ArmDifference(
                arm=arm.label,
                control=arms[control].label,
                meaning=MEANINGS.get(group, MEANINGS["other"]),
                estimates=tuple(estimates),
            )
        )
    return tuple(found)


def _of_arm(judged: pl.DataFrame, name: str) -> pl.DataFrame:
    """Give the judged patients of an arm."""
    return judged.filter(pl.col("arm") == name)


def _lost(pair: Sequence[pl.DataFrame], treated: Sequence[int]) -> tuple[LeftOut, ...]:
    """Count who was treated and has no value, in both arms."""
    without = sum(n - rows.height for n, rows in zip(treated, pair, strict=True))
    return (LeftOut(n=without, reason="treated patients without both EDSS values"),)


def _shares(pair: Sequence[pl.DataFrame], treated: Sequence[int], visit: str) -> list[Estimate]:
    """Compare the shares improved and worse."""
    known = [rows.filter(pl.col("status").is_not_null()) for rows in pair]
    n = [rows.height for rows in known]
    if not all(n):
        return []
    method = "exact" if max(n) <= EXACT_PATIENTS else "miettinen-nurminen"
    return [
        stats.compare_proportions(
            [rows.filter(status=status).height for rows in known],
            n,
            method=method,
            quantity=f"difference in the share {status} at {visit}",
            left_out=_lost(known, treated),
        )
        for status in ("improved", "worse")
    ]


def _change(pair: Sequence[pl.DataFrame], treated: Sequence[int], visit: str) -> list[Estimate]:
    """Compare the EDSS changes; below 0 the arm changed for the better against the control."""
    changes = [rows["change"].drop_nulls().to_numpy() for rows in pair]
    if not all(values.size for values in changes):
        return []
    quantity = f"typical difference in the EDSS change at {visit}"
    found = stats.rank_sum(*changes, quantity=quantity, unit="points")
    return [replace(found, left_out=_lost(pair, treated))]


def _relapses(relapses: course.RelapseRate, people: pl.DataFrame, arms: tuple[str, str]) -> list[Estimate]:
    """Compare the relapse rates after the first dose."""
    after = relapses.table.filter(pl.col("period") == "after", pl.col("years") > 0)
    after = after.join(people, on="subject", how="inner")
    rows = [after.filter(pl.col("arm") == name) for name in arms]
    events = [int(part["relapses"].sum()) for part in rows]
    years = [float(part["years"].sum()) for part in rows]
    if not all(years) or not sum(events):
        return []
    quantity = "relapse rate after the first dose, over that of the control arm"
    ratio = stats.rate_ratio(events, years, quantity=quantity)
    if min(part.height for part in rows) < FEWEST_MOVED:
        return [ratio]
    statistic = "ratio" if all(events) else "difference"
    moved = stats.relapse_permutation(
        pl.concat(rows).select("arm", "relapses", "years"), reference=arms[1], statistic=statistic, seed=SEED
    )
    words = "over" if statistic == "ratio" else "minus"
    said = f"relapse rate after the first dose, {words} that of the control arm, whole patients moved"
    return [replace(ratio, notes=(*ratio.notes, INDEPENDENT)), replace(moved, quantity=said)]
