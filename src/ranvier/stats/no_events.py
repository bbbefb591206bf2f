"""No event seen: how high the true share and rate could still be, and how many patients would exclude one."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.result import Derivation, Estimate, percent
from ranvier.safety import Incidence
from ranvier.stats._inputs import as_level
from ranvier.stats.binomial import zero_event_bound

__all__ = ["ALL_ARMS", "patients_to_exclude", "zero_events"]

ALL_ARMS = "all arms"
"""Name of the row that adds up the arms."""

HANLEY = "Hanley JA, Lippman-Hand A (1983). doi:10.1001/jama.1983.03330370053031"


def zero_events(incidence: Incidence, *, level: float = 0.95) -> Derivation:
    r"""Give upper bounds for every class of events that nobody had, by arm and over all arms.

    Parameters
    ----------
    incidence : Incidence
        From `ranvier.safety.incidence`.
    level : float
        Confidence level.

    Returns
    -------
    Derivation
        One row per arm and class of `EVENT_CLASSES` without an event; over all arms ("all arms") where there
        are several and none had one. Columns arm, event, n, one_sided and two_sided (exact upper bounds of
        the share), rule_of_three (3 / n), years (patient-years at risk), rate_one_sided and rate_two_sided
        (exact upper bounds of events per 100 patient-years; null without years), rule_of_three_rate
        (300 / years).

    Raises
    ------
    InputError
        When `incidence` holds no counts or `level` is not allowed.

    Notes
    -----
    With a = 1 - level one-sided and half of that two-sided the share is below :math:`1 - a^{1/n}` and the
    rate below :math:`-\ln(a) / t`. The rule of three, 3 / n, stands for the one-sided 95 % bound, because
    :math:`-\ln 0.05 = 2.996`; it is too high for small n (n = 5: 60.0 % for 45.1 %) and is printed for
    what it approximates. Adding up arms takes their true shares as equal. An arm in which an
    event was fatal is not said to be free of serious ones, whatever the flag says.

    References
    ----------
    Hanley JA, Lippman-Hand A (1983). doi:10.1001/jama.1983.03330370053031

    Examples
    --------
    >>> import ranvier as rv
    >>> subjects = pl.DataFrame({"subject": ["P1", "P2"], "arm": "msc", "treated": True})
    >>> events = pl.DataFrame({"subject": ["P1"], "day": 1, "term": "headache", "serious": False})
    >>> found = rv.stats.zero_events(rv.safety.incidence(events, subjects)).table
    >>> found.filter(event="serious").select("n", pl.col("one_sided").round(3)).row(0)
    (2, 0.776)
    """
    if not isinstance(incidence, Incidence):
        raise InputError(f"{type(incidence).__name__} holds no counts; give what safety.incidence made.")
    confidence = as_level(level)
    classes = incidence.table.filter(pl.col("kind") == "class", pl.col("n") > 0)
    parts = ["subjects", "n", "years"]
    if classes["arm"].n_unique() > 1:
        pooled = classes.group_by("event", maintain_order=True).agg(pl.col(parts).sum())
        classes = pl.concat(
            [
                classes.select("arm", "event", *parts),
                pooled.select(pl.lit(ALL_ARMS).alias("arm"), "event", *parts),
            ]
        )
    dead = classes.filter(pl.col("subjects") > 0, event="fatal")["arm"].unique().implode()
    unmarked = (pl.col("event") == "serious") & pl.col("arm").is_in(dead)
    none = classes.filter(pl.col("subjects") == 0, ~unmarked)
    rows = [_bounds(row, confidence) for row in none.iter_rows(named=True)]
    shown = ("one_sided", "two_sided", "rule_of_three", "years")
    rates = ("rate_one_sided", "rate_two_sided", "rule_of_three_rate")
    schema: dict[str, Any] = {"arm": pl.String, "event": pl.String, "n": pl.Int64}
    return Derivation(
        name="Classes of events that nobody had",
        table=pl.DataFrame(rows, schema=schema | dict.fromkeys((*shown, *rates), pl.Float64)),
        trace=incidence.trace,
        reasons=incidence.reasons,
        method=f"Exact {100 * confidence:g} % upper bounds of the share and the rate that no event still "
        "allows; the rule of three (3 / n) approximates the one-sided 95 % bound and is too high for few "
        "patients.",
        left_out=incidence.left_out,
        references=(HANLEY,),
    )


def _bounds(row: dict[str, Any], level: float) -> dict[str, Any]:
    """Give the bounds of one arm and class without an event."""
    n, years = row["n"], row["years"]
    one, two = (zero_event_bound(n, level=level, sided=sided).high for sided in ("one", "two"))
    timed = years > 0
    return {
        "arm": row["arm"],
        "event": row["event"],
        "n": n,
        "one_sided": one,
        "two_sided": two,
        "rule_of_three": 3 / n,
        "years": years,
        "rate_one_sided": -100 * math.log(1 - level) / years if timed else None,
        "rate_two_sided": -100 * math.log((1 - level) / 2) / years if timed else None,
        "rule_of_three_rate": 300 / years if timed else None,
    }


def patients_to_exclude(share: float, *, level: float = 0.95, sided: str = "one") -> Estimate:
    r"""Give how many patients without an event would exclude a true share.

    Parameters
    ----------
    share : float
        Share to exclude, such as that of another treatment; between 0 and 1, both excluded.
    level : float
        Confidence level.
    sided : {"one", "two"}
        Whether the bound that must reach the share is one-sided or the upper end of a two-sided interval.

    Returns
    -------
    Estimate
        The smallest n for which no event in n has an upper bound of at most `share`; it has no interval.

    Raises
    ------
    InputError
        When share or level does not lie between 0 and 1, or `sided` is unknown.

    Notes
    -----
    :math:`n = \lceil \ln a / \ln(1 - \mathrm{share}) \rceil` with :math:`a = 1 - \mathrm{level}` one-sided
    and half of that two-sided. One event among them, and n is no longer enough.

    References
    ----------
    Hanley JA, Lippman-Hand A (1983). doi:10.1001/jama.1983.03330370053031

    Examples
    --------
    >>> import ranvier as rv
    >>> int(rv.stats.patients_to_exclude(0.05).value)
    59
    """
    confidence = as_level(level)
    require_choice("sided", sided, ["one", "two"])
    try:
        excluded = float(share)
    except (TypeError, ValueError):
        excluded = math.nan
    if not 0 < excluded < 1:
        raise InputError(f"share is {share!r}; give a share between 0 and 1, both excluded.")
    n = max(1, math.floor(math.log((1 - confidence) / (2 if sided == "two" else 1)) / math.log1p(-excluded)))
    while zero_event_bound(n, level=confidence, sided=sided).high > excluded:
        n += 1
    return Estimate(
        quantity=f"patients without an event that would exclude a share of {percent(excluded)}",
        value=float(n),
        low=math.nan,
        high=math.nan,
        level=confidence,
        method=f"exact-{sided}-sided",
        method_text=f"Smallest number whose exact {sided}-sided {100 * confidence:g} % upper bound is at "
        "most the share.",
        n=n,
        unit="patients",
        inputs={"share": excluded, "sided": sided},
        references=(HANLEY,),
    )
