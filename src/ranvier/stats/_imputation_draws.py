"""Random draws of missing values from a normal model of all visits together.

Rows are patients, columns visits. Y = X B + E, rows of E normal with one covariance; X holds the groups.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ranvier.errors import ConvergenceError, InputError

__all__ = ["draw_augmented", "draw_monotone", "is_monotone"]

Floats = NDArray[np.float64]
Generator = np.random.Generator


def is_monotone(y: Floats) -> bool:
    """Tell whether nobody has a value after a missing one."""
    missing = np.isnan(y)
    return bool((missing[:, 1:] >= missing[:, :-1]).all())


def draw_monotone(y: Floats, x: Floats, *, count: int, seed: int) -> list[Floats]:
    """Give completed copies by Bayesian regression of each visit on the earlier ones (Rubin 1987)."""
    children = np.random.SeedSequence(seed).spawn(count)
    return [_monotone(y, x, np.random.default_rng(child)) for child in children]


def draw_augmented(
    y: Floats, x: Floats, *, count: int, seed: int, burn_in: int, between: int
) -> list[Floats]:
    """Give completed copies by data augmentation: values and parameters are drawn in turn."""
    random = np.random.default_rng(seed)
    need = x.shape[1] + y.shape[1]
    if y.shape[0] < need + 1:
        raise InputError(
            f"{y.shape[0]} patients are too few for {y.shape[1]} visits in {x.shape[1]} groups: at least "
            f"{need + 1} are needed. Name fewer visits, or set by=None."
        )
    coefficients, covariance = _start(y, x)
    patterns = _patterns(y)
    completed = []
    for round_ in range(burn_in + (count - 1) * between + 1):
        full = _fill(y, x @ coefficients, covariance, patterns, random)
        if round_ >= burn_in and (round_ - burn_in) % between == 0:
            completed.append(full)
        coefficients, covariance = _parameters(full, x, random)
    return completed


def _monotone(y: Floats, x: Floats, random: Generator) -> Floats:
    full = y.copy()
    for j in range(y.shape[1]):
        known = ~np.isnan(y[:, j])
        if known.all():
            continue
        predictors = np.concatenate([x, full[:, :j]], axis=1)
        z, target = predictors[known], y[known, j]
        free = z.shape[0] - z.shape[1]
        if free < 1 or np.linalg.matrix_rank(z) < z.shape[1]:
            raise InputError(
                f"visit {j + 1} of those named has {z.shape[0]} known values, too few (or too alike) for a "
                f"regression on {z.shape[1]} terms (groups and earlier visits); name fewer visits, or set "
                "by=None."
            )
        # QR gives coefficients and a root of their covariance at once.
        q, r = np.linalg.qr(z)
        beta = linalg.solve_triangular(r, q.T @ target)
        rest = float(((target - z @ beta) ** 2).sum())
        sigma = np.sqrt(rest / random.chisquare(free))
        drawn = beta + sigma * linalg.solve_triangular(r, random.standard_normal(beta.size))
        noise = sigma * random.standard_normal(int((~known).sum()))
        full[~known, j] = predictors[~known] @ drawn + noise
    return full


def _start(y: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Give coefficients from the known values of each visit and a diagonal covariance."""
    coefficients = np.zeros((x.shape[1], y.shape[1]))
    spread = np.ones(y.shape[1])
    for j in range(y.shape[1]):
        known = ~np.isnan(y[:, j])
        if known.sum() <= x.shape[1] or np.linalg.matrix_rank(x[known]) < x.shape[1]:
            raise InputError(
                f"visit {j + 1} of those named has {int(known.sum())} known values, too few for "
                f"{x.shape[1]} groups; each group needs known values at each visit. Leave the visit out, "
                "or set by=None."
            )
        coefficients[:, j] = np.linalg.lstsq(x[known], y[known, j], rcond=None)[0]
        spread[j] = float(((y[known, j] - x[known] @ coefficients[:, j]) ** 2).mean())
    if not (spread > 0).all():
        place = int(np.flatnonzero(spread <= 0)[0])
        raise InputError(
            f"all known values of visit {place + 1} of those named are equal within groups; there is no "
            "spread to draw from. Leave the visit out."
        )
    return coefficients, np.diag(spread)


def _patterns(y: Floats) -> list[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Give each pattern of missing visits with its patients; complete patients are left out."""
    missing = np.isnan(y)
    kinds, which = np.unique(missing, axis=0, return_inverse=True)
    return [(kind, np.flatnonzero(which.ravel() == place)) for place, kind in enumerate(kinds) if kind.any()]


def _fill(
    y: Floats,
    mean: Floats,
    covariance: Floats,
    patterns: list[tuple[NDArray[np.bool_], NDArray[np.intp]]],
    random: Generator,
) -> Floats:
    """Draw the missing values of each patient given the known ones."""
    full = y.copy()
    for missing, rows in patterns:
        seen = ~missing
        inner = covariance[np.ix_(seen, seen)]
        weight = np.linalg.solve(inner, covariance[np.ix_(seen, missing)]) if seen.any() else None
        centre, left = mean[np.ix_(rows, missing)], covariance[np.ix_(missing, missing)]
        if weight is not None:
            centre = centre + (y[np.ix_(rows, seen)] - mean[np.ix_(rows, seen)]) @ weight
            left = left - covariance[np.ix_(missing, seen)] @ weight
        root = np.linalg.cholesky((left + left.T) / 2)
        full[np.ix_(rows, missing)] = centre + random.standard_normal(centre.shape) @ root.T
    return full


def _parameters(full: Floats, x: Floats, random: Generator) -> tuple[Floats, Floats]:
    """Draw covariance (inverse Wishart) and coefficients (normal) given complete values, Jeffreys' prior."""
    q, r = np.linalg.qr(x)
    fitted = linalg.solve_triangular(r, q.T @ full)
    rest = full - x @ fitted
    d, free = full.shape[1], full.shape[0] - x.shape[1]
    try:
        root = np.linalg.cholesky(rest.T @ rest)
    except np.linalg.LinAlgError as error:
        raise ConvergenceError(
            "the drawn values of two visits became multiples of each other; name fewer visits."
        ) from error
    # Bartlett: A A' is Wishart, so that (A^-1 root')' (A^-1 root') is inverse Wishart with scale rest' rest.
    lower = np.tril(random.standard_normal((d, d)), -1)
    lower[np.diag_indices(d)] = np.sqrt(random.chisquare(free - np.arange(d)))
    half = linalg.solve_triangular(lower, root.T, lower=True)
    covariance = half.T @ half
    noise = linalg.solve_triangular(r, random.standard_normal(fitted.shape))
    return fitted + noise @ half, covariance
