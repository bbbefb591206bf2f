"""Change from baseline, adjusted for the baseline, with standard errors that allow unequal scatter."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit, LeftOut, plural
from ranvier.stats._inputs import as_level

__all__ = ["ancova"]

Floats = NDArray[np.float64]

METHOD = (
    "Change from baseline by arm, adjusted for the baseline with one slope for all arms (analysis of "
    "covariance). Standard errors are HC3, which allow the scatter to differ between patients; intervals "
    "and p values are from the t distribution."
)
REFERENCES = (
    "MacKinnon JG, White H (1985). doi:10.1016/0304-4076(85)90158-7",
    "Long JS, Ervin LH (2000). doi:10.1080/00031305.2000.10474549",
)
FULL_LEVERAGE = 1 - 1e-9
"""Leverage from which a patient's own residual is zero by construction."""
SMALLEST_SHARE = 1e-9
"""Share of a column's length that the columns before it must leave; below it nothing is new."""


def ancova(
    before: ArrayLike,
    after: ArrayLike,
    arm: ArrayLike,
    *,
    control: str | None = None,
    level: float = 0.95,
    quantity: str = "change from baseline",
) -> Fit:
    r"""Give the change from baseline by arm and its differences, adjusted for the baseline.

    Parameters
    ----------
    before, after : array_like of float, shape (n_patients,)
        The value at baseline and later, same order; None and NaN are missing, and such patients are left out
        and counted.
    arm : array_like of str, shape (n_patients,)
        The arm of each patient; at least two arms.
    control : str, optional
        Arm that the others are compared with. Without it every arm is compared with every earlier one of the
        alphabet.
    level : float
        Confidence level of each interval, two-sided.
    quantity : str
        What the change is, such as "change of walking time (s)".

    Returns
    -------
    Fit
        First the differences of arms, then the mean change of each arm at the mean baseline.
        ``diagnostics["degrees_of_freedom"]`` belongs to all of them.

    Raises
    ------
    InputError
        When lengths differ, a value is not a number, there are fewer than two arms, `control` is not one of
        them, an arm has one patient, the baseline is the same in all, or there are too few patients.

    Notes
    -----
    Least squares of :math:`d_i = y_i - b_i` on the arms and :math:`b_i`; the differences are those of a model
    for :math:`y_i` itself. The covariance matrix is HC3,
    :math:`(X'X)^{-1}X'\mathrm{diag}(e_i^2/(1-h_i)^2)X(X'X)^{-1}` with residuals e and leverages h, and the
    reference t with n minus (number of arms + 1) degrees of freedom. HC3 is close to the jackknife and errs
    to the wide side with few patients. Means are taken at the mean baseline of all patients used.

    Patients who lack the later value are left out; `mmrm` uses their other visits.

    References
    ----------
    MacKinnon JG, White H (1985). doi:10.1016/0304-4076(85)90158-7
    Long JS, Ervin LH (2000). doi:10.1080/00031305.2000.10474549

    Examples
    --------
    >>> import ranvier as rv
    >>> before = [5.1, 6.0, 7.4, 4.8, 6.6, 5.5, 7.0, 6.1]
    >>> after = [4.6, 5.8, 6.6, 4.9, 6.9, 5.3, 7.4, 6.0]
    >>> fit = rv.stats.ancova(before, after, ["msc"] * 4 + ["placebo"] * 4, control="placebo")
    >>> print(fit.estimates[0].quantity, fit.estimates[0].text())
    difference in change from baseline, msc minus placebo −0.49 (95 % interval −1.78 to 0.79)
    """
    confidence = as_level(level)
    baseline, change, codes, arms, missing = _complete(before, after, arm)
    pairs = _pairs(arms, control)
    means = (codes[:, None] == np.arange(len(arms))).astype(float)
    middle = float(baseline.mean())
    design = np.column_stack([means, baseline - middle])
    beta, variance = _fit(design, change)
    df = change.size - design.shape[1]
    left_out = (LeftOut(n=missing, reason="patients without both values and an arm"),)

    def estimate(row: Floats, name: str, *, tested: bool) -> Estimate:
        from scipy.special import stdtr, stdtrit

        value, error = float(row @ beta), float(np.sqrt(row @ variance @ row))
        reach = float(stdtrit(df, (1 + confidence) / 2)) * error
        return Estimate(
            quantity=name,
            value=value,
            low=value - reach,
            high=value + reach,
            level=confidence,
            method="ancova-hc3",
            method_text=METHOD,
            n=change.size,
            p_value=float(2 * stdtr(df, -abs(value / error))) if tested else None,
            null="the adjusted mean changes are equal" if tested else None,
            inputs={"patients": change.size, "standard error": error, "degrees of freedom": df},
            left_out=left_out,
            references=REFERENCES,
        )

    unit = np.eye(design.shape[1])
    return Fit(
        title=f"Adjusted {quantity}",
        estimates=(
            *(
                estimate(
                    unit[a] - unit[b], f"difference in {quantity}, {arms[a]} minus {arms[b]}", tested=True
                )
                for a, b in pairs
            ),
            *(estimate(unit[a], f"mean {quantity}, {name}", tested=False) for a, name in enumerate(arms)),
        ),
        method_text=METHOD,
        diagnostics={
            "degrees_of_freedom": df,
            "slope": float(beta[-1]),
            "slope_standard_error": float(np.sqrt(variance[-1, -1])),
            "mean_baseline": middle,
            "patients": {name: int(count) for name, count in zip(arms, np.bincount(codes), strict=True)},
        },
    )


def _complete(
    before: ArrayLike, after: ArrayLike, arm: ArrayLike
) -> tuple[Floats, Floats, NDArray[np.int64], list[str], int]:
    """Give baseline, change and arm of the complete patients, and how many were left out."""
    first, second = _column("before", before), _column("after", after)
    labels = np.atleast_1d(np.asarray(arm, dtype=object))
    for name, size in (("after", second.size), ("arm", labels.size)):
        if size != first.size:
            raise InputError(
                f"before has {plural(first.size, 'value')} and {name} {size}; give one per patient, same "
                "order."
            )
    named = np.array([value is not None and value == value for value in labels], dtype=bool)  # noqa: PLR0124
    known = np.isfinite(first) & np.isfinite(second) & named
    chosen = [str(label) for label in labels[known]]
    arms = sorted(set(chosen))
    counts = {name: chosen.count(name) for name in arms}
    if len(arms) < 2:
        raise InputError(
            f"{plural(len(arms), 'arm')} with complete patients ({', '.join(arms) or 'none'}); an "
            "adjusted difference needs two. For one arm use stats.paired."
        )
    few = [name for name, count in counts.items() if count < 2]
    if few:
        raise InputError(f"arm {few[0]!r} has one complete patient; each arm needs at least two.")
    codes = np.array([arms.index(label) for label in chosen], dtype=np.int64)
    return first[known], second[known] - first[known], codes, arms, int((~known).sum())


def _column(name: str, given: ArrayLike) -> Floats:
    """Give a row of numbers, missing as NaN."""
    raw = np.atleast_1d(np.asarray(given, dtype=object))
    try:
        values: Floats = np.array([np.nan if value is None else value for value in raw.ravel()], dtype=float)
    except (TypeError, ValueError) as problem:
        raise InputError(f"{name} holds something that is not a number: {problem}.") from problem
    if np.isinf(values).any() or any(isinstance(value, str) for value in raw.ravel()):
        raise InputError(f"{name} must hold finite numbers, with None for a missing one.")
    return values


def _pairs(arms: list[str], control: str | None) -> list[tuple[int, int]]:
    """Give the places of the arms compared, the first minus the second."""
    if control is None:
        return [(later, earlier) for earlier, later in combinations(range(len(arms)), 2)]
    if control not in arms:
        raise InputError(f"control is {control!r}; the arms are {arms}.")
    return [(place, arms.index(control)) for place, name in enumerate(arms) if name != control]


def _fit(design: Floats, change: Floats) -> tuple[Floats, Floats]:
    """Give least squares and its HC3 covariance matrix."""
    n, p = design.shape
    if n <= p:
        raise InputError(f"{n} complete patients cannot carry {p} parameters; at least {p + 1} are needed.")
    q, r = np.linalg.qr(design)
    if abs(r[-1, -1]) <= SMALLEST_SHARE * max(float(np.linalg.norm(design[:, -1])), 1e-300):
        raise InputError(
            "the baseline does not vary within the arms, so it cannot be adjusted for; compare the "
            "changes themselves."
        )
    leverage = (q**2).sum(axis=1)
    alone = np.flatnonzero(leverage > FULL_LEVERAGE)
    if alone.size:
        raise InputError(
            f"complete patient {alone[0]} alone determines a parameter (leverage 1), so that HC3 does not "
            "exist; leave out the arm or the adjustment."
        )
    residual = change - q @ (q.T @ change)
    back = np.linalg.inv(r)
    meat = (q * (residual / (1 - leverage))[:, None]).T @ (q * (residual / (1 - leverage))[:, None])
    return back @ (q.T @ change), back @ meat @ back.T
