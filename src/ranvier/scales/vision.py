"""Visual acuity as logMAR, from any notation and from the words used below the chart."""

from __future__ import annotations

import math
import re
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError, require_choice, suggest
from ranvier.result import TRACE_SCHEMA, Derivation, number

__all__ = ["NOTATIONS", "OFF_CHART", "acuity", "logmar"]

OFF_CHART: dict[str, float] = {
    "counting fingers": 1.9,
    "hand movement": 2.3,
    "light perception": 2.7,
    "no light perception": 3.0,
}
"""logMAR of the words used below the chart. The first two were measured, the last two are imputations."""

IMPUTED = frozenset({"light perception", "no light perception"})
SYNONYMS = {
    "cf": "counting fingers",
    "finger counting": "counting fingers",
    "hm": "hand movement",
    "hand movements": "hand movement",
    "hand motion": "hand movement",
    "lp": "light perception",
    "nlp": "no light perception",
}
NOTATIONS = {
    "decimal": "decimal numbers above 0, such as 0.5",
    "snellen": "fractions such as '20/40' or '6/12'",
    "etdrs": "letters from 0 to 100",
    "logmar": "logMAR values",
    "off-chart": f"one of {list(OFF_CHART)}",
}
"""Notations of visual acuity, and what each accepts."""

# Guards against a number in another notation (percent, letters, a bare Snellen denominator); the better one
# leaves room above 20/10, the worse one is the value that stands for no light perception.
BEST_LOGMAR, WORST_LOGMAR = -math.log10(3.0), 3.0
SNELLEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*")
SNELLEN_LETTERS = re.compile(r".+/.+[+\-\u2212]\s*\d+\s*")
REASONS = {
    "chart": "read from the chart and converted",
    "off-chart": "below the chart; the value was measured for these words in other patients",
    "imputed": "below any measurement; the value is a convention",
    "missing": "no acuity recorded",
}


def logmar(value: ArrayLike, *, notation: str) -> NDArray[np.float64]:
    """Give visual acuity as logMAR (0 is 20/20; higher is worse).

    Parameters
    ----------
    value : array_like
        Acuities in one notation; None and NaN are missing.
    notation : {"decimal", "snellen", "etdrs", "logmar", "off-chart"}
        `decimal`: numbers above 0 (1.0 is 20/20). `snellen`: text such as "20/40" or "6/12", any distance.
        `etdrs`: letters read, 0 to 100. `logmar`: checked and passed through. `off-chart`: "counting fingers"
        (CF), "hand movement" (HM), "light perception" (LP) or "no light perception" (NLP).

    Returns
    -------
    ndarray of float64
        logMAR in the shape of `value`; NaN where missing.

    Raises
    ------
    InputError
        When a value is not in the notation, or is so far off that it must be in another one: better than
        decimal 3, or worse than 3.0 logMAR.

    Notes
    -----
    logMAR = -log10(decimal); a Snellen fraction is the decimal written out; logMAR = 1.7 - 0.02 * letters,
    that is letters = 85 - 50 * logMAR. Never average decimals or Snellen fractions: average logMAR.
    Snellen entries with letters, such as "20/40-2", are refused: a Snellen chart has a different number of
    letters on each line, and counting each as 0.02 is up to 0.09 logMAR wrong. Counting fingers refers to
    30 cm. The values for light perception and none are imputations; see `acuity`.

    References
    ----------
    Beck RW et al. (2003). A computerized method of visual acuity testing. Am J Ophthalmol 135:194-205.
    doi:10.1016/s0002-9394(02)01825-1
    Gregori NZ, Feuer W, Rosenfeld PJ (2010). Novel method for analyzing Snellen visual acuity measurements.
    Retina. doi:10.1097/iae.0b013e3181d87e04
    Schulze-Bonsel K et al. (2006). Invest Ophthalmol Vis Sci 47:1236-1240. doi:10.1167/iovs.05-0981
    Lange C et al. (2009). Graefes Arch Clin Exp Ophthalmol 247:137-142. doi:10.1007/s00417-008-0926-0
    Bach M. Visual acuity cheat sheet. michaelbach.de/sci/acuity.html
    Charles RC, Frost NA (2022). Eye 36:1709-1710. doi:10.1038/s41433-021-01767-9

    Examples
    --------
    >>> from ranvier.scales import logmar
    >>> logmar(["20/20", "20/40", "6/60"], notation="snellen").round(2)
    array([0. , 0.3, 1. ])
    >>> logmar([85, 70, None], notation="etdrs").round(2)
    array([0. , 0.3, nan])
    """
    require_choice("notation", notation, NOTATIONS)
    values = _objects(value)
    # One value at a time, because text is read; that is about a million values in a second.
    flat = [_number(item, notation, place) for place, item in enumerate(values.ravel().tolist())]
    numbers = np.array(flat, dtype=np.float64).reshape(values.shape)
    if notation == "off-chart":
        return numbers
    if notation == "etdrs":
        return 1.7 - 0.02 * numbers
    result = numbers if notation == "logmar" else -np.log10(numbers)
    far = ~np.isnan(result) & ((result < BEST_LOGMAR) | (result > WORST_LOGMAR))
    if far.any():
        place = int(np.argmax(far.ravel()))
        raise InputError(
            f"acuity at position {place} is {values.ravel()[place]!r}, which as {notation} is logMAR "
            f"{number(result.ravel()[place])}; allowed are {number(BEST_LOGMAR)} to {number(WORST_LOGMAR)}. "
            f"Check the notation; it may be another one of {list(NOTATIONS)}."
        )
    return result + 0.0  # -log10(1) is -0.0


def acuity(values: Any, *, notation: str) -> Derivation:
    """Give visual acuity as logMAR where words for vision below the chart stand among chart values.

    Parameters
    ----------
    values : sequence or series
        Acuities of one notation, as numbers or text, with "counting fingers" (CF), "hand movement" (HM),
        "light perception" (LP) and "no light perception" (NLP) among them; None and NaN are missing.
    notation : {"decimal", "snellen", "etdrs", "logmar", "off-chart"}
        The notation of the chart values, as in `logmar`.

    Returns
    -------
    Derivation
        `table`, in the order given: row (from 0), value (as text), logmar, and imputed (True for light
        perception and none, whose logMAR is a convention and not a measurement; null where missing).

    Raises
    ------
    InputError
        When a value is neither in the notation nor one of the words.

    Notes
    -----
    Counting fingers (1.9) and hand movement (2.3) are rounded means of measurements in patients so described;
    light perception (2.7) and none (3.0) cannot be measured. Report results with and without imputed values.
    Never average decimals: average logMAR. Two eyes of one patient are not independent.

    References
    ----------
    Those of `logmar`.

    Examples
    --------
    >>> from ranvier.scales import acuity
    >>> acuity(["0.5", "counting fingers", "NLP"], notation="decimal").table["logmar"].round(2).to_list()
    [0.3, 1.9, 3.0]
    """
    require_choice("notation", notation, NOTATIONS)
    items = _objects(values).ravel().tolist()
    words = [_word(item) for item in items]
    chart: Any = [
        None if word else _as_typed(item, notation) for item, word in zip(items, words, strict=True)
    ]
    below = np.array([OFF_CHART.get(word or "", np.nan) for word in words], dtype=np.float64)
    result = np.where(np.isnan(below), logmar(chart, notation=notation), below)
    reasons = [_reason(word, value) for word, value in zip(words, result.tolist(), strict=True)]
    converted = pl.Series("logmar", result).fill_nan(None)
    table = pl.DataFrame(
        {
            "row": pl.int_range(len(items), eager=True),
            "value": pl.Series([None if _is_missing(item) else str(item) for item in items], dtype=pl.String),
            "logmar": converted,
            "imputed": pl.Series(
                [None if r == "missing" else r == "imputed" for r in reasons], dtype=pl.Boolean
            ),
        }
    )
    trace = pl.DataFrame(
        {
            "subject": pl.repeat(None, len(items), eager=True, dtype=pl.String),
            "day": pl.repeat(None, len(items), eager=True, dtype=pl.Int64),
            "step": [f"acuity in row {row}" for row in range(len(items))],
            "outcome": [number(value) for value in result.tolist()],
            "reason": reasons,
        },
        schema=TRACE_SCHEMA,
    )
    return Derivation(
        name="visual acuity in logMAR",
        table=table,
        trace=trace,
        reasons=REASONS,
        method=(
            f"Chart values ({notation}) converted by logMAR = -log10(decimal) or 1.7 - 0.02 × ETDRS letters. "
            f"Below the chart: {', '.join(f'{word} {value}' for word, value in OFF_CHART.items())}; the last "
            f"two are imputations and concern {reasons.count('imputed')} of {len(items)} values."
        ),
        references=(
            "Beck RW et al. (2003). doi:10.1016/s0002-9394(02)01825-1",
            "Schulze-Bonsel K et al. (2006). doi:10.1167/iovs.05-0981",
            "Lange C et al. (2009). doi:10.1007/s00417-008-0926-0",
            "Bach M. michaelbach.de/sci/acuity.html",
        ),
    )


def _objects(values: Any) -> NDArray[np.object_]:
    """Give an array of Python objects from anything array-like."""
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        values = series.to_list()
    elif isinstance(values, np.ndarray):
        values = values.tolist()
    try:
        return np.array(values, dtype=object)
    except ValueError:
        raise InputError("acuity is not a regular array; give equally long rows of values.") from None


def _is_missing(item: Any) -> bool:
    """Tell whether an acuity is not known."""
    return item is None or (isinstance(item, float) and math.isnan(item))


def _word(item: Any) -> str | None:
    """Give the word for vision below the chart, or None when the item is something else."""
    if not isinstance(item, str):
        return None
    word = " ".join(item.casefold().split())
    word = SYNONYMS.get(word, word)
    return word if word in OFF_CHART else None


def _as_typed(item: Any, notation: str) -> Any:
    """Give a number written as text as a number: a column with words in it is a column of text."""
    if not isinstance(item, str) or notation in ("snellen", "off-chart"):
        return item
    try:
        return float(item)
    except ValueError:
        return item


def _number(item: Any, notation: str, place: int) -> float:
    """Give the number behind one item: logMAR for words, decimal for Snellen, else as written."""
    if _is_missing(item):
        return math.nan
    value: float | None = None
    if notation == "off-chart":
        value = OFF_CHART.get(_word(item) or "")
    elif notation == "snellen":
        value = _fraction(item)
    elif isinstance(item, int | float | np.number) and not isinstance(item, bool):
        value = float(item)
    if value is None or not _is_in_range(value, notation):
        raise InputError(
            f"acuity at position {place} is {item!r}; allowed are {NOTATIONS[notation]}.{_advice(item)}"
        )
    return value


def _fraction(item: Any) -> float | None:
    """Give the decimal behind a Snellen fraction, or None when it is not one."""
    match = SNELLEN.fullmatch(item) if isinstance(item, str) else None
    if match is None or float(match[2]) == 0:
        return None
    return float(match[1]) / float(match[2])


def _is_in_range(value: float, notation: str) -> bool:
    """Tell whether a number can be written in the notation at all."""
    if not math.isfinite(value):
        return False
    if notation == "etdrs":
        return 0 <= value <= 100
    return value > 0 or notation in ("logmar", "off-chart")


def _advice(item: Any) -> str:
    """Say what to do about an item that cannot be read."""
    if isinstance(item, str) and SNELLEN_LETTERS.fullmatch(item):
        return " Letters beyond a line depend on the chart; give the line alone, or the logMAR value."
    if isinstance(item, str) and (close := suggest(item, [*OFF_CHART, *SYNONYMS])):
        return f" Did you mean {close!r}?"
    return " Correct the value, or leave it out."


def _reason(word: str | None, value: float) -> str:
    """Give the reason code of one conversion."""
    if word is not None:
        return "imputed" if word in IMPUTED else "off-chart"
    return "missing" if math.isnan(value) else "chart"
