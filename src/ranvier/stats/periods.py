"""Relapses of the same patients before and after: ratio of the rates, with exact tests and intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, LeftOut, number
from ranvier.stats._inputs import as_level, find_root
from ranvier.stats.poisson import rate_ratio

__all__ = ["BEFORE_AFTER_NOTE", "before_after"]

EQUAL_SHARES = 1e-9
"""Shares of follow-up that differ by less are equal: float64 keeps 15 digits of each."""

BEFORE_AFTER_NOTE = (
    "Relapses fall after entry even without any effect when patients enter because of recent relapses; "
    "compare with the fall expected from the entry rule alone (stats.expected_after_entry)."
)
"""Stands with every before-after result."""

_METHODS = {
    "conditional": "Rate after over rate before, given each patient's total: without an effect each relapse "
    "falls after with the share of that patient's follow-up that lies after, whatever the patient's rate. "
    "Takes the relapses of a patient as independent of each other (Poisson) and the patient's rate as "
    "constant.",
    "pooled": "Rate after over rate before from the totals of all patients. Takes relapses as independent of "
    "each other and, where patients differ in their shares of follow-up, one rate for all patients.",
    "permutation": "Rate after over rate before; p value from swapping before and after within patients in "
    "every possible way. Takes nothing about the relapses within a patient, only that without an effect the "
    "two periods of a patient could be swapped, so that they must be equally long.",
}
_REFERENCES = {
    "conditional": (
        "Przyborowski J, Wilenski H (1940). Biometrika 31:313-323",
        "Hausman J, Hall BH, Griliches Z (1984). doi:10.2307/1911191",
    ),
    "pooled": ("Przyborowski J, Wilenski H (1940). Biometrika 31:313-323",),
    "permutation": (
        "Fisher RA (1935). The Design of Experiments, section 21",
        "Hartigan JA (1969). doi:10.1080/01621459.1969.10501057",
    ),
}

Counts = NDArray[np.int64]
Years = NDArray[np.float64]


def before_after(
    before: ArrayLike,
    after: ArrayLike,
    years_before: ArrayLike,
    years_after: ArrayLike,
    *,
    method: str = "conditional",
    level: float = 0.95,
    quantity: str = "relapse rate after over before",
) -> Estimate:
    r"""Give the relapse rate after over the rate before in the same patients, with interval and p value.

    Parameters
    ----------
    before, after : array_like of int, shape (n_patients,)
        Relapses of each patient in the two periods, same order; None and NaN are missing, and such patients
        are left out and counted.
    years_before, years_after : array_like of float, shape (n_patients,), or float
        Years of follow-up of each patient in the two periods, above 0; one number serves all patients.
    method : {"conditional", "pooled", "permutation"}
        "conditional": exact, given each patient's total; patients may have different rates and follow-up.
        "pooled": exact given the total over all patients, `rate_ratio` of the sums. "permutation": exact
        swapping of the two periods within patients, for relapses that come in clusters; needs periods of
        equal length within each patient.
    level : float
        Confidence level, two-sided.
    quantity : str
        What the ratio is.

    Returns
    -------
    Estimate
        Below 1 when relapses were rarer after; NaN between 0 and infinity when there was no relapse. `n` is
        the number of patients.

    Raises
    ------
    InputError
        When lengths differ, a count is not a whole number of at least 0, a time is not above 0, no patient
        is complete, the periods are unequal under "permutation", or `method` or `level` is not allowed.

    Notes
    -----
    Let patient i have :math:`b_i` relapses in :math:`s_i` years before and :math:`a_i` in :math:`t_i` years
    after, :math:`n_i = a_i + b_i`, and :math:`S = \sum a_i`.

    **conditional.** With rates :math:`\lambda_i` before and :math:`\rho\lambda_i` after, given the totals
    :math:`a_i \sim \mathrm{Bin}(n_i, \rho t_i / (\rho t_i + s_i))`; the :math:`\lambda_i` cancel. The
    distribution of S is the convolution of these binomials. The value is the conditional maximum-likelihood
    ratio, which solves :math:`E_\rho S = S`; the bounds solve :math:`P_\rho(S \ge s) = \alpha/2` and
    :math:`P_\rho(S \le s) = \alpha/2`; the p value is twice the smaller tail at :math:`\rho = 1`, at most 1.
    When all patients share one value of :math:`t_i / (s_i + t_i)` this is the binomial of `rate_ratio`.
    Clusters of relapses within a patient make it too sure.

    **pooled.** `rate_ratio` of :math:`(\sum a_i, \sum b_i)` and :math:`(\sum t_i, \sum s_i)`. Where
    follow-up is unequal and patients differ in their rates it can be wrong in either direction.

    **permutation.** Without an effect each :math:`(b_i, a_i)` is as likely as :math:`(a_i, b_i)`, and all
    :math:`2^n` swaps have the same chance; the p value is twice the smaller tail of
    :math:`\sum (a_i - b_i)`. The interval holds the ratios :math:`\rho` at which the same test of
    :math:`a_i - \rho b_i` does not reject; its ends are ratios :math:`\sum_F a_i / \sum_F b_i` of subsets F
    of the patients, found by exact counting of all subsets. At :math:`\rho \ne 1` it takes
    :math:`a_i - \rho b_i` as symmetric about 0. Six patients with relapses are the fewest that can give a p
    value below 0.05.

    None of them knows why the patients entered: regression to the mean is part of the ratio.

    References
    ----------
    Przyborowski J, Wilenski H (1940). Biometrika 31:313-323
    Hausman J, Hall BH, Griliches Z (1984). doi:10.2307/1911191
    Hartigan JA (1969). doi:10.1080/01621459.1969.10501057
    Martínez-Yélamos S et al. (2006). doi:10.1177/1352458506070820

    Examples
    --------
    >>> import ranvier as rv
    >>> found = rv.stats.before_after([2, 1, 3, 1, 2], [0, 1, 1, 0, 0], 1.0, 1.0)
    >>> print(found.text(), round(found.p_value, 4))
    0.22 (95 % interval 0.02 to 1.07) 0.0654
    """
    require_choice("method", method, _METHODS)
    confidence = as_level(level)
    counts, years, missing = _complete(before, after, years_before, years_after)
    (b, a), (s, t) = counts, years
    totals = (int(a.sum()), int(b.sum())), (float(t.sum()), float(s.sum()))
    if method == "pooled":
        pooled = rate_ratio(*totals, level=confidence)
        value, low, high, p_value = pooled.value, pooled.low, pooled.high, pooled.p_value or 0.0
    elif method == "conditional":
        value, low, high, p_value = _conditional(counts, years, 1 - confidence)
    else:
        value, low, high, p_value = _permutation(counts, years, 1 - confidence)
    return Estimate(
        quantity=quantity,
        value=value,
        low=low,
        high=high,
        level=confidence,
        method=method,
        method_text=_METHODS[method],
        n=a.size,
        p_value=p_value,
        null="relapses are as frequent after as before",
        inputs={
            "patients": a.size,
            "patients with a relapse": int(((a + b) > 0).sum()),
            "relapses before": totals[0][1],
            "relapses after": totals[0][0],
            "years before": round(totals[1][1], 6),
            "years after": round(totals[1][0], 6),
        },
        left_out=(LeftOut(n=missing, reason="patients without both counts and both times"),),
        notes=_notes(totals[0], value, confidence),
        references=(
            *_REFERENCES[method],
            "Martínez-Yélamos S et al. (2006). doi:10.1177/1352458506070820",
        ),
    )


def _complete(*given: ArrayLike) -> tuple[tuple[Counts, Counts], tuple[Years, Years], int]:
    """Give counts and years of the complete patients, and how many were left out."""
    names = ("before", "after", "years_before", "years_after")
    columns = [_column(name, values) for name, values in zip(names, given, strict=True)]
    n = columns[0].size
    spread = [
        np.full(n, column[0]) if column.size == 1 and place > 1 else column
        for place, column in enumerate(columns)
    ]
    for name, column in zip(names[1:], spread[1:], strict=True):
        if column.size != n:
            raise InputError(
                f"before has {n} patients and {name} {column.size}; give one value per patient in the same "
                "order, with None for a missing one."
            )
    known = ~np.isnan(np.stack(spread)).any(axis=0)
    if not known.any():
        raise InputError(f"no complete patient among {n}; both counts and both times are needed.")
    for name, column in zip(names, spread, strict=True):
        _check(name, column, known)
    b, a, s, t = (column[known] for column in spread)
    return (b.astype(np.int64), a.astype(np.int64)), (s, t), int((~known).sum())


def _column(name: str, given: ArrayLike) -> Years:
    """Give one row of floats, missing as NaN."""
    raw = np.atleast_1d(np.asarray(given, dtype=object))
    wrong = [value for value in raw.ravel() if isinstance(value, str | bytes | bool | np.bool_)]
    try:
        values: Years = raw.astype(np.float64)
    except (TypeError, ValueError) as problem:
        raise InputError(f"{name} holds something that is not a number: {problem}.") from problem
    if wrong or values.ndim != 1:
        raise InputError(
            f"{name} must be one row of numbers, with None for a missing one; got {given!r:.80}."
        )
    return values


def _check(name: str, column: Years, known: NDArray[np.bool_]) -> None:
    """Refuse counts that are not whole and times that are not above 0."""
    if name.startswith("years"):
        good, allowed = np.isfinite(column) & (column > 0), "a finite time above 0 years"
    else:
        good, allowed = (
            (column >= 0) & (column == np.floor(column)) & np.isfinite(column),
            ("a whole number of at least 0"),
        )
    bad = np.flatnonzero(known & ~good)
    if bad.size:
        raise InputError(f"{name}[{bad[0]}] is {column[bad[0]]:g}; it must be {allowed}.")


def _conditional(
    counts: tuple[Counts, Counts], years: tuple[Years, Years], alpha: float
) -> tuple[float, float, float, float]:
    """Give ratio, bounds and p value from the convolution of the patients' binomials."""
    (b, a), (s, t) = counts, years
    seen, total = int(a.sum()), int((a + b).sum())
    odds, sizes = _strata(a + b, t / s)
    if total == 0:
        return math.nan, 0.0, math.inf, 1.0

    def tails(log_ratio: float) -> tuple[float, float]:
        chances = _split(sizes, odds * math.exp(log_ratio))
        return float(chances[: seen + 1].sum()), float(chances[seen:].sum())

    def expected(log_ratio: float) -> float:
        ratio = odds * math.exp(log_ratio)
        return float((sizes * ratio / (1 + ratio)).sum()) - seen

    middle = math.log((seen + 0.5) / (total - seen + 0.5)) - math.log(float(np.average(odds, weights=sizes)))
    value = 0.0 if seen == 0 else math.inf if seen == total else math.exp(_solve(expected, middle))
    low = 0.0 if seen == 0 else math.exp(_solve(lambda x: tails(x)[1] - alpha / 2, middle))
    high = math.inf if seen == total else math.exp(_solve(lambda x: tails(x)[0] - alpha / 2, middle))
    return value, low, high, min(1.0, 2 * min(tails(0.0)))


def _strata(totals: Counts, odds: Years) -> tuple[Years, Counts]:
    """Join patients with equal shares of follow-up: their relapses are one binomial."""
    used = totals > 0
    order = np.argsort(odds[used], kind="stable")
    sorted_odds, sorted_totals = odds[used][order], totals[used][order]
    if not sorted_odds.size:
        return sorted_odds, sorted_totals
    new = np.r_[True, np.diff(sorted_odds) > EQUAL_SHARES * sorted_odds[1:]]
    starts = np.flatnonzero(new)
    return sorted_odds[starts], np.add.reduceat(sorted_totals, starts)


def _split(sizes: Counts, odds: Years) -> Years:
    """Give the chances of 0, 1, ... relapses after, all patients together."""
    from scipy import stats

    parts: list[Years] = [
        stats.binom.pmf(np.arange(size + 1), size, ratio / (1 + ratio))
        for size, ratio in zip(sizes.tolist(), odds.tolist(), strict=True)
    ]
    while len(parts) > 1:  # in pairs, so that long arrays meet only at the end
        pairs = [np.convolve(one, two) for one, two in zip(parts[::2], parts[1::2], strict=False)]
        parts = [*pairs, *([parts[-1]] if len(parts) % 2 else [])]
    return parts[0]


def _solve(function: Any, middle: float) -> float:
    """Give the sign change of a monotone function of the log ratio, looking ever further out."""
    width = 1.0
    while function(middle - width) * function(middle + width) > 0:
        width *= 2
    return find_root(function, middle - width, middle + width)


def _permutation(
    counts: tuple[Counts, Counts], years: tuple[Years, Years], alpha: float
) -> tuple[float, float, float, float]:
    """Give ratio, bounds and p value from all swaps of the two periods within patients."""
    (b, a), (s, t) = counts, years
    apart = np.flatnonzero(np.abs(s - t) > EQUAL_SHARES * s)
    if apart.size:
        place = apart[0]
        raise InputError(
            f"patient {place} has {s[place]:g} years before and {t[place]:g} after; swapping needs periods "
            "of equal length within each patient. Cut both to the shorter one, or use method='conditional'."
        )
    used = (a + b) > 0
    if not used.any():
        return math.nan, 0.0, math.inf, 1.0
    shares = _subsets(a[used], b[used])
    after, before = np.indices(shares.shape)
    # Swapping the subset F turns the sum of a - b into that sum minus twice the sum over F.
    p_value = min(1.0, 2 * min(shares[after >= before].sum(), shares[after <= before].sum()))
    low, high = _typical(shares, alpha / 2)
    seen, earlier = int(a.sum()), int(b.sum())
    return seen / earlier if earlier else math.inf, low, high, float(p_value)


def _subsets(a: Counts, b: Counts) -> Years:
    """Give the share of all subsets of patients with each pair of sums (after, before)."""
    shares = np.zeros((int(a.sum()) + 1, int(b.sum()) + 1))
    shares[0, 0] = 1.0
    for up, right in zip(a.tolist(), b.tolist(), strict=True):
        moved = np.zeros_like(shares)
        moved[up:, right:] = shares[: shares.shape[0] - up, : shares.shape[1] - right]
        shares = (shares + moved) / 2
    return shares


def _typical(shares: Years, tail: float) -> tuple[float, float]:
    """Give the smallest and the largest ratio that the swaps do not reject at `tail` on each side."""
    after, before = np.nonzero(shares)
    weight = shares[after, before]
    empty = (after == 0) & (before == 0)  # the empty subset lies on both sides of every ratio
    with np.errstate(divide="ignore"):
        ratio = after[~empty] / before[~empty]
    order = np.argsort(ratio, kind="stable")
    ratio, weight, always = ratio[order], weight[~empty][order], float(weight[empty].sum())
    if always > tail:
        return 0.0, math.inf
    # not rejected from below: P(ratio of F <= r) + P(empty) > tail; from above likewise.
    up, down = always + np.cumsum(weight), always + np.cumsum(weight[::-1])
    return float(ratio[np.argmax(up > tail)]), float(ratio[::-1][np.argmax(down > tail)])


def _notes(totals: tuple[int, int], value: float, level: float) -> tuple[str, ...]:
    """Give the note on regression to the mean and those on periods without relapses."""
    after, before = totals
    if not after + before:
        return (
            "No relapse in either period: the ratio cannot be estimated and every ratio is possible.",
            BEFORE_AFTER_NOTE,
        )
    if not before:
        return ("No relapse before: the ratio has no upper limit.", BEFORE_AFTER_NOTE)
    if not after:
        none = f"No relapse after: the ratio is {number(value)} here, the upper bound of the "
        return (f"{none}{100 * level:g} % interval says how large it may be.", BEFORE_AFTER_NOTE)
    return (BEFORE_AFTER_NOTE,)
