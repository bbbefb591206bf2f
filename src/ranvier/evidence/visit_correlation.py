"""The correlation of the values before and after, where a study does not print it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.evidence._study_cells import study_names

__all__ = [
    "CORRELATION_RANGE",
    "EDSS_CORRELATION",
    "NAMED_CORRELATIONS",
    "NamedCorrelation",
    "implied_correlation",
    "stated_correlations",
]

Floats = NDArray[np.float64]

EDSS_CORRELATION = 0.61
"""Correlation of the EDSS before and after that stands in for one that a study of the EDSS does not give: a
convention of this project, to be varied over `CORRELATION_RANGE`. Where it comes from, and how little is
behind it, stands in `NAMED_CORRELATIONS["edss"].source`."""
CORRELATION_RANGE = (0.3, 0.5, 0.61, 0.7, 0.9)
"""Correlations over which a pool of changes is repeated."""


@dataclass(frozen=True, kw_only=True)
class NamedCorrelation:
    """A correlation that can be asked for by name.

    Parameters
    ----------
    value : float
        The correlation, from -1 to 1.
    scale : str
        What was measured.
    source : str
        Where the number comes from, and what is behind it.
    """

    value: float
    scale: str
    source: str


NAMED_CORRELATIONS: dict[str, NamedCorrelation] = {
    "edss": NamedCorrelation(
        value=EDSS_CORRELATION,
        scale="EDSS",
        source="0.61 is a convention of this project; no paper that states a correlation of the EDSS before "
        "and after was found. It is what Petrou 2021 (Front Neurol 12, doi:10.3389/fneur.2021.639315: 24 "
        "patients, 6.75 ± 0.68 before, 6.42 ± 0.84 at a median of 27.8 months, p = 0.028) implies if that p "
        "value is of a paired t test, 0.57 to 0.64 within rounding. Karussis 2010 (Arch Neurol "
        "67:1187-1194: 15 patients, 6.7 ± 1.0 before; changes as a web page lists them, standard deviation "
        "0.79) implies 0.61 or more, 0.55 within rounding. Both are uncontrolled, of one centre, and of "
        "patients with little range of the EDSS.",
    ),
}
"""Correlations by name, each with its source."""


def implied_correlation(
    *,
    sd_before: float,
    sd_after: float,
    sd_change: float | None = None,
    change: float | None = None,
    p_value: float | None = None,
    n: int | None = None,
) -> float:
    r"""Give the correlation of before and after that printed numbers imply.

    Parameters
    ----------
    sd_before, sd_after : float
        Standard deviations before and after, above 0.
    sd_change : float, optional
        Standard deviation of the change, above 0. When None, it is worked out from the three that follow.
    change : float, optional
        Mean change, not 0.
    p_value : float, optional
        Two-sided p value of a paired t test of it, between 0 and 1.
    n : int, optional
        Patients, at least 2.

    Returns
    -------
    float
        The correlation.

    Raises
    ------
    InputError
        When a number is missing or cannot be, or no correlation between -1 and 1 fits.

    Notes
    -----
    :math:`r = (s_1^2 + s_2^2 - s_d^2) / (2 s_1 s_2)`, and :math:`s_d = |d| \sqrt n / t` with t from the p
    value on n - 1 degrees of freedom (Cochrane Handbook, section 6.5.2). Rounding of the printed numbers
    moves r by several hundredths; a p value of another test moves it without bound.

    References
    ----------
    Higgins JPT, Li T, Deeks JJ (2023). In: Cochrane Handbook for Systematic Reviews 6.4, chapter 6

    Examples
    --------
    Petrou 2021: 6.75 (0.68) before, 6.42 (0.84) after, 24 patients, p = 0.028.

    >>> import ranvier as rv
    >>> found = rv.evidence.implied_correlation(
    ...     sd_before=0.68, sd_after=0.84, change=-0.33, p_value=0.028, n=24
    ... )
    >>> round(found, 2)
    0.61
    """
    before, after = _above_0("sd_before", sd_before), _above_0("sd_after", sd_after)
    if (sd_change is None) == (change is None):
        raise InputError("give either sd_change, or change, p_value and n of a paired t test.")
    spread = _spread_from_test(change, p_value, n) if sd_change is None else _above_0("sd_change", sd_change)
    found = (before**2 + after**2 - spread**2) / (2 * before * after)
    if not -1 <= found <= 1:
        raise InputError(
            f"no correlation fits: it would be {found:.2f}. A change between standard deviations {before:g} "
            f"and {after:g} has one from {abs(before - after):g} to {before + after:g}; this one has "
            f"{spread:.3g}. A standard error may have been printed as a standard deviation, or the p value "
            "is of another test."
        )
    return float(found)


def _spread_from_test(change: Any, p_value: Any, n: Any) -> float:
    """Give the standard deviation of the change from the p value of a paired t test."""
    if not (isinstance(n, int) and n >= 2):
        raise InputError(f"n is {n!r}; it must be a whole number of patients, at least 2.")
    if not isinstance(p_value, float) or not 0 < p_value < 1:
        raise InputError(f"p_value is {p_value!r}; it must lie between 0 and 1, both excluded.")
    if not isinstance(change, float | int) or not 0 < abs(change) < math.inf:
        raise InputError(f"change is {change!r}; it must be a finite number other than 0.")
    return abs(change) * math.sqrt(n) / float(-special.stdtrit(n - 1, p_value / 2))


def _above_0(name: str, value: Any) -> float:
    if not isinstance(value, float | int) or not 0 < value < math.inf:
        raise InputError(f"{name} is {value!r}; it must be a finite number above 0.")
    return float(value)


def stated_correlations(frame: pl.DataFrame, given: float | str | None) -> tuple[Floats, NDArray[np.bool_]]:
    """Give the correlation that stands in for a missing one of each study, and which of them has a name.

    Parameters
    ----------
    frame : polars.DataFrame
        Studies; the column `scale` says what was measured.
    given : float, str or None
        A number for all, a name, or nothing: then studies whose scale is a named one have its correlation,
        the others none (NaN).

    Returns
    -------
    tuple of ndarray
        Correlations, and whether they are named ones, shape (k,) each.

    Raises
    ------
    InputError
        When the number or name is not allowed, or a study is on another scale than the named one.
    """
    scales: list[str | None] = [None] * frame.height
    if "scale" in frame.columns:
        scales = [None if each is None else each.strip() for each in frame["scale"].cast(pl.String).to_list()]
    if given is None:
        names = {each.scale.casefold(): each.value for each in NAMED_CORRELATIONS.values()}
        values = np.array([names.get((scale or "").casefold(), np.nan) for scale in scales])
        return values, np.isfinite(values)
    if isinstance(given, str):
        require_choice("correlation", given, NAMED_CORRELATIONS)
        named = NAMED_CORRELATIONS[given]
        for study, scale in zip(study_names(frame), scales, strict=True):
            if scale and scale.casefold() != named.scale.casefold():
                raise InputError(
                    f"study {study!r} is on the scale {scale!r}, and correlation={given!r} is of the "
                    f"{named.scale}; state a number for other scales, and vary it."
                )
        return np.full(frame.height, named.value), np.ones(frame.height, dtype=bool)
    if not isinstance(given, float | int) or isinstance(given, bool) or not -1 <= given <= 1:
        raise InputError(
            f"correlation is {given!r}; it must lie between -1 and 1, or be one of "
            f"{list(NAMED_CORRELATIONS)}."
        )
    return np.full(frame.height, float(given)), np.zeros(frame.height, dtype=bool)
