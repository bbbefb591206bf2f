"""Studentised permutation test of two relapse rates when patients were followed for unequal times."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, number
from ranvier.stats._count_data import CountData, count_data
from ranvier.stats._inputs import as_count, as_level

__all__ = ["ENUMERATE_UP_TO", "relapse_permutation"]

ENUMERATE_UP_TO = 200_000
"""Ways to divide the patients up to which `relapse_permutation` looks at every one; 10 against 10 has
184,756."""

BLOCK = 4096
"""Divisions worked on at once; keeps memory small."""
SAME = 1e-9
"""Test statistics that differ by less, relative to their size, are equal: sums in another order round
apart."""

_WHAT = {"ratio": "rate ratio", "difference": "difference of the rates"}
_REFERENCES = (
    "Konietschke F, Friede T, Pauly M (2019). doi:10.1002/bimj.201800027",
    "Janssen A (1997). Studentized permutation tests for non-i.i.d. hypotheses. Stat Probab Lett 36:9-21",
)
Floats = NDArray[np.float64]


def relapse_permutation(
    table: Any,
    *,
    arms: Any = None,
    reference: str | None = None,
    statistic: str = "ratio",
    samples: int = 20_000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Compare the relapse rates of two arms by moving patients, with their follow-up, between the arms.

    Parameters
    ----------
    table, arms, reference
        As in `relapse_model`; two arms.
    statistic : {"ratio", "difference"}
        "ratio": the studentised log of the rate ratio; "difference": the studentised difference of the rates,
        which also works when an arm has no relapse.
    samples : int
        Random divisions of the patients when there are more than `ENUMERATE_UP_TO`.
    seed : int, optional
        Needed when divisions are sampled; not used when all are looked at.
    level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        Rate of the other arm over (or minus) the reference's, interval and p value. When sampled, a note
        gives the Monte Carlo error of the p value.

    Raises
    ------
    InputError
        When there are not two arms, an arm has fewer than two patients, nobody had a relapse, an arm without
        relapses meets "ratio", sampling has no seed, or the table is refused as by `relapse_model`.

    Notes
    -----
    Arm i has the rate :math:`\hat\lambda_i = \sum_k X_{ik} / \sum_k t_{ik}` with variance
    :math:`\hat v_i = \frac{n_i}{n_i - 1} \sum_k (X_{ik} - \hat\lambda_i t_{ik})^2 / (\sum_k t_{ik})^2`, which
    takes nothing about the distribution of the counts and lets the arms differ in it. The statistic is
    :math:`(\hat\lambda_1 - \hat\lambda_2)/\sqrt{\hat v_1 + \hat v_2}`, or
    :math:`\log(\hat\lambda_1/\hat\lambda_2) / \sqrt{\hat v_1/\hat\lambda_1^2 + \hat v_2/\hat\lambda_2^2}`.
    Pairs (count, years) are divided anew between the arms; p is the share of divisions whose statistic is at
    least as far from 0, the division seen among them. Divisions that leave an arm without a relapse are
    counted as infinitely far for "ratio".

    When counts and follow-up are exchangeable under equal rates the test is exact; otherwise dividing by the
    standard error makes it hold in large samples (Konietschke and others), and the interval, value ± the
    quantile of the divisions × standard error, holds approximately. Konietschke and others give the principle
    and study several variance estimators; the one above is the ratio estimator's.

    References
    ----------
    Konietschke F, Friede T, Pauly M (2019). doi:10.1002/bimj.201800027
    Janssen A (1997). Statistics and Probability Letters 36:9-21

    Examples
    --------
    >>> import ranvier as rv
    >>> data = {
    ...     "arm": ["cells"] * 6 + ["placebo"] * 6,
    ...     "relapses": [0, 1, 0, 0, 2, 0, 1, 2, 0, 3, 1, 2],
    ...     "years": [2.0, 2.0, 1.5, 2.0, 1.0, 2.0, 2.0, 2.0, 1.8, 2.0, 2.0, 0.9],
    ... }
    >>> found = rv.stats.relapse_permutation(data, reference="placebo", statistic="difference")
    >>> print(found.text(), round(found.p_value, 4))
    −0.56 per year (95 % interval −1.22 to 0.11) 0.1212
    """
    require_choice("statistic", statistic, _WHAT)
    confidence, draws = as_level(level), as_count("samples", samples)
    data = count_data(table, arms, reference=reference)
    _require_two_arms(data, statistic)
    # The other arm comes first, so that its rate is the numerator.
    first = data.arm == 1
    values = np.stack([data.counts, data.years, data.counts**2, data.counts * data.years, data.years**2])
    top, error = _statistic(values[:, first].sum(axis=1)[None], values, int(first.sum()), statistic)
    seen = float(_ratio(top, error)[0])
    n, k = first.size, int(first.sum())
    divisions = math.comb(n, k)
    every = divisions <= ENUMERATE_UP_TO
    if not every and (seed is None or draws < 1):
        raise InputError(
            f"{n} patients can be divided in {divisions:,} ways, more than {ENUMERATE_UP_TO:,}; give a "
            "seed and samples of 1 or more."
        )
    blocks = _all(n, k) if every else _drawn(n, k, draws, seed)
    far = np.abs(
        np.concatenate([_ratio(*_statistic(_sums(values, b), values, k, statistic)) for b in blocks])
    )
    hits = int((far >= abs(seen) * (1 - SAME)).sum())
    p_value = hits / divisions if every else (hits + 1) / (draws + 1)
    reach = float(np.sort(far)[math.ceil(confidence * far.size) - 1])
    low, high = _bounds(float(top[0]), float(error[0]), reach)
    arm, other = data.arms[1], data.arms[0]
    show = _exp if statistic == "ratio" else float
    return Estimate(
        quantity=f"{_WHAT[statistic]}, {arm} {'over' if statistic == 'ratio' else 'minus'} {other}",
        value=show(float(top[0])),
        low=show(low),
        high=show(high),
        level=confidence,
        method=f"studentised permutation, {statistic}",
        method_text=_text(every, divisions, draws, seed),
        n=n,
        unit="" if statistic == "ratio" else "per year",
        p_value=p_value,
        null="the two rates are equal",
        inputs={
            "patients": (data.sums[1][0], data.sums[0][0]),
            "relapses": (data.sums[1][1], data.sums[0][1]),
            "years": (round(data.sums[1][2], 6), round(data.sums[0][2], 6)),
        },
        left_out=data.left_out,
        notes=_notes(every, divisions, draws, p_value, reach),
        references=_REFERENCES,
    )


def _require_two_arms(data: CountData, statistic: str) -> None:
    """Refuse what the test cannot compare."""
    if len(data.arms) != 2:
        raise InputError(f"the permutation test compares two arms; table has {list(data.arms)}.")
    for arm, (n, relapses, _) in zip(data.arms, data.sums, strict=True):
        if n < 2:
            raise InputError(f"arm {arm!r} has 1 patient; its variance needs at least 2.")
        if relapses == 0 and data.counts.sum() > 0 and statistic == "ratio":
            raise InputError(
                f"arm {arm!r} has no relapse, so that the ratio is 0 or infinite; use "
                "statistic='difference' or the exact stats.rate_ratio."
            )
    if data.counts.sum() == 0:
        raise InputError("no relapse in either arm: nothing can be compared; stats.rate gives exact bounds.")


def _all(n: int, k: int) -> Iterator[NDArray[np.int64]]:
    """Give every division, in blocks of rows of patients in the first arm."""
    ways = combinations(range(n), k)
    while rows := list(islice(ways, BLOCK)):
        yield np.array(rows, dtype=np.int64)


def _drawn(n: int, k: int, draws: int, seed: int | None) -> Iterator[NDArray[np.int64]]:
    """Give random divisions in blocks."""
    random = np.random.default_rng(seed)
    for start in range(0, draws, BLOCK):
        rows = min(BLOCK, draws - start)
        yield np.argsort(random.random((rows, n)), axis=1)[:, :k]


def _sums(values: Floats, rows: NDArray[np.int64]) -> Floats:
    """Give the sums over the first arm, shape (divisions, 5)."""
    return np.stack([value[rows].sum(axis=1) for value in values], axis=1)


def _statistic(sums: Floats, values: Floats, k: int, statistic: str) -> tuple[Floats, Floats]:
    """Give the difference (or log ratio) and its standard error for each division."""
    rates, variances = [], []
    for part, n in ((sums, k), (values.sum(axis=1) - sums, values.shape[1] - k)):
        x, t, xx, xt, tt = part.T
        rate = x / t
        squares = np.maximum(xx - 2 * rate * xt + rate**2 * tt, 0.0)
        # Sums of whole numbers and times: what is left of equal terms after rounding is no variance.
        squares[squares < SAME**1.5 * (xx + rate**2 * tt)] = 0.0
        rates.append(rate)
        variances.append(n / (n - 1) * squares / t**2)
    if statistic == "difference":
        return rates[0] - rates[1], np.sqrt(variances[0] + variances[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.log(rates[0]) - np.log(rates[1])
        return top, np.sqrt(variances[0] / rates[0] ** 2 + variances[1] / rates[1] ** 2)


def _ratio(top: Floats, error: Floats) -> Floats:
    """Give the studentised value: infinite without variance or with an empty arm, 0 for equal rates."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = top / error
    found = np.where(np.isfinite(top), found, np.copysign(np.inf, top))
    nothing = np.abs(top) < SAME
    return np.where(nothing & ~(error > 0), 0.0, found)


def _bounds(value: float, error: float, reach: float) -> tuple[float, float]:
    """Give value plus and minus the quantile times the standard error."""
    if math.isinf(reach) or error == 0:
        return -math.inf, math.inf
    return value - reach * error, value + reach * error


def _text(every: bool, divisions: int, draws: int, seed: int | None) -> str:
    """Say how many divisions were looked at."""
    ways = f"all {divisions:,} divisions" if every else f"{draws:,} random divisions (seed {seed})"
    return (
        f"Studentised permutation test of {ways} of the patients, with their follow-up, between the arms; "
        "interval from the same divisions."
    )


def _notes(every: bool, divisions: int, draws: int, p_value: float, reach: float) -> tuple[str, ...]:
    """Give the sentences on Monte Carlo error, on too few divisions and on an interval without ends."""
    notes = []
    if not every:
        error = math.sqrt(p_value * (1 - p_value) / draws)
        notes.append(f"Monte Carlo standard error of the p value: {number(error, digits=4)}.")
    elif divisions < 40:
        notes.append(
            f"Only {divisions} divisions exist: no p value below {number(1 / divisions, digits=3)} is "
            "possible."
        )
    if math.isinf(reach):
        notes.append(
            "More divisions than the level allows leave an arm without a relapse or without variance, so "
            "that no finite interval exists at this level."
        )
    return tuple(notes)


def _exp(value: float) -> float:
    """Give the exponential, infinite where it overflows."""
    return math.inf if value == math.inf else math.exp(value)
