"""Values of two groups: the exact rank-sum test and the Hodges-Lehmann shift."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, LeftOut, number, percent
from ranvier.stats import _rank_sums
from ranvier.stats._inputs import as_level
from ranvier.stats._samples import as_sample, steps_per_unit

__all__ = ["rank_sum"]

Whole = NDArray[np.int64]

_METHODS = {
    "exact": "Exact rank-sum (Mann-Whitney) test given all ties",
    "mid-p": "Mid-P rank-sum (Mann-Whitney) test given all ties, which may reject slightly more "
    "often than stated",
}
_TWO_SIDED = {
    "double": "p is twice the smaller tail, at most 1, as the interval is made",
    "distance": "p adds up all rank sums at least as far from their mean, while the interval is made of two "
    "one-sided tests, so that the two may disagree",
}
_REFERENCES = (
    "Mann HB, Whitney DR (1947). doi:10.1214/aoms/1177730491",
    "Hodges JL, Lehmann EL (1963). doi:10.1214/aoms/1177704172",
    "Streitberg B, Roehmel J (1986). Statistical Software Newsletter 12:10-17",
)


def rank_sum(
    first: ArrayLike,
    second: ArrayLike,
    *,
    method: str = "exact",
    two_sided: str = "double",
    level: float = 0.95,
    quantity: str = "difference between groups",
    unit: str = "",
) -> Estimate:
    r"""Give the typical difference, first group minus second, with interval and p value.

    Parameters
    ----------
    first, second : array_like, shapes (n_first,) and (n_second,)
        Values of two independent groups; None and NaN are missing, left out and counted.
    method : {"exact", "mid-p"}
        How p value and interval are made; "mid-p" counts the chance of the rank sum seen half.
    two_sided : {"double", "distance"}
        The two-sided p value: twice the smaller tail, or all rank sums at least as far from their mean (as
        R's coin does). They differ when ties make the distribution skewed. The interval belongs to "double".
    level : float
        Confidence level, two-sided.
    quantity : str
        What the difference is, such as "EDSS change, cells minus placebo".
    unit : str
        Unit of the values, such as "EDSS points".

    Returns
    -------
    Estimate
        The Hodges-Lehmann shift. Bounds are infinite, with a note, when there are too few patients for the
        level.

    Raises
    ------
    InputError
        When a group has no value, holds text or infinite values, or when `method`, `two_sided` or `level` is
        not allowed.

    Notes
    -----
    **p value.** Given all values, each choice of the patients who make up the first group is equally likely.
    With mid-ranks of all values, the sum in the first group has the distribution of a sum drawn without
    replacement, built by adding one rank after the other; nothing is approximated.

    **Value.** The median of all differences between a value of the first and one of the second group.

    **Interval.** All shifts θ at which neither one-sided test of the first group minus θ, each at half of
    1 − `level`, rejects; the same test with the ties of each θ is used, and the ends are closed. It holds
    zero whenever p is above 1 − `level`. Zero may also be an end of it when p is not above; a note says so.
    Above 400 pairs of patients the untied distribution with closed ends is used, which for "exact" is never
    too narrow with ties and right without them.

    The two groups are taken to differ by a shift only. Values that agree to 12 digits of the largest are
    equal.

    References
    ----------
    Mann HB, Whitney DR (1947). doi:10.1214/aoms/1177730491
    Hodges JL, Lehmann EL (1963). doi:10.1214/aoms/1177704172
    Streitberg B, Roehmel J (1986). Statistical Software Newsletter 12:10-17

    Examples
    --------
    >>> import ranvier as rv
    >>> cells, placebo = [-1.0, -0.5, -0.5, 0.0, -1.5, 0.5], [0.0, 0.5, 0.0, 1.0, 0.5, -0.5]
    >>> gap = rv.stats.rank_sum(cells, placebo, unit="EDSS points")
    >>> print(gap.text(), round(gap.p_value, 4))
    −0.75 EDSS points (95 % interval −1.50 to 0.00) 0.1126
    """
    require_choice("method", method, _METHODS)
    require_choice("two_sided", two_sided, _TWO_SIDED)
    confidence = as_level(level)
    one, two, missing = _known(first, second)
    scale = steps_per_unit(float(max(np.abs(one).max(), np.abs(two).max())))
    steps_one, steps_two = (np.rint(values * scale).astype(np.int64) for values in (one, two))
    mid = method == "mid-p"
    found = _rank_sums.rank_sums(steps_one, steps_two)
    p_value = _rank_sums.two_sided(found, mid=mid, by_distance=two_sided == "distance")
    low, high = _rank_sums.compatible_shifts(steps_one, steps_two, tail=(1 - confidence) / 2, mid=mid)
    return Estimate(
        quantity=quantity,
        value=_rank_sums.shift(steps_one, steps_two) / scale + 0.0,
        low=low / scale + 0.0,
        high=high / scale + 0.0,
        level=confidence,
        method=method,
        method_text=f"{_METHODS[method]}; the value is the Hodges-Lehmann shift, first group minus "
        "second, and the "
        f"interval holds the shifts that the test does not reject; {_TWO_SIDED[two_sided]}.",
        n=one.size + two.size,
        unit=unit,
        p_value=p_value,
        null="both groups come from the same distribution",
        inputs={"first group": one.size, "second group": two.size},
        left_out=(LeftOut(n=missing, reason="patients with a missing value"),),
        notes=_notes((one, two), (low, high), confidence, p_value),
        references=_REFERENCES,
    )


def _known(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Give the known values of both groups, and how many are missing."""
    given = as_sample("first", first), as_sample("second", second)
    one, two = (values[~np.isnan(values)] for values in given)
    for name, values, all_values in (("first", one, given[0]), ("second", two, given[1])):
        if not values.size:
            raise InputError(
                f"{name} has no known value among {all_values.size}; each group needs at least one."
            )
    return one, two, given[0].size + given[1].size - one.size - two.size


def _notes(
    groups: tuple[NDArray[np.float64], NDArray[np.float64]],
    bounds: tuple[float, float],
    level: float,
    p_value: float,
) -> tuple[str, ...]:
    """Give the sentences on equal values, too few patients, and a zero at the edge."""
    one, two = groups
    low, high = bounds
    notes = []
    if np.unique(np.concatenate(groups)).size == 1:
        notes.append("All values are equal: the ranks say nothing.")
    if math.isinf(low) or math.isinf(high):
        attainable = percent(1 - 2 / math.comb(one.size + two.size, one.size), digits=2)
        widest = f"{number(float(one.min() - two.max()))} to {number(float(one.max() - two.min()))}"
        notes.append(
            f"No {100 * level:g} % interval that is finite on both sides exists with {one.size} and "
            f"{two.size} "
            f"patients; {widest}, the smallest and the largest difference, is an interval of at "
            f"least {attainable}."
        )
    elif p_value <= 1 - level and low <= 0 <= high:
        notes.append("Zero itself is rejected by the test, but shifts next to it are not.")
    return tuple(notes)
