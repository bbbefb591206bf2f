"""A pool of changes repeated with other correlations of before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from ranvier.errors import InputError
from ranvier.evidence.effect_sizes import EffectSizes, effect_size
from ranvier.evidence.pooling import pool
from ranvier.evidence.visit_correlation import CORRELATION_RANGE
from ranvier.result import Derivation, number, plural

__all__ = ["sensitivity_to_correlation", "stands_in"]

_SHOWN = ("value", "low", "high", "tau2", "i2")


def stands_in(sizes: EffectSizes) -> list[str]:
    """Give the studies into whose effect a correlation entered that they did not print.

    Parameters
    ----------
    sizes : EffectSizes
        From `effect_size`.

    Returns
    -------
    list of str
        Names of studies.
    """
    wanted = pl.col("reason").is_in(["stated correlation", "default correlation"])
    return sizes.trace.filter(wanted)["subject"].to_list()


def sensitivity_to_correlation(
    data: Any,
    *,
    measure: str,
    correlations: Sequence[float] = CORRELATION_RANGE,
    method: Any = "reml",
    interval: str = "knapp-hartung",
    level: float = 0.95,
) -> Derivation:
    """Give the pooled change with one correlation of before and after after the other.

    Parameters
    ----------
    data : dataframe or mapping of columns
        Studies as for `effect_size`; a study with its own `sd_change` or `correlation` keeps it.
    measure : str
        A measure of change, one of `MEASURE_CODES`.
    correlations : sequence of float
        What stands in for a missing correlation, each from -1 to 1; two at least.
    method, interval, level
        As for `pool`.

    Returns
    -------
    Derivation
        correlation, value, low, high, tau2, i2: one row per correlation, in rising order. The method says
        how far the pooled value moves, and whether the interval holds 0 with all, none or some of them.

    Raises
    ------
    InputError
        When no study needs a correlation, fewer than two are given, or as `effect_size` and `pool`.

    Notes
    -----
    A larger correlation means a smaller variance of the change: studies that lack it weigh more, and the
    interval is shorter. The range says nothing about which correlation is right.

    References
    ----------
    Higgins JPT, Li T, Deeks JJ (2023). In: Cochrane Handbook for Systematic Reviews 6.4, chapter 6

    Examples
    --------
    >>> import polars as pl
    >>> import ranvier as rv
    >>> trials = {"scale": ["EDSS"] * 3, "before": [5.1, 6.1, 6.0], "after": [4.3, 6.3, 5.4]}
    >>> trials |= {"sd_before": [1.2, 0.6, 0.9], "sd_after": [1.4, 0.4, 1.0], "n": [15, 22, 12]}
    >>> found = rv.evidence.sensitivity_to_correlation(trials, measure="change")
    >>> found.table.select("correlation", pl.col("value").round(2)).rows()
    [(0.3, -0.32), (0.5, -0.34), (0.61, -0.35), (0.7, -0.36), (0.9, -0.39)]
    """
    given = sorted(set(correlations))
    if len(given) < 2:
        raise InputError(f"correlations holds {list(correlations)}; give at least two different ones.")
    sizes = [effect_size(data, measure=measure, correlation=each) for each in given]
    needed = stands_in(sizes[0])
    if not needed:
        raise InputError(
            "no study needs a correlation of before and after: all give the spread of the change, or the "
            "measure has no use for it. There is nothing to vary."
        )
    pools = [pool(each, method=method, interval=interval, level=level) for each in sizes]
    rows = [{name: found.diagnostics[name] for name in _SHOWN} for found in pools]
    table = pl.DataFrame(rows).with_columns(pl.Series("correlation", given, dtype=pl.Float64))
    table = table.select("correlation", *_SHOWN).with_columns(pl.col("tau2", "i2").fill_nan(None))
    return Derivation(
        name="Pooled change with other correlations of before and after",
        table=table,
        method=_sentence(table, len(needed), pools[0].studies.height),
        references=(
            "Higgins JPT, Li T, Deeks JJ (2023). In: Cochrane Handbook for Systematic Reviews 6.4, chapter 6",
        ),
    )


def _sentence(table: pl.DataFrame, needed: int, k: int) -> str:
    """Say how far the pooled value moves, and whether the conclusion does."""
    said = "; ".join(
        f"{number(row['value'])} ({number(row['low'])} to {number(row['high'])}) with {row['correlation']:g}"
        for row in table.iter_rows(named=True)
    )
    holds = [row["low"] <= 0 <= row["high"] for row in table.iter_rows(named=True)]
    verdict = "The interval holds 0 with each of them." if all(holds) else "No interval holds 0."
    if any(holds) and not all(holds):
        verdict = "Whether the interval holds 0 depends on the correlation: the studies do not settle it."
    return (
        f"{needed} of {plural(k, 'study', 'studies')} did not print the correlation of before and after. The "
        f"pooled change is {said}. {verdict}"
    )
