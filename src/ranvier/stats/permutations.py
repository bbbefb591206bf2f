"""Permutation tests of any statistic: all arrangements when they can be counted, else a stated sample."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, LeftOut, number
from ranvier.stats import _rank_sums, signed_rank
from ranvier.stats._samples import as_sample, steps_per_unit
from ranvier.stats.binomial import binomial_bounds

__all__ = ["permutation"]

Floats = NDArray[np.float64]
Statistic = Callable[..., float]

ALL_UP_TO = 200_000
"""Arrangements up to which a statistic is computed for each; a few seconds for a cheap one."""
LONGEST_SUM = 200_000
"""Steps of a sum up to which the distribution of a mean is built by convolution."""
EQUAL = 1e-10
"""Statistics are equal when they agree to this share of the largest, so that rounding breaks no tie."""

_DESIGNS = {
    "two groups": "each choice of the patients who make up the first group is equally likely",
    "paired": "each patient's two values could as well be exchanged",
    "one group": "each value could as well have the opposite sign",
}


@dataclass(frozen=True)
class _Tails:
    """Chances of a statistic at most and at least as large as seen, and how they were found."""

    below: float
    above: float
    arrangements: int
    sampled: bool


def permutation(
    first: ArrayLike,
    second: ArrayLike | None = None,
    *,
    design: str = "two groups",
    statistic: str | Statistic = "mean",
    draws: int = 9_999,
    seed: int | None = None,
    quantity: str = "",
) -> Estimate:
    r"""Give a statistic with its permutation p value.

    Parameters
    ----------
    first : array_like, shape (n,)
        Values of the first group, of the first occasion, or of the one group. None and NaN are missing, left
        out (pairs as a whole) and counted.
    second : array_like, optional
        Values of the second group or occasion; not for "one group".
    design : {"two groups", "paired", "one group"}
        What may be exchanged: patients between groups, the two values of a patient, or signs.
    statistic : "mean" or callable
        "mean" is the mean of the first minus that of the second group, the mean of second minus first of
        pairs, or the mean. A callable takes the two arrays for "two groups", else the one array of values or
        of differences (second minus first), and returns a number.
    draws : int
        Arrangements drawn at random when there are more than 200,000 and no exact distribution.
    seed : int, optional
        Required when arrangements are drawn.
    quantity : str
        What the statistic is.

    Returns
    -------
    Estimate
        The statistic of the data, without an interval, and the p value.

    Raises
    ------
    InputError
        When a group has no value, pairs have unequal length, the statistic does not return a finite number,
        arrangements must be drawn and `seed` is missing, or `design`, `statistic` or `draws` is not allowed.

    Notes
    -----
    The two-sided p value is twice the smaller of the chances of a statistic at most and at least as large as
    seen, at most 1; this needs no centre and fits skewed statistics.

    Means of values on a grid, such as EDSS half-steps, have their exact distribution built by convolution for
    any number of patients. Other statistics are computed for every arrangement when there are at most
    200,000. Otherwise `draws` arrangements are drawn, and with :math:`b` of them as extreme each tail is
    :math:`(b + 1) / (\mathrm{draws} + 1)`, which never rejects more often than stated (Phipson and Smyth
    2010); a note gives the Monte Carlo error.

    References
    ----------
    Pitman EJG (1937). doi:10.2307/2984124
    Phipson B, Smyth GK (2010). doi:10.2202/1544-6115.1585

    Examples
    --------
    >>> import numpy as np
    >>> import ranvier as rv
    >>> cells, placebo = [-1.0, -0.5, -0.5, 0.0, -1.5, 0.5], [0.0, 0.5, 0.0, 1.0, 0.5, -0.5]
    >>> round(rv.stats.permutation(cells, placebo).p_value, 4)
    0.1061
    >>> median_gap = lambda a, b: np.median(a) - np.median(b)
    >>> round(rv.stats.permutation(cells, placebo, statistic=median_gap).p_value, 4)
    0.1991
    """
    require_choice("design", design, _DESIGNS)
    if not callable(statistic):
        require_choice("statistic", statistic, ("mean",))
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
        raise InputError(f"draws is {draws!r}; it must be a whole number of at least 1.")
    groups, left = _groups(first, second, design)
    measure: Statistic = statistic if callable(statistic) else _mean
    value = _computed(measure, groups)
    tails = None if callable(statistic) else _by_convolution(groups)
    if tails is None:
        tails = _by_arrangement(measure, groups, value, int(draws), seed)
    p_value = min(1.0, 2 * min(tails.below, tails.above))
    name = "mean" if not callable(statistic) else getattr(statistic, "__name__", "statistic")
    return Estimate(
        quantity=quantity or ("difference of means" if design == "two groups" else "mean"),
        value=value,
        low=math.nan,
        high=math.nan,
        level=0.95,
        method="sampled permutations" if tails.sampled else "all permutations",
        method_text=_sentence(tails, design, name),
        n=sum(group.size for group in groups),
        p_value=p_value,
        null=_DESIGNS[design],
        inputs={"patients": tuple(group.size for group in groups), "design": design},
        left_out=(
            LeftOut(n=left, reason="pairs with a missing value" if design == "paired" else "missing values"),
        ),
        notes=_monte_carlo(tails),
        references=(
            "Pitman EJG (1937). doi:10.2307/2984124",
            "Phipson B, Smyth GK (2010). doi:10.2202/1544-6115.1585",
        ),
    )


def _groups(first: ArrayLike, second: ArrayLike | None, design: str) -> tuple[tuple[Floats, ...], int]:
    """Give the known values as one or two arrays, and how many were left out."""
    one = as_sample("first", first)
    if (second is None) != (design == "one group"):
        need = "takes no second sample" if design == "one group" else "needs a second sample"
        raise InputError(f"design {design!r} {need}; designs are {list(_DESIGNS)}.")
    samples = [one] if second is None else [one, as_sample("second", second)]
    if design == "paired":
        if one.size != samples[1].size:
            raise InputError(
                f"first has {one.size} values and second {samples[1].size}; pairs need one of each "
                "per patient."
            )
        samples = [_differences(one, samples[1])]
    known = tuple(sample[~np.isnan(sample)] for sample in samples)
    for name, values in zip(("first", "second"), known, strict=False):
        if not values.size:
            raise InputError(
                f"{name} has no known value; a permutation test needs at least one in each group."
            )
    return known, sum(sample.size for sample in samples) - sum(values.size for values in known)


def _differences(first: Floats, second: Floats) -> Floats:
    """Give second minus first, rounded to the grid on which differences tie."""
    sizes = np.abs(np.concatenate([first, second]))
    scale = steps_per_unit(float(np.nanmax(sizes)) if np.isfinite(sizes).any() else 0.0)
    gaps: Floats = np.rint((second - first) * scale) / scale
    return gaps


def _mean(one: Floats, two: Floats | None = None) -> float:
    """Give the mean, or the difference of means."""
    return float(one.mean()) - (0.0 if two is None else float(two.mean()))


def _computed(statistic: Statistic, groups: tuple[Floats, ...]) -> float:
    """Give the statistic as a finite float."""
    found: Any = statistic(*groups)
    try:
        value = float(found)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"the statistic gave {found!r} for groups of {[group.size for group in groups]}; it "
            "must return a finite "
            "number for every arrangement of the values."
        )
    return value


def _by_convolution(groups: tuple[Floats, ...]) -> _Tails | None:
    """Give the exact tails of a mean when its sums lie on a short grid."""
    scale = steps_per_unit(float(max(np.abs(group).max() for group in groups)))
    steps = [np.rint(group * scale).astype(np.int64) for group in groups]
    unit = max(1, int(np.gcd.reduce(np.concatenate(steps))))
    steps = [group // unit for group in steps]
    if len(steps) == 1:
        sizes = np.abs(steps[0])
        if int(sizes.sum()) > LONGEST_SUM:
            return None
        seen = int(steps[0][steps[0] > 0].sum())
        counts, exponent = signed_rank.subset_counts(np.sort(sizes[sizes > 0]), int(sizes.sum()))
        each = np.ldexp(counts, exponent)
        place = seen // max(1, int(np.gcd.reduce(sizes)))
        return _Tails(float(each[: place + 1].sum()), float(each[place:].sum()), 2**sizes.size, sampled=False)
    both = np.concatenate(steps)
    if int(both.max() - both.min()) * min(group.size for group in steps) > LONGEST_SUM:
        return None
    found = _rank_sums.Sums(np.sort(both), steps[0].size, int(steps[0].sum()))
    below, above, _ = _rank_sums.tails(found)
    return _Tails(below, above, math.comb(both.size, steps[0].size), sampled=False)


def _by_arrangement(
    statistic: Statistic, groups: tuple[Floats, ...], value: float, draws: int, seed: int | None
) -> _Tails:
    """Give the tails from every arrangement, or from a sample of them."""
    two = len(groups) == 2
    both = np.concatenate(groups)
    size, first = both.size, groups[0].size
    arrangements = math.comb(size, first) if two else 2**size
    sampled = arrangements > ALL_UP_TO
    if sampled and seed is None:
        raise InputError(
            f"there are {arrangements:.3g} arrangements, more than {ALL_UP_TO:,}, so {draws:,} are "
            "drawn at random; give "
            "a seed, such as seed=1."
        )
    if two:
        ways = _splits(size, first) if not sampled else _drawn_splits(size, draws, seed)
        found = [_computed(statistic, (both[way[:first]], both[way[first:]])) for way in ways]
    else:
        signs = _signs(size) if not sampled else _drawn_signs(size, draws, seed)
        found = [_computed(statistic, (both * sign,)) for sign in signs]
    values = np.array(found)
    slack = EQUAL * float(max(np.abs(values).max(), abs(value)))
    extra = int(sampled)
    below, above = int((values <= value + slack).sum()), int((values >= value - slack).sum())
    total = values.size + extra
    return _Tails((below + extra) / total, (above + extra) / total, total - extra, sampled=sampled)


def _splits(size: int, first: int) -> Iterator[NDArray[np.intp]]:
    """Give every choice of the first group, followed by the rest."""
    everyone = np.arange(size)
    for chosen in itertools.combinations(range(size), first):
        inside = np.zeros(size, dtype=bool)
        inside[list(chosen)] = True
        yield np.concatenate([everyone[inside], everyone[~inside]])


def _drawn_splits(size: int, draws: int, seed: int | None) -> Iterator[NDArray[np.intp]]:
    """Give random orders of the patients."""
    rng = np.random.default_rng(seed)
    return (rng.permutation(size) for _ in range(draws))


def _signs(size: int) -> Iterator[Floats]:
    """Give every pattern of signs."""
    return (np.array(signs) for signs in itertools.product((1.0, -1.0), repeat=size))


def _drawn_signs(size: int, draws: int, seed: int | None) -> Iterator[Floats]:
    """Give random patterns of signs."""
    rng = np.random.default_rng(seed)
    return (rng.choice((1.0, -1.0), size) for _ in range(draws))


def _sentence(tails: _Tails, design: str, name: str) -> str:
    """Say how the p value was made."""
    how = (
        f"{tails.arrangements:,} arrangements drawn at random"
        if tails.sampled
        else f"all {tails.arrangements:,} arrangements"
        if tails.arrangements < 1e9
        else "all arrangements (exact, by convolution)"
    )
    chances = f"{_DESIGNS[design]}; p is twice the smaller tail, at most 1."
    return f"Permutation test of the {name} over {how}: {chances}"


def _monte_carlo(tails: _Tails) -> tuple[str, ...]:
    """Give the Monte Carlo error of a sampled p value: the exact interval of its tail, doubled."""
    if not tails.sampled:
        return ()
    tail = min(tails.below, tails.above)
    count = round(tail * (tails.arrangements + 1)) - 1
    low, high = binomial_bounds(count, tails.arrangements, method="clopper-pearson", level=0.99)
    error = 2 * math.sqrt(tail * (1 - tail) / tails.arrangements)
    ends = " and ".join(number(min(1.0, 2 * end), digits=4) for end in (low, high))
    note = (
        f"The p value is itself estimated, with Monte Carlo standard error {error:.2g}: all arrangements "
        f"would give between {ends} (99 % interval)."
    )
    return (note,)
