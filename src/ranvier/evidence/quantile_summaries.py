"""Mean and standard deviation of studies that print medians, quartiles or ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError
from ranvier.evidence._study_cells import as_frame, column, study_names
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut, plural

__all__ = ["mean_and_sd"]

Floats = NDArray[np.float64]
Values = Mapping[str, Floats]

ORDER = ("minimum", "q1", "median", "q3", "maximum")
SMALLEST = 5
"""Patients below which a five-number summary is nearly the data, and no formula was studied."""
RANGE, QUARTILES, ALL_FIVE = "range and median", "quartiles and median", "five numbers"
REASONS = {
    RANGE: "from minimum, median and maximum",
    QUARTILES: "from median and quartiles",
    ALL_FIVE: "from minimum, quartiles, median and maximum",
    "given": "mean and sd were given and are kept",
    "too few": f"below {SMALLEST} patients the formulas were not studied",
    "missing": "neither range nor quartiles are complete",
    "skewed": "the numbers lie too unevenly about the median for a normal distribution",
}


def mean_and_sd(data: Any, *, keep_skewed: bool = False) -> Derivation:
    r"""Give the mean and standard deviation that a median with quartiles, or with the range, stands for.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per study: `n` (patients), `median`, and `q1` with `q3`, or `minimum` with `maximum`, or all
        four; `study` (a name) may be among them. Where `mean` and `sd` are given they are kept.
    keep_skewed : bool
        Whether studies whose numbers are skewed get a mean and standard deviation all the same.

    Returns
    -------
    Derivation
        All columns given, with mean, sd, skewed (whether the test for skewness rejects at 5 %) and source:
        one row per study, ready for `effect_size`. Mean and sd are null where they cannot be had; the trace
        says why.

    Raises
    ------
    InputError
        When a column is missing, the numbers are not in order or have no spread, or n is not a whole number.

    Notes
    -----
    With :math:`a, q_1, m, q_3, b` for the five numbers the means are weighted averages of the middle of the
    range, the middle of the quartiles and the median (Luo et al.):

    - range: :math:`w\,(a+b)/2 + (1-w)\,m`, :math:`w = 4/(4 + n^{0.75})`
    - quartiles: :math:`w\,(q_1+q_3)/2 + (1-w)\,m`, :math:`w = 0.7 + 0.39/n`
    - all five: :math:`w_1 (a+b)/2 + w_2 (q_1+q_3)/2 + (1-w_1-w_2)\,m`,
      :math:`w_1 = 2.2/(2.2 + n^{0.75})`, :math:`w_2 = 0.7 - 0.72/n^{0.55}`

    The standard deviations are (Wan et al.) :math:`(b-a)/\xi` with
    :math:`\xi = 2\Phi^{-1}((n - 0.375)/(n + 0.25))` and :math:`(q_3-q_1)/\eta` with
    :math:`\eta = 2\Phi^{-1}((0.75n - 0.125)/(n + 0.25))`; with all five (Shi et al. 2020) the first has the
    share :math:`1/(1 + 0.07 n^{0.6})`.

    All assume a normal distribution. The EDSS is skewed and moves in half steps, so that a study is left out
    when the test of Shi et al. (2023) rejects normality: with :math:`T_1 = |a + b - 2m|/(b - a)` and
    :math:`T_2 = |q_1 + q_3 - 2m|/(q_3 - q_1)` when :math:`T_1 > 1/\ln(n+9) + 2.5/(n+1)`;
    :math:`T_2 > 2.65/\sqrt n - 6/n^2`; :math:`\max(2.65 \ln(0.6 n)\,T_1/\sqrt n,\ T_2) > 3/\sqrt n -
    40/n^3`. In small studies the test finds little, and passing it proves nothing.

    References
    ----------
    Luo D, Wan X, Liu J, Tong T (2018). Stat Methods Med Res 27:1785-1805
    Wan X, Wang W, Liu J, Tong T (2014). BMC Med Res Methodol 14:135. doi:10.1186/1471-2288-14-135
    Shi J, Luo D, Weng H, et al (2020). Res Synth Methods 11:641-654
    Shi J, Luo D, Wan X, et al (2023). Stat Methods Med Res 32:1338-1360. doi:10.1177/09622802231172043

    Examples
    --------
    >>> import polars as pl
    >>> import ranvier as rv
    >>> trials = {"study": ["A", "B"], "n": [24, 40], "median": [4.0, 5.0]}
    >>> trials |= {"q1": [3.0, 4.5], "q3": [5.5, 8.0]}
    >>> found = rv.evidence.mean_and_sd(trials)
    >>> found.table.select("study", pl.col("mean", "sd").round(2), "skewed").rows()
    [('A', 4.18, 1.97, False), ('B', None, None, True)]
    """
    if not isinstance(keep_skewed, bool):
        raise InputError(f"keep_skewed is {keep_skewed!r}; it must be True or False.")
    frame = as_frame(data)
    missing = [name for name in ("n", "median") if name not in frame.columns]
    if missing:
        raise InputError(
            f"data lacks the columns {missing}; give n, median, and q1 with q3 or minimum with maximum."
        )
    names = study_names(frame)
    values = {name: column(frame, name) for name in ("n", *ORDER, "mean", "sd")}
    _refuse(values, names)
    source = _source(values)
    mean, sd, skewed = _computed(values, source)
    given = source == "given"
    source = np.where(skewed & ~given & (not keep_skewed), "skewed", source)
    known = np.isin(source, [RANGE, QUARTILES, ALL_FIVE])
    table = frame.with_columns(
        pl.Series("mean", np.where(given, values["mean"], np.where(known, mean, np.nan))).fill_nan(None),
        pl.Series("sd", np.where(given, values["sd"], np.where(known, sd, np.nan))).fill_nan(None),
        pl.Series("skewed", skewed),
        pl.Series("source", source),
    )
    return Derivation(
        name="Mean and standard deviation of each study",
        table=table,
        trace=_trace(names, source),
        method=_sentences(known, skewed, keep_skewed),
        reasons=REASONS,
        left_out=(
            LeftOut(n=int((source == "skewed").sum()), reason="studies whose numbers are skewed"),
            LeftOut(
                n=int(np.isin(source, ["missing", "too few"]).sum()), reason="studies with too few numbers"
            ),
        ),
        references=("Luo D, Wan X, Liu J, Tong T (2018). Stat Methods Med Res 27:1785-1805",),
    )


def _refuse(values: Values, names: list[str]) -> None:
    """Refuse numbers that no study can have."""
    n = values["n"]
    wrong = ~np.isnan(n) & ((n < 1) | (n != np.round(n)) | np.isinf(n))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"column 'n' of study {names[row]!r} is {n[row]:g}; it must be a whole number of at least 1."
        )
    for lower, upper in (
        (first, second) for place, first in enumerate(ORDER) for second in ORDER[place + 1 :]
    ):
        crossed = values[lower] > values[upper]
        if crossed.any():
            row = int(np.flatnonzero(crossed)[0])
            raise InputError(
                f"study {names[row]!r} has {lower} {values[lower][row]:g} above {upper} "
                f"{values[upper][row]:g}; the five numbers must rise."
            )
    for lower, upper in (("q1", "q3"), ("minimum", "maximum")):
        flat = values[lower] == values[upper]
        if flat.any():
            row = int(np.flatnonzero(flat)[0])
            raise InputError(
                f"study {names[row]!r} has {lower} and {upper} both {values[lower][row]:g}; numbers without "
                "spread give no standard deviation. Leave these two columns empty for this study."
            )


def _source(values: Values) -> NDArray[np.str_]:
    """Say what mean and standard deviation of each study come from."""
    has = {name: np.isfinite(found) for name, found in values.items()}
    center = has["median"] & has["n"]
    span, middle = center & has["minimum"] & has["maximum"], center & has["q1"] & has["q3"]
    return np.select(
        [
            has["mean"] & has["sd"],
            (span | middle) & (values["n"] < SMALLEST),
            span & middle,
            middle,
            span,
        ],
        ["given", "too few", ALL_FIVE, QUARTILES, RANGE],
        "missing",
    )


def _computed(values: Values, source: NDArray[np.str_]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Give means, standard deviations and whether the test for skewness rejects, NaN where not computed."""
    n, a, q1, m, q3, b = (values[name] for name in ("n", *ORDER))
    choices = [source == kind for kind in (RANGE, QUARTILES, ALL_FIVE)]
    with np.errstate(divide="ignore", invalid="ignore"):
        outer, inner = (a + b) / 2, (q1 + q3) / 2
        by_range, by_quartiles = 4 / (4 + n**0.75), 0.7 + 0.39 / n
        first, second = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
        means = [
            by_range * outer + (1 - by_range) * m,
            by_quartiles * inner + (1 - by_quartiles) * m,
            first * outer + second * inner + (1 - first - second) * m,
        ]
        wide = (b - a) / (2 * special.ndtri((n - 0.375) / (n + 0.25)))
        narrow = (q3 - q1) / (2 * special.ndtri((0.75 * n - 0.125) / (n + 0.25)))
        share = 1 / (1 + 0.07 * n**0.6)
        spreads = [wide, narrow, share * wide + (1 - share) * narrow]
        one, two = np.abs(a + b - 2 * m) / (b - a), np.abs(q1 + q3 - 2 * m) / (q3 - q1)
        rejects = [
            one > 1 / np.log(n + 9) + 2.5 / (n + 1),
            two > 2.65 / np.sqrt(n) - 6 / n**2,
            np.maximum(2.65 * np.log(0.6 * n) * one / np.sqrt(n), two) > 3 / np.sqrt(n) - 40 / n**3,
        ]
    mean, sd = np.select(choices, means, np.nan), np.select(choices, spreads, np.nan)
    return mean, sd, np.select(choices, rejects, default=False)


def _trace(names: list[str], source: NDArray[np.str_]) -> pl.DataFrame:
    """Give one decision per study."""
    left = {"missing", "too few", "skewed"}
    rows = {
        "subject": names,
        "day": [None] * len(names),
        "step": ["mean and sd"] * len(names),
        "outcome": [
            "left out" if reason in left else "kept" if reason == "given" else "computed" for reason in source
        ],
        "reason": [str(reason) for reason in source],
    }
    return pl.DataFrame(rows, schema=TRACE_SCHEMA)


def _sentences(known: NDArray[np.bool_], skewed: NDArray[np.bool_], keep_skewed: bool) -> str:
    """Say how many means were made, and what that rests on."""
    text = (
        f"{plural(int(known.sum()), 'study', 'studies')} printed quantiles in place of mean and standard "
        "deviation: these were estimated as if the values were normally distributed (Luo 2018, Wan 2014, Shi "
        "2020)."
    )
    kept = int((skewed & known).sum())
    if keep_skewed and kept:
        text += (
            f" {plural(kept, 'study', 'studies')} of them {'is' if kept == 1 else 'are'} skewed by the test "
            "of Shi 2023 and kept on request: repeat without."
        )
    return text
