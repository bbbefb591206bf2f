"""The difference of two rates of events per year."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from ranvier.errors import require_choice
from ranvier.result import Estimate, LeftOut, number
from ranvier.stats import _melded
from ranvier.stats._inputs import as_count, as_level, as_two, as_years, find_root
from ranvier.stats.poisson import rate_ratio

__all__ = ["rate_difference"]

_METHODS = {
    "exact": "First rate minus second, both per year; the interval melds the two exact (Garwood) "
    "intervals and agrees "
    "with the exact test given the total number of events; p is twice the smaller tail.",
    "score": "First rate minus second, both per year, with the score interval and test, which hold "
    "as stated only "
    "with many events.",
}
_SOURCES = {
    "exact": ("Fay MP, Proschan MA, Brittain EH (2015). Biometrics 71:146-156",),
    "score": ("Miettinen O, Nurminen M (1985). doi:10.1002/sim.4780040211",),
}


def rate_difference(
    events: Sequence[int],
    years: Sequence[float],
    *,
    method: str = "exact",
    level: float = 0.95,
    quantity: str = "rate difference",
    left_out: tuple[LeftOut, ...] = (),
) -> Estimate:
    r"""Give the first of two rates minus the second, with interval and p value.

    Parameters
    ----------
    events : sequence of int, shape (2,)
        Number of events in the first and in the second group.
    years : sequence of float, shape (2,)
        Person-years of each group, above 0.
    method : {"exact", "score"}
        How interval and p value are made.
    level : float
        Confidence level, two-sided.
    quantity : str
        What the difference is.
    left_out : tuple of LeftOut
        Who was left out and why; printed with the number.

    Returns
    -------
    Estimate
        Difference and bounds per year; `n` is the total number of events.

    Raises
    ------
    InputError
        When `events` or `years` does not hold two usable values, or `method` or `level` is not allowed.

    Notes
    -----
    **exact.** With :math:`\alpha = 1 - \mathrm{level}` the lower bound is the :math:`\alpha/2` quantile of
    :math:`G_1 - G_2`, where :math:`G_1 \sim \Gamma(x_1)/t_1` runs through the Garwood lower limits of the
    first rate and :math:`G_2 \sim \Gamma(x_2 + 1)/t_2` through the upper limits of the second; the upper
    bound mirrors it. The p value is the exact one of `rate_ratio`, and is at most α if and only if the
    interval leaves out 0. At equal rates the guarantee is that of this test. Elsewhere there is no general
    proof; coverage was at least as stated in every sum over all counts that was tried (docs/validation).

    **score.** The δ at which :math:`(\hat\lambda_1 - \hat\lambda_2 - \delta) / \mathrm{SE}_\delta` is
    within the normal quantiles, both rates in the standard error being fitted under δ.

    References
    ----------
    Fay MP, Proschan MA, Brittain EH (2015). Biometrics 71:146-156
    Miettinen O, Nurminen M (1985). doi:10.1002/sim.4780040211

    Examples
    --------
    >>> import ranvier as rv
    >>> gap = rv.stats.rate_difference((3, 11), (12.5, 12.5))
    >>> print(gap.text(), round(gap.p_value, 3))
    −0.64 per year (95 % interval −1.38 to 0.02) 0.057
    """
    one, two = as_two("events", events)
    counts = as_count("the first of events", one), as_count("the second of events", two)
    one, two = as_two("years", years)
    times = as_years("the first of years", one), as_years("the second of years", two)
    require_choice("method", method, _METHODS)
    confidence = as_level(level)
    value = counts[0] / times[0] - counts[1] / times[1]
    if method == "exact":
        limits = [_melded.rate_limits(*group) for group in zip(counts, times, strict=True)]
        low, high = _melded.melded_bounds(limits[0], limits[1], 1 - confidence)
        p_value = rate_ratio(counts, times, level=confidence).p_value
    else:
        low, high = _score_bounds(counts, times, 1 - confidence)
        p_value = 2 * float(special.ndtr(-abs(_score(counts, times, 0.0))))
    return Estimate(
        quantity=quantity,
        value=value,
        low=low,
        high=high,
        level=confidence,
        method=method,
        method_text=_METHODS[method],
        n=sum(counts),
        unit="per year",
        p_value=p_value,
        null="the two rates are equal",
        inputs={"events": counts, "person-years": times},
        left_out=tuple(left_out),
        notes=() if sum(counts) else (_none(times, low, high),),
        references=_SOURCES[method],
    )


def _none(times: tuple[float, float], low: float, high: float) -> str:
    """Say what no event in either group still allows."""
    return (
        f"No event in {times[0]:g} and {times[1]:g} person-years: the first rate could be up to "
        f"{number(high)} per "
        f"year higher, or {number(-low)} lower, than the second."
    )


def _score(counts: tuple[int, int], times: tuple[float, float], gap: float) -> float:
    """Give the score statistic of a difference, the second rate fitted under it."""
    (x, y), (s, t) = counts, times
    a, b, c = s + t, (s + t) * gap - x - y, -y * gap
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    second = max(-2 * c / (b + root) if b > 0 else (root - b) / (2 * a), 0.0, -gap)
    variance = (second + gap) / s + second / t
    distance = x / s - y / t - gap
    if abs(distance) <= 1e-14 * (x / s + y / t + abs(gap)):
        return 0.0
    return math.copysign(math.inf, distance) if variance <= 0 else distance / math.sqrt(variance)


def _score_bounds(counts: tuple[int, int], times: tuple[float, float], alpha: float) -> tuple[float, float]:
    """Give where the score statistic leaves the normal quantiles."""
    critical = -float(special.ndtri(alpha / 2))

    def low(first: tuple[int, int], years: tuple[float, float]) -> float:
        estimate = first[0] / years[0] - first[1] / years[1]
        # Both rates at their largest plausible value lie well beyond the bound.
        reach = sum(
            (count + critical**2 + 10) * (1 + critical) / year
            for count, year in zip(first, years, strict=True)
        )
        return find_root(lambda gap: _score(first, years, gap) - critical, estimate - reach, estimate)

    return low(counts, times), -low(counts[::-1], times[::-1])
