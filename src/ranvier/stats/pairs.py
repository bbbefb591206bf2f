"""Change within the same patients: signed-rank and sign test with matching intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, LeftOut, number, percent, plural
from ranvier.stats import signed_rank
from ranvier.stats._inputs import as_level
from ranvier.stats._samples import as_sample, steps_per_unit

__all__ = ["paired"]

_ZEROS = {
    "pratt": "ranked and then dropped by Pratt's rule",
    "wilcoxon": "dropped before ranking by Wilcoxon's rule",
}
_REFERENCES = {
    "signed-rank": (
        "Wilcoxon F (1945). doi:10.2307/3001968",
        "Pratt JW (1959). doi:10.1080/01621459.1959.10501526",
        "Hodges JL, Lehmann EL (1963). doi:10.1214/aoms/1177704172",
        "Streitberg B, Roehmel J (1986). Statistical Software Newsletter 12:10-17",
    ),
    "sign-test": (
        "Dixon WJ, Mood AM (1946). doi:10.1080/01621459.1946.10501898",
        "Thompson WR (1936). doi:10.1214/aoms/1177732502",
    ),
}


def paired(
    before: ArrayLike,
    after: ArrayLike,
    *,
    method: str = "signed-rank",
    zeros: str = "pratt",
    level: float = 0.95,
    quantity: str = "change",
    unit: str = "",
) -> Estimate:
    r"""Give the typical change after minus before in the same patients, with interval and p value.

    Parameters
    ----------
    before, after : array_like, shape (n_pairs,)
        Values of the same patients in the same order; None and NaN are missing, and such pairs are left
        out and counted.
    method : {"signed-rank", "sign-test"}
        "signed-rank": exact signed-rank test, Hodges-Lehmann pseudomedian and its interval; takes the
        differences as symmetric. "sign-test": exact binomial test of the direction, median and its
        order-statistic interval; takes nothing about their shape.
    zeros : {"pratt", "wilcoxon"}
        Differences of zero in the signed-rank test: ranked and then dropped, or dropped first. The sign
        test always drops them from the p value.
    level : float
        Confidence level, two-sided.
    quantity : str
        What the change is, such as "EDSS change at month 12".
    unit : str
        Unit of the values, such as "EDSS points".

    Returns
    -------
    Estimate
        Negative when values are lower after. Bounds are infinite, with a note, when there are too few pairs
        for the level.

    Raises
    ------
    InputError
        When the two have unequal length, hold text or infinite values, or share no complete pair, or when
        `method`, `zeros` or `level` is not allowed.

    Notes
    -----
    **p value.** Given the sizes of the differences, each sign is + or − with chance one half. With mid-ranks
    :math:`r_i` of the sizes and :math:`W = \sum_{d_i > 0} r_i`, the p value is
    :math:`P(|W - EW| \ge |w - EW|)`. The distribution is symmetric, so this is also twice the smaller tail,
    at most 1. It is built by adding one rank after the other (shift algorithm); nothing is approximated.

    **Value.** The median of all :math:`(d_i + d_j)/2`, :math:`i \le j`, zeros included.

    **Interval.** All shifts θ at which neither one-sided test of :math:`d_i - \theta`, each at half of
    1 − `level`, rejects; the same test, ties and zero rule are used at each θ, and the ends are closed.
    So the interval always holds the value, and holds zero whenever p is above 1 − `level`. Above 100 pairs
    the untied distribution with closed ends is used, which is exact without ties and never too narrow
    with them.

    **Sign test.** The p value is binomial on the non-zero differences. The interval runs from the k-th
    smallest to the k-th largest of all differences, zeros included, with the largest k for which
    :math:`2 P(\mathrm{Bin}(n, 1/2) < k) \le 1 - \mathrm{level}`.

    Differences that agree to 12 digits of the largest value are equal, so that rounding errors of a
    subtraction break no tie. A change within patients is what happened, not what a treatment did.

    References
    ----------
    Wilcoxon F (1945). doi:10.2307/3001968
    Pratt JW (1959). doi:10.1080/01621459.1959.10501526
    Hodges JL, Lehmann EL (1963). doi:10.1214/aoms/1177704172
    Noether GE (1967). Journal of the American Statistical Association 62:184-188
    Thompson WR (1936). doi:10.1214/aoms/1177732502

    Examples
    --------
    >>> import ranvier as rv
    >>> before = [5.0, 5.5, 6.0, 4.0, 6.5, 5.0, 3.5, 6.0]
    >>> after = [4.5, 5.5, 5.0, 4.0, 6.0, 4.0, 3.5, 4.5]
    >>> change = rv.stats.paired(before, after, unit="EDSS points")
    >>> print(change.text(), round(change.p_value, 4))
    −0.50 EDSS points (95 % interval −1.00 to 0.00) 0.0625
    """
    require_choice("method", method, _REFERENCES)
    require_choice("zeros", zeros, _ZEROS)
    confidence = as_level(level)
    first, second = as_sample("before", before), as_sample("after", after)
    if first.size != second.size:
        raise InputError(
            f"before has {plural(first.size, 'value')} and after {second.size}; give one of each per patient "
            "in the same order, with None for a missing one."
        )
    known = ~(np.isnan(first) | np.isnan(second))
    if not known.any():
        raise InputError(f"no complete pair among {first.size}; at least one patient needs both values.")
    steps, scale = _on_grid(first[known], second[known])
    solve = _signed_rank if method == "signed-rank" else _sign_test
    value, (low, high), p_value, text = solve(steps, 1 - confidence, zeros)
    extremes = (int(steps.min()) / scale, int(steps.max()) / scale)
    return Estimate(
        quantity=quantity,
        value=value / scale + 0.0,  # never minus zero
        low=low / scale + 0.0,
        high=high / scale + 0.0,
        level=confidence,
        method=method,
        method_text=text,
        n=steps.size,
        unit=unit,
        p_value=p_value,
        null="a fall is as likely as a rise of the same size"
        if method == "signed-rank"
        else "a fall is as likely as a rise",
        inputs=_counts(steps),
        left_out=(LeftOut(n=int((~known).sum()), reason="pairs with a missing value"),),
        notes=_notes(steps.size, (low, high), extremes, confidence, p_value),
        references=_REFERENCES[method],
    )


def _on_grid(before: NDArray[np.float64], after: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """Give after minus before in whole steps of a decimal grid, and the steps per unit."""
    largest = float(max(np.abs(before).max(), np.abs(after).max()))
    scale = steps_per_unit(largest)
    steps: NDArray[np.int64] = np.rint((after - before) * scale).astype(np.int64)
    return steps, scale


_Solved = tuple[float, tuple[float, float], float, str]


def _signed_rank(steps: NDArray[np.int64], alpha: float, zeros: str) -> _Solved:
    """Give pseudomedian, its bounds, p value and method sentence."""
    p_value = signed_rank.two_sided(signed_rank.ranks(steps, zeros=zeros))
    bounds = signed_rank.compatible_shifts(steps, tail=alpha / 2, zeros=zeros)
    none = int((steps == 0).sum())
    dropped = f", {plural(none, 'zero difference')} {_ZEROS[zeros]}" if none else ""
    text = (
        f"Exact signed-rank test of after minus before ({plural(steps.size, 'pair')}{dropped}); the value is "
        "the Hodges-Lehmann pseudomedian and the interval holds the shifts that the test does not reject."
    )
    return signed_rank.pseudomedian(steps), bounds, p_value, text


def _sign_test(steps: NDArray[np.int64], alpha: float, _zeros: str) -> _Solved:
    """Give median, its order-statistic bounds, p value and method sentence."""
    n, below, above = steps.size, int((steps < 0).sum()), int((steps > 0).sum())
    p_value = min(1.0, 2 * float(special.bdtr(min(below, above), below + above, 0.5)))
    # bdtr(k - 1) is the chance that fewer than k differences fall on one side of the median.
    tails = special.bdtr(np.arange(n // 2 + 1), n, 0.5)
    rank = int(np.searchsorted(2 * tails, alpha, side="right"))
    order = np.sort(steps)
    bounds = (float(order[rank - 1]), float(order[-rank])) if rank else (-math.inf, math.inf)
    none = n - below - above
    dropped = f", {plural(none, 'zero difference')} dropped from the p value only" if none else ""
    text = (
        f"Exact sign test of after minus before ({plural(n, 'pair')}{dropped}); the value is the median "
        "difference and the interval lies between two of the ordered differences."
    )
    return float(np.median(steps)), bounds, p_value, text


def _counts(steps: NDArray[np.int64]) -> dict[str, Any]:
    """Give how many went down, stayed and went up."""
    return {
        "pairs": steps.size,
        "lower after": int((steps < 0).sum()),
        "unchanged": int((steps == 0).sum()),
        "higher after": int((steps > 0).sum()),
    }


def _notes(
    n: int, bounds: tuple[float, float], extremes: tuple[float, float], level: float, p_value: float
) -> tuple[str, ...]:
    """Give the sentences on too few pairs and on a zero at the edge."""
    low, high = bounds
    if math.isinf(low):
        needed = math.ceil(1 - math.log2(1 - level))
        attainable = percent(1 - 2.0 ** (1 - n), digits=2)
        few = (
            f"No finite {100 * level:g} % interval exists with {plural(n, 'pair')}: it needs at least "
            f"{needed}. From the smallest to the largest difference, {number(extremes[0])} to "
            f"{number(extremes[1])}, is an interval of {attainable}."
        )
        return (few,)
    if p_value <= 1 - level and low <= 0 <= high:
        return ("Zero itself is rejected by the test, but shifts next to it are not.",)
    return ()
