"""Numbers as people read them, and results as JSON reads them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["json_ready", "number", "p_text", "percent", "plural", "positive_texts"]

MINUS = "\N{MINUS SIGN}"
SMALLEST_P = 0.001
"""p value below which the digits are not written."""
SMALLEST, LARGEST = 0.001, 1_000_000
"""Where the digits of a positive number end, unless the value that it belongs to is smaller itself."""
TINY = 1e-6
"""Where they end for a value below `SMALLEST`, such as a rate of a rare event."""


def number(value: float | None, *, digits: int = 2) -> str:
    """Write a number with a fixed count of decimals and a true minus sign.

    Parameters
    ----------
    value : float or None
        The number; None and NaN are "not known".
    digits : int
        Decimals.

    Returns
    -------
    str
        The number as text.

    Examples
    --------
    >>> number(-0.5, digits=1)
    '−0.5'
    >>> number(None)
    'not known'
    """
    if value is None or math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "no limit"
    rounded = round(float(value), digits)
    text = f"{abs(rounded):.{digits}f}"
    return f"{MINUS}{text}" if rounded < 0 else text


def positive_texts(value: float, low: float, high: float, *, decimals: int = 0) -> tuple[str, str, str]:
    """Write a number that cannot be below 0, such as a ratio, with its bounds, each with digits of its own.

    The bounds of a ratio from few patients lie so far apart that decimals which fit one of them leave
    nothing of another; none of the three is written as 0 unless it is 0.

    Parameters
    ----------
    value, low, high : float
        The number and the bounds of its interval.
    decimals : int
        Decimals that each number has at least, as a short interval needs them.

    Returns
    -------
    tuple of str
        Each with two to three digits.

    Examples
    --------
    >>> positive_texts(0.502, 1.9e-5, 13066.0)
    ('0.50', 'below 0.001', '13066')
    >>> positive_texts(12.34, 3.456, 6.9e12)
    ('12.3', '3.46', 'above 1,000,000')
    """
    smallest = TINY if 0 < value < SMALLEST else SMALLEST
    first, second, third = (_positive(each, decimals, smallest) for each in (value, low, high))
    return first, second, third


def _positive(value: float, decimals: int, smallest: float) -> str:
    """Write one number that is not below 0."""
    if not math.isfinite(value):
        return number(value)
    if 0 < value < smallest:
        return f"below {smallest:.{round(-math.log10(smallest))}f}"
    if value > LARGEST:
        return f"above {LARGEST:,}"
    own = 2 if value == 0 else 2 - math.floor(math.log10(value)) - (value < 1)
    return number(value, digits=max(own, decimals, 0))


def percent(share: float | None, *, digits: int = 1) -> str:
    """Write a share between 0 and 1 as a percentage.

    Parameters
    ----------
    share : float or None
        A share; None and NaN are "not known".
    digits : int
        Decimals of the percentage.

    Returns
    -------
    str
        The percentage as text.

    Examples
    --------
    >>> percent(0.2180)
    '21.8 %'
    """
    if share is None or math.isnan(share):
        return "not known"
    return f"{number(100 * share, digits=digits)} %"


def p_text(p: float) -> str:
    """Write a p value; below a thousandth its size says nothing more.

    Parameters
    ----------
    p : float
        A p value between 0 and 1.

    Returns
    -------
    str
        Such as "p = 0.125" or "p < 0.001".

    Examples
    --------
    >>> p_text(0.125), p_text(1.0), p_text(2e-6)
    ('p = 0.125', 'p = 1', 'p < 0.001')
    """
    return "p < 0.001" if p < SMALLEST_P else f"p = {p:.3g}"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Write a count with its noun in the right number.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        The singular.
    many : str, optional
        The plural when it is not the singular with an s.

    Returns
    -------
    str
        Such as "1 patient" or "3 patients".

    Examples
    --------
    >>> plural(1, "patient"), plural(0, "patient"), plural(2, "study", "studies")
    ('1 patient', '0 patients', '2 studies')
    """
    return f"{count} {noun if count == 1 else (many or noun + 's')}"


def json_ready(value: Any) -> Any:
    """Turn a result into what the json module can write; not-known and unbounded become null.

    Parameters
    ----------
    value : object
        Numbers, text, dates, mappings, sequences, dataclasses, NumPy scalars and arrays, polars tables.

    Returns
    -------
    object
        Built from dict, list, str, int, float, bool and None only.

    Examples
    --------
    >>> json_ready({"low": float("nan"), "n": (1, 2)})
    {'low': None, 'n': [1, 2]}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_ready(item) for item in value]
    unpacked = _unpack(value)
    return str(value) if unpacked is value else json_ready(unpacked)


def _unpack(value: Any) -> Any:
    """Open one layer of a table, a result, a dataclass or an array; anything else comes back as it is."""
    for opener in ("to_dicts", "to_dict", "tolist"):  # a polars table, our results, NumPy
        if hasattr(value, opener):
            return getattr(value, opener)()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return value
