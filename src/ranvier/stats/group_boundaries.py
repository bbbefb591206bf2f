"""Group-sequential designs: bounds of a standardised statistic at several looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.stats._design_inputs import as_error, as_number, as_sides
from ranvier.stats._sequential_normal import LONGEST, Paths, crossings, solve_up
from ranvier.stats._spending import SPENDING, as_fractions, spent
from ranvier.stats.sequential_design import SequentialDesign

__all__ = ["BOUNDARIES", "group_sequential"]

BOUNDARIES = ("obrien-fleming-spending", "pocock-spending", "obrien-fleming", "pocock", "wang-tsiatis")
"""Shapes of a group-sequential boundary: two that spend alpha, three with constants over equal steps."""
SHAPES = {"obrien-fleming": 0.0, "pocock": 0.5}
"""Power of the information fraction in the classical bounds."""
SMALLEST_SPENT = 1e-14
"""Chance of error below which a look is left without a bound: far below what integration resolves."""


def group_sequential(
    looks: int | Sequence[float],
    *,
    boundary: str = "obrien-fleming-spending",
    alpha: float = 0.025,
    beta: float = 0.2,
    sided: int = 1,
    futility: str = "none",
    delta: float | None = None,
) -> SequentialDesign:
    r"""Give the bounds of a trial with several looks, its power and what the looks cost.

    Parameters
    ----------
    looks : int or sequence of float
        How many looks, equally spaced, the last one included; or the information at each as a share of all,
        rising to 1.
    boundary : {"obrien-fleming-spending", "pocock-spending", "obrien-fleming", "pocock", "wang-tsiatis"}
        Shape of the bounds. The first two spend alpha after Lan and DeMets, so that looks may move.
    alpha : float
        Chance of success at any look without a difference; over both sides when `sided` is 2. Below 0.5.
    beta : float
        Chance of no success in the right direction under the difference planned for; below 0.5.
    sided : {1, 2}
        Whether only one direction, or both, count.
    futility : {"none", "obrien-fleming", "pocock"}
        How beta is spent on early stops without success; only for `sided=1`. Not binding: alpha is kept even
        if the trial goes on in spite of it.
    delta : float, optional
        Shape for "wang-tsiatis", from -0.5 to 0.5: 0 is O'Brien and Fleming, 0.5 is Pocock.

    Returns
    -------
    SequentialDesign
        Bounds, nominal levels, chances to stop, expected sizes and the inflation factor.

    Raises
    ------
    InputError
        When looks, a chance, `sided`, `delta` or a name is not allowed.

    Notes
    -----
    The standardised statistics :math:`Z_k` at information :math:`t_k` are jointly normal with mean
    :math:`\theta \sqrt{t_k}` and covariance :math:`\sqrt{t_j / t_k}`. Chances come from integration look by
    look over the sums of trials still going on (Armitage, McPherson and Rowe), with Gauss-Legendre panels of
    a standard deviation of a step. Classical bounds are :math:`c \, t_k^{\Delta - 1/2}`, :math:`\Delta` = 0
    for O'Brien and Fleming, 0.5 for Pocock. Bounds for futility spend beta at the drift :math:`\theta` at
    which the last of them meets the last bound of success; that drift gives the size.

    The normal distribution is that of large samples. For a count in few patients use `exact_sequential`; for
    other endpoints in small arms compare nominal levels with p values of exact tests and simulate the plan.

    References
    ----------
    Armitage P, McPherson CK, Rowe BC (1969). J R Stat Soc A 132:235-244
    O'Brien PC, Fleming TR (1979). Biometrics 35:549-556
    Pocock SJ (1977). Biometrika 64:191-199
    Wang SK, Tsiatis AA (1987). Biometrics 43:193-199
    Lan KKG, DeMets DL (1983). Biometrika 70:659-663
    Jennison C, Turnbull BW (2000). Group Sequential Methods, chapter 19. Chapman and Hall

    Examples
    --------
    >>> import ranvier as rv
    >>> design = rv.stats.group_sequential(3)
    >>> [round(bound, 4) for bound in design.upper]
    [3.7103, 2.5114, 1.993]
    >>> round(design.inflation, 4)
    1.0128
    """
    fractions = as_fractions(looks)
    require_choice("boundary", boundary, BOUNDARIES)
    require_choice("futility", futility, ("none", *SPENDING))
    sides = as_sides(sided)
    if futility != "none" and sides == 2:
        raise InputError("futility is given with sided = 2; bounds for futility belong to one-sided designs.")
    wrong, missed = as_error("alpha", alpha), as_error("beta", beta)
    shape = _shape(boundary, delta)
    one = wrong / sides
    upper = (
        _spending_bounds(fractions, spent(boundary.removesuffix("-spending"), one, fractions), sides == 2)
        if (shape is None)
        else _classical(fractions, shape, wrong, sides)
    )
    if futility == "none":
        drift = _drift(fractions, upper, missed, sides)
        lower: tuple[float, ...] = (-math.inf,) * (len(fractions) - 1) + (upper[-1],)
    else:
        lower, drift = _futility(fractions, upper, spent(futility, missed, fractions), missed)
    return SequentialDesign(
        boundary=boundary,
        alpha=wrong,
        beta=missed,
        sided=sides,
        futility=futility,
        delta=shape if boundary == "wang-tsiatis" else None,
        fractions=fractions,
        upper=upper,
        lower=tuple(-bound for bound in upper) if sides == 2 else lower,
        drift=drift,
    )


def _shape(boundary: str, delta: float | None) -> float | None:
    """Give the power of a classical boundary; None for spending."""
    if boundary != "wang-tsiatis":
        if delta is not None:
            raise InputError(f"delta is {delta!r}, but the boundary {boundary!r} has none; leave it out.")
        return SHAPES.get(boundary)
    if delta is None:
        raise InputError("the boundary 'wang-tsiatis' needs delta, from -0.5 to 0.5.")
    found = as_number("delta", delta, low=-math.inf)
    if not -0.5 <= found <= 0.5:
        raise InputError(f"delta is {found:g}; it must be from -0.5 to 0.5.")
    return found


def _spending_bounds(fractions: Sequence[float], total: np.ndarray, both: bool) -> tuple[float, ...]:
    """Give the upper bounds that spend a one-sided error, the lower ones being their mirror when both."""
    paths, bounds = Paths.start(0.0), []
    for t, step in zip(fractions, np.diff(total, prepend=0.0), strict=True):
        bound = _bound(partial(paths.above, t=t), float(step))
        bounds.append(bound)
        paths = paths.on(-bound if both else -math.inf, bound, t)
    return tuple(bounds)


def _below(paths: Paths, t: float, z: float) -> float:
    """Give the chance to be below minus a bound, which falls with the bound."""
    return paths.below(-z, t)


def _bound(tail: Callable[[float], float], step: float) -> float:
    """Give the bound beyond which a chance lies; infinite when there is nothing to spend."""
    return solve_up(lambda z: tail(z) - step, -LONGEST) if step > SMALLEST_SPENT else math.inf


def _classical(fractions: Sequence[float], shape: float, alpha: float, sided: int) -> tuple[float, ...]:
    """Give bounds of a fixed shape with the chance alpha to cross any."""
    scale = np.asarray(fractions) ** (shape - 0.5)

    def excess(constant: float) -> float:
        high = (constant * scale).tolist()
        low = [-bound for bound in high] if sided == 2 else [-math.inf] * len(high)
        below, above = crossings(fractions, low, high, 0.0)
        return float(above.sum() + (below.sum() if sided == 2 else 0.0)) - alpha

    start = -float(special.ndtri(alpha / sided)) / 2
    constant = solve_up(excess, start)
    return tuple((constant * scale).tolist())


def _drift(fractions: Sequence[float], upper: Sequence[float], beta: float, sided: int) -> float:
    """Give the mean of the last statistic at which success in the right direction has the power."""

    def missing(drift: float) -> float:
        low = [-bound for bound in upper] if sided == 2 else [-math.inf] * len(upper)
        return 1 - beta - float(crossings(fractions, low, upper, drift)[1].sum())

    return solve_up(missing, 0.0)


def _futility(
    fractions: Sequence[float], upper: Sequence[float], total: np.ndarray, beta: float
) -> tuple[tuple[float, ...], float]:
    """Give the bounds for futility and the drift at which the last one meets that of success."""
    steps = np.diff(total, prepend=0.0).tolist()

    def bounds(drift: float) -> tuple[list[float], float]:
        paths, low = Paths.start(drift), []
        for t, step, top in zip(fractions[:-1], steps, upper, strict=False):
            found = _bound(partial(_below, paths, t), step)
            low.append(min(-found, top))
            paths = paths.on(low[-1], top, t)
        return low, paths.below(upper[-1], fractions[-1]) - steps[-1]

    plain = _drift(fractions, upper, beta, 1)
    drift = solve_up(lambda value: bounds(value)[1], plain * (1 - 1e-9)) if len(fractions) > 1 else plain
    return (*bounds(drift)[0], upper[-1]), drift
