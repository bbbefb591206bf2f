"""What is known of how the effects of one study vary together by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError

__all__ = ["as_sampling", "blocks_of"]

Floats = NDArray[np.float64]

SAME = 1e-8
"""Relative difference up to which two numbers are the same but for rounding."""
POSITIVE = 1e-10
"""Smallest eigenvalue of the sampling correlations of a study."""


def as_sampling(sampling: Any, n: int) -> float | Floats | None:
    """Give a correlation, or a covariance matrix of all effects, or None for independent effects.

    Parameters
    ----------
    sampling : float, array-like or None
        As the user gave it.
    n : int
        How many effects were given.
    """
    if sampling is None:
        return None
    if isinstance(sampling, float | int) and not isinstance(sampling, bool):
        if not -1 < sampling < 1:
            raise InputError(
                f"sampling is {sampling!r}; a correlation lies between -1 and 1, both excluded. Give one, "
                "or the matrix of covariances."
            )
        return float(sampling)
    try:
        matrix = np.asarray(sampling, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise InputError(
            f"sampling is neither a correlation nor a matrix of numbers: {problem}."
        ) from problem
    if matrix.shape != (n, n):
        raise InputError(
            f"sampling has the shape {matrix.shape}; give one correlation, or a matrix of {n} rows and {n} "
            "columns, one for each effect, in their order."
        )
    return matrix


def blocks_of(
    sampling: float | Floats | None,
    v: Floats,
    studies: Sequence[NDArray[np.intp]],
    names: Sequence[str],
) -> list[Floats]:
    """Give the sampling covariance of each study, checked.

    Parameters
    ----------
    sampling : float, ndarray or None
        A correlation, or the covariance matrix of the effects that are used.
    v : ndarray of float64, shape (n,)
        Variances.
    studies : sequence of ndarray of int
        Places of the effects of each study.
    names : sequence of str
        Names of the studies.
    """
    if isinstance(sampling, np.ndarray):
        _check(sampling, v, studies, names)
        blocks = [sampling[np.ix_(rows, rows)] for rows in studies]
    else:
        shares = [np.full((len(rows), len(rows)), sampling or 0.0) for rows in studies]
        for share in shares:
            np.fill_diagonal(share, 1.0)
        blocks = [
            share * np.sqrt(np.outer(v[rows], v[rows])) for share, rows in zip(shares, studies, strict=True)
        ]
    for name, block in zip(names, blocks, strict=True):
        errors = np.sqrt(np.diagonal(block))
        if np.linalg.eigvalsh(block / np.outer(errors, errors))[0] < POSITIVE:
            raise InputError(
                f"the sampling covariance of study {name!r} is impossible or singular: some combination of "
                f"its {len(block)} effects would have a variance of 0 or less. Check the correlations."
            )
    return blocks


def _check(matrix: Floats, v: Floats, studies: Sequence[NDArray[np.intp]], names: Sequence[str]) -> None:
    """Refuse a matrix that does not fit the variances or joins studies."""
    if not np.isfinite(matrix).all():
        raise InputError("sampling holds a value that is missing or not finite; give every covariance.")
    unit = np.sqrt(np.outer(v, v))
    off = np.abs(matrix - matrix.T) > SAME * unit
    if off.any():
        row, column = (int(place) for place in np.argwhere(off)[0])
        raise InputError(
            f"sampling is not symmetric: row {row}, column {column} holds {matrix[row, column]:g}, the "
            f"other side {matrix[column, row]:g}."
        )
    wrong = np.abs(np.diagonal(matrix) - v) > SAME * v
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"sampling has {matrix[row, row]:g} on its diagonal for effect {row}, whose variance is "
            f"{v[row]:g}; the two must be the same."
        )
    within = np.zeros(matrix.shape, dtype=bool)
    for rows in studies:
        within[np.ix_(rows, rows)] = True
    joined = ~within & (matrix != 0)
    if joined.any():
        found = np.argwhere(joined)[0]
        of = [
            next(name for name, rows in zip(names, studies, strict=True) if place in rows) for place in found
        ]
        raise InputError(
            f"sampling joins the studies {of[0]!r} and {of[1]!r}; effects of different studies must be "
            "independent. Give studies that share patients one name."
        )
