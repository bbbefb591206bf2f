"""The fall in relapses that an entry rule makes by itself, without any treatment effect."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit
from ranvier.trial import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule

__all__ = ["PREVENT_ENTRY", "TWO_IN_TWO_YEARS", "EntryRule", "expected_after_entry"]

FEWEST_ENTERING = 1e-7
"""The sums cancel to about 1e-15: a smaller share that enters would leave fewer than 8 correct digits."""
LARGEST_STATES = 2_000_000
"""States of the sum (counts per stretch of time); more than any entry rule in use by far."""
SENSITIVITY_YEARS = (1.0, 2.0)
"""The periods before entry that papers use."""

_REFERENCES = (
    "Martínez-Yélamos S et al. (2006). doi:10.1177/1352458506070820",
    "Greenwood M, Yule GU (1920). doi:10.2307/2341080",
)

State = NDArray[np.float64]


def expected_after_entry(
    *, rate: float, size: float, entry: EntryRule, years_before: float = 1.0, quantity: str = "relapses"
) -> Fit:
    r"""Give the relapse rates before and after entry that the entry rule makes without any effect.

    Parameters
    ----------
    rate : float
        Mean relapses per year of all patients from whom the trial selects, above 0.
    size : float
        Size k of the negative binomial of yearly counts: variance = mean + mean²/k, dispersion = 1/k. Small
        means that patients differ much; infinite that all have the same rate.
    entry : EntryRule
        Which patients enter.
    years_before : float
        Length of the period before entry whose relapses are compared, years.
    quantity : str
        What is counted.

    Returns
    -------
    Fit
        Five numbers without interval: share of patients who meet the rule; relapses per year before entry;
        per year after entry; the change from before to after as a share (negative is a fall); and the same
        change when the last relapse before entry is not counted. `diagnostics` holds them unrounded (share,
        before, after, ratio, before_without_last, ratio_without_last), the dispersion, and `sensitivity`:
        the same ratios for 1 and 2 years before.

    Raises
    ------
    InputError
        When a number is not above 0, the rule selects fewer than one patient in ten million, or the rule is
        too large to count through.

    Notes
    -----
    Each patient has an own constant rate :math:`\lambda \sim \mathrm{Gamma}(k, \mathrm{mean} = r)` and,
    given it, Poisson counts. Cut the time before entry at every window into stretches of length
    :math:`w_j` with counts :math:`n_j`. For any set E of stretches with :math:`N = \sum_E n_j` and
    :math:`W = \sum_E w_j`

    .. math:: P(n_E) = \frac{\Gamma(k + N)}{\Gamma(k)} \Big(\frac{k}{k + rW}\Big)^k
              \prod_E \frac{1}{n_j!} \Big(\frac{r w_j}{k + rW}\Big)^{n_j}, \qquad
              E(\lambda \mid n_E) = \frac{k + N}{k/r + W}.

    The rule looks at counts only up to its largest number M, so that "M or more" is 1 minus finitely many
    such terms, and every expectation is a finite sum: nothing is cut off and nothing is simulated. The rate
    after is :math:`E(\lambda \mid \text{entry})`.

    Without its last relapse each patient who had any in the period loses one from the count, the years stay.
    That overcorrects: it can make an untreated cohort seem to get worse.

    The model is as good as `rate` and `size`. It takes rates as constant: a true change with age or disease
    duration, seasonal clustering and a refractory time after a relapse are not in it. For AFFIRM placebo
    counts k = 1.24 (315 patients, one year).

    References
    ----------
    Martínez-Yélamos S et al. (2006). doi:10.1177/1352458506070820
    Greenwood M, Yule GU (1920). doi:10.2307/2341080

    Examples
    --------
    >>> import ranvier as rv
    >>> fall = rv.stats.expected_after_entry(rate=0.6, size=1.24, entry=rv.stats.EntryRule())
    >>> [round(fall.diagnostics[name], 2) for name in ("before", "after", "ratio")]
    [1.55, 0.91, 0.59]
    """
    mean, shape = _above_zero("rate", rate, finite=True), _above_zero("size", size, finite=False)
    span = _above_zero("years_before", years_before, finite=True)
    if not isinstance(entry, EntryRule):
        raise InputError(f"entry is {entry!r}; give an EntryRule, such as EntryRule(min_relapses=2).")
    found = _expect(mean, shape, entry, span)
    by_years = {f"{years:g}": _expect(mean, shape, entry, years) for years in SENSITIVITY_YEARS}
    inputs = {"rate": mean, "size": shape, "years before": span}
    shares = {
        f"share of patients with {entry.text()}": (found["share"], "share"),
        f"{quantity} per year before entry": (found["before"], "per year"),
        f"{quantity} per year after entry": (found["after"], "per year"),
        "change from before to after": (found["ratio"] - 1, "share"),
        "change from before to after, last relapse before entry not counted": (
            found["ratio_without_last"] - 1,
            "share",
        ),
    }
    return Fit(
        title="Expected from the entry rule alone",
        estimates=tuple(_number(name, value, unit, inputs=inputs) for name, (value, unit) in shares.items()),
        method_text=(
            f"Patients whose own constant rates follow a gamma distribution (mean {mean:g} per year, size "
            f"{shape:g}) enter with {entry.text()}; exact sums, no treatment effect, {span:g} "
            f"{'year' if span == 1 else 'years'} before entry."
        ),
        diagnostics={**found, "dispersion": 1 / shape, "sensitivity": by_years},
        notes=(
            "The model holds no treatment: a fall of this size says nothing about a treatment.",
            "Leaving out the last relapse before entry overcorrects.",
        ),
    )


def _number(name: str, value: float, unit: str, *, inputs: dict[str, Any]) -> Estimate:
    """Give one expected number; it is no estimate from data and has no interval."""
    return Estimate(
        quantity=name,
        value=value,
        low=math.nan,
        high=math.nan,
        level=0.95,
        method="gamma-poisson",
        method_text="Expected under the model, so that there is no interval.",
        n=0,
        unit=unit,
        inputs=inputs,
        references=_REFERENCES,
    )


def _above_zero(name: str, value: Any, *, finite: bool) -> float:
    """Give a positive number."""
    try:
        given = math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError):
        given = math.nan
    if not given > 0 or (finite and math.isinf(given)):
        raise InputError(f"{name} is {value!r}; it must be {'finite and ' if finite else ''}above 0.")
    return given


def _expect(rate: float, size: float, entry: EntryRule, years_before: float) -> dict[str, float]:
    """Give share, rates and ratios for one period before entry."""
    cuts = sorted({0.0, years_before, *(part.window_years for part in entry.parts())})
    lengths = np.diff(cuts)
    most = max(1, *(part.min_relapses for part in entry.parts()))
    if (most + 1) ** lengths.size > LARGEST_STATES:
        raise InputError(
            f"the rule '{entry.text()}' asks for up to {most} relapses in {lengths.size} stretches of time, "
            "too many to count through; use fewer windows."
        )
    counts = np.indices((most + 1,) * lengths.size)
    enters = _enters(entry, counts, cuts)
    inside = np.array([end <= years_before for _, end in pairwise(cuts)])
    chance, mean_rate = _moments(counts, lengths, most, (rate, size))
    weights = _finite_terms(enters.astype(np.float64)) * chance
    share = float(weights.sum())
    if share < FEWEST_ENTERING:
        raise InputError(
            f"fewer than one patient in ten million has {entry.text()} at a rate of {rate:g} per year and "
            f"size {size:g}; the rule and the rate do not fit together."
        )
    after = float((weights * mean_rate).sum()) / share
    # a stretch that a term leaves open (state `most`) is expected to hold length x rate given the rest
    held = np.where(counts == most, _spread(lengths) * mean_rate, counts)
    before = float((weights * held[inside].sum(axis=0)).sum()) / share
    any_before = counts[inside].sum(axis=0) > 0
    with_last = float((_finite_terms((enters & any_before).astype(np.float64)) * chance).sum()) / share
    per_year, without = before / years_before, max(before - with_last, 0.0) / years_before
    return {
        "share": share,
        "before": per_year,
        "after": after,
        "ratio": after / per_year,
        "before_without_last": without,
        "ratio_without_last": after / without if without else math.inf,
    }


def _enters(rule: EntryRule, counts: NDArray[np.int64], cuts: list[float]) -> NDArray[np.bool_]:
    """Tell for each state of counts (the last meaning "or more") whether the rule holds."""
    stretches = cuts.index(rule.window_years)
    holds: NDArray[np.bool_] = counts[:stretches].sum(axis=0) >= rule.min_relapses
    if rule.also is not None:
        holds = holds & _enters(rule.also, counts, cuts)
    if rule.or_else is not None:
        holds = holds | _enters(rule.or_else, counts, cuts)
    return holds


def _finite_terms(values: State) -> State:
    """Turn a function of counts into weights of terms in which each stretch is exact or left open.

    Along one axis f(n) = f(M) + sum over m < M of (f(m) - f(M)) [n = m]: index M means "left open".
    """
    terms = values.copy()
    for axis in range(values.ndim):
        moved = np.moveaxis(terms, axis, 0)
        moved[:-1] -= moved[-1]
    return terms


def _moments(
    counts: NDArray[np.int64], lengths: State, most: int, model: tuple[float, float]
) -> tuple[State, State]:
    """Give the chance of each term and the mean rate of a patient given it."""
    rate, size = model
    exact = counts < most
    seen = np.where(exact, counts, 0)
    spans = _spread(lengths)
    years, total = np.where(exact, spans, 0.0).sum(axis=0), seen.sum(axis=0)
    log_chance = special.xlogy(seen, rate * spans).sum(axis=0) - special.gammaln(seen + 1).sum(axis=0)
    if math.isinf(size):
        return np.exp(log_chance - rate * years), np.full(years.shape, rate)
    log_chance += special.gammaln(size + total) - special.gammaln(size) - total * math.log(size)
    log_chance -= (size + total) * np.log1p(rate * years / size)
    return np.exp(log_chance), (size + total) / (size / rate + years)


def _spread(lengths: State) -> State:
    """Give the lengths in a shape that meets the states of counts."""
    return lengths.reshape(-1, *(1,) * lengths.size)
