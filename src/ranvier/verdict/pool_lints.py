"""What is wrong with, or deserves care in, a pooled value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.errors import InputError
from ranvier.evidence import CountPool, Pool, implied_patients
from ranvier.evidence.pooled_studies import ROUNDING
from ranvier.evidence.printed_numbers import IMPLIED_TIMES
from ranvier.result import number, percent
from ranvier.stats import proportion
from ranvier.verdict.lints import Lint, lint

__all__ = ["POOL_LINTS", "lint_pool"]

DISAGREE = 1.5
"""How many times the share of the counts alone a pooled share may be, or the other way round."""
ONE_ARM = {"PR", "PLN", "PLO", "PAS", "PFT", "IR", "IRLN", "IRS", "MN", "MC", "SMCC", "SMCR", "SMCRH"}
SHARES = {"PR", "PLN", "PLO", "PAS"}
"""Codes of measures of one arm, and of those that are turned back into shares."""


@dataclass(frozen=True, kw_only=True)
class _Pooled:
    """A pool, and the counts it was made of where they are known."""

    pool: Pool
    events: int | None
    n: int | None


def lint_pool(pool: Pool, data: pl.DataFrame | None = None) -> tuple[Lint, ...]:
    """Find what is wrong with, or deserves care in, a pooled value.

    Parameters
    ----------
    pool : Pool
        What `evidence.pool` gave.
    data : polars.DataFrame, optional
        The studies it was made of, with the columns study, events and n where they are counts; without it
        the pool is held against itself only.

    Returns
    -------
    tuple of Lint
        In the order of `POOL_LINTS`; each has a sentence with its number.

    Raises
    ------
    InputError
        When `pool` is something else.

    Notes
    -----
    What is wrong with single studies (percentages, sums, units, shared patients) is found by
    `evidence.check_studies` before they are pooled.

    Examples
    --------
    >>> import polars as pl
    >>> import ranvier as rv
    >>> trials = pl.DataFrame({"study": ["A", "B"], "events": [0, 0], "n": [10, 5]})
    >>> pooled = rv.evidence.pool(rv.evidence.effect_size(trials, measure="logit proportion"))
    >>> [found.code for found in rv.verdict.lint_pool(pooled, trials)]
    ['pool_zero', 'pool_added', 'pool_alone']
    """
    if not isinstance(pool, Pool):
        raise InputError(f"pool is {type(pool).__name__}; give what evidence.pool returned.")
    events, n = _counts(pool, data)
    held = _Pooled(pool=pool, events=events, n=n)
    return tuple(found for rule in POOL_LINTS.values() if (found := rule(held)) is not None)


def _counts(pool: Pool, data: pl.DataFrame | None) -> tuple[int | None, int | None]:
    """Add up events and patients of the studies that were pooled."""
    if pool.scale.code not in (*SHARES, "PFT") or data is None or not {"events", "n"} <= set(data.columns):
        return None, None
    known = data.drop_nulls(["events", "n"])
    if known.height != pool.studies.height:
        return None, None
    return int(known["events"].sum()), int(known["n"].sum())


def _zero(held: _Pooled) -> Lint | None:
    if held.events != 0 or not held.n or isinstance(held.pool, CountPool):
        return None  # a model of counts gives the exact bound itself
    high = proportion(0, held.n, level=held.pool.level).high
    return lint("pool_zero", "wrong", high, events=held.events, n=held.n, high=percent(high))


def _added(held: _Pooled) -> Lint | None:
    added = held.pool.studies["added"]
    touched = int((added > 0).sum())
    if not touched:
        return None
    amount = number(float(added.max()), digits=1)  # type: ignore[arg-type]
    return lint("pool_added", "care", touched, added=amount, touched=touched, k=len(added))


def _back(held: _Pooled) -> Lint | None:
    return lint("pool_back", "care", None) if held.pool.scale.code == "PFT" else None


def _disagree(held: _Pooled) -> Lint | None:
    if held.pool.scale.code not in SHARES or not held.events or not held.n:
        return None
    share, pooled = held.events / held.n, held.pool.estimates[0].value
    times = pooled / share
    if 1 / DISAGREE <= times <= DISAGREE:
        return None
    return lint(
        "pool_counts",
        "care",
        times,
        events=held.events,
        n=held.n,
        share=percent(share),
        pooled=percent(pooled),
        times=number(times),
    )


def _no_length(held: _Pooled) -> Lint | None:
    main = held.pool.estimates[0]
    if not main.high - main.low <= ROUNDING * abs(main.value):
        return None
    return lint("pool_no_length", "wrong", 0.0, interval=held.pool.interval)


def _implied(held: _Pooled) -> Lint | None:
    main = held.pool.estimates[0]
    if _no_length(held) is not None:
        return None
    if held.pool.scale.code not in SHARES or not held.n or not 0 <= main.low <= main.high <= 1:
        return None
    shown = 100 * main.value, 100 * main.low, 100 * main.high
    needed = implied_patients(*shown, level=main.level)
    if needed < IMPLIED_TIMES * held.n:
        return None
    return lint(
        "pool_implied",
        "wrong",
        needed,
        low=percent(main.low),
        high=percent(main.high),
        implied=round(needed),
        n=held.n,
    )


def _alone(held: _Pooled) -> Lint | None:
    return lint("pool_alone", "care", None) if held.pool.scale.code in ONE_ARM else None


POOL_LINTS: dict[str, Callable[[Any], Lint | None]] = {
    "pool_zero": _zero,
    "pool_no_length": _no_length,
    "pool_implied": _implied,
    "pool_counts": _disagree,
    "pool_added": _added,
    "pool_back": _back,
    "pool_alone": _alone,
}
"""Lints of a pooled value by code, in the order in which they are printed."""
