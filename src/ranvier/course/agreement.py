"""Agreement beyond chance between two verdicts, or between every pair of many definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError

__all__ = ["kappa", "kappa_matrix"]

BLOCK = 16_384
"""Subjects per block of the matrix form: bounds the memory, and float32 counts stay exact up to 2**24."""


def kappa(first: ArrayLike, second: ArrayLike) -> float:
    r"""Give Cohen's kappa of two yes/no verdicts on the same cases.

    Parameters
    ----------
    first, second : array_like of bool, shape (n_cases,)
        Verdicts on the same cases in the same order; None is missing, and such a case is left out.

    Returns
    -------
    float
        From -1 to 1; NaN when no case has both verdicts, or when all verdicts of both are the same word,
        so that chance alone agrees on every case.

    Raises
    ------
    InputError
        When the two have unequal length or hold anything but True, False and None.

    Notes
    -----
    With a cases called yes by both, d no by both, b and c by one only,

    .. math:: \kappa = \frac{2(ad - bc)}{(a+b)(b+d) + (a+c)(c+d)},

    which equals (observed - expected agreement) / (1 - expected agreement) but has one division only. It is
    0 when one of the two always says the same and the other does not. Kappa falls when yes is rare even at
    equal accuracy; read it beside the four counts.

    References
    ----------
    Cohen J (1960). doi:10.1177/001316446002000104
    Feinstein AR, Cicchetti DV (1990). doi:10.1016/0895-4356(90)90158-L

    Examples
    --------
    >>> kappa([True, True, False, False], [True, False, False, False])
    0.5
    >>> kappa([True, True], [True, True])
    nan
    """
    one, two = _verdicts("first", first), _verdicts("second", second)
    if one.size != two.size:
        raise InputError(f"first has {one.size} verdicts and second {two.size}; give one of each per case.")
    known = (one >= 0) & (two >= 0)
    yes, also = one[known] == 1, two[known] == 1
    both, neither = int((yes & also).sum()), int((~yes & ~also).sum())
    only_first, only_second = int((yes & ~also).sum()), int((~yes & also).sum())
    top = 2 * (both * neither - only_first * only_second)
    bottom = (both + only_first) * (only_first + neither) + (both + only_second) * (only_second + neither)
    return top / bottom if bottom else math.nan


def kappa_matrix(flags: ArrayLike) -> NDArray[np.float64]:
    r"""Give Cohen's kappa of every pair of definitions from the subjects that each flags.

    Parameters
    ----------
    flags : array_like of bool, shape (n_definitions, n_subjects)
        Whether each definition flags each subject.

    Returns
    -------
    ndarray of float64, shape (n_definitions, n_definitions)
        Symmetric; 1 on the diagonal. NaN where both definitions of a pair flag everybody or both flag
        nobody, also on the diagonal, and everywhere when there is no subject.

    Raises
    ------
    InputError
        When `flags` is not a table of True and False.

    Notes
    -----
    With n subjects, :math:`n_i` flagged by definition i and :math:`n_{ij}` by both,

    .. math:: \kappa_{ij} = \frac{2(n\,n_{ij} - n_i n_j)}{n_i(n - n_j) + n_j(n - n_i)}.

    All counts are whole numbers until the one division, so every entry is exact to the last digit and does
    not depend on the order of the subjects.

    References
    ----------
    Cohen J (1960). doi:10.1177/001316446002000104

    Examples
    --------
    >>> kappa_matrix([[True, True, False, False], [True, False, False, False]])
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    table = np.asarray(flags)
    if table.ndim != 2 or (table.dtype != np.bool_ and table.size):
        raise InputError(
            f"flags has the shape {table.shape} and holds {table.dtype}; give True or False for each "
            "definition (rows) and subject (columns)."
        )
    definitions, n = table.shape
    shared = np.zeros((definitions, definitions))
    for start in range(0, n, BLOCK):
        block = table[:, start : start + BLOCK].astype(np.float32)
        shared += block @ block.T
    both = shared.astype(np.int64)
    flagged = np.diag(both)
    top = 2 * (n * both - np.outer(flagged, flagged))
    one_only = np.outer(flagged, n - flagged)
    bottom = one_only + one_only.T
    result: NDArray[np.float64] = np.full(both.shape, np.nan)
    np.divide(top, bottom, out=result, where=bottom > 0)
    return result


def _verdicts(name: str, given: ArrayLike) -> NDArray[np.int8]:
    """Give 1 for yes, 0 for no, -1 for missing; refuse anything else."""
    cases: list[Any] = list(np.asarray(given, dtype=object).ravel())
    codes = [-1 if case is None else int(case) if isinstance(case, bool | np.bool_) else -2 for case in cases]
    if -2 in codes:
        place = codes.index(-2)
        raise InputError(f"{name}[{place}] is {cases[place]!r}; a verdict is True, False or None.")
    return np.asarray(codes, dtype=np.int8)
