"""New T2 lesions month by month: patients differ, and an active spell lasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.simulate.phenotypes import Phenotype

__all__ = ["DAYS_PER_MONTH", "draw_births", "lesions_since"]

DAYS_PER_MONTH = 30.4375
"""Mean length of a calendar month, days."""


def draw_births(
    rng: np.random.Generator,
    n: int,
    months: int,
    phenotype: Phenotype,
    *,
    ratio: float | NDArray[np.float64] = 1.0,
) -> NDArray[np.int32]:
    """Draw the new lesions of each patient in each month; ratios hold from the second on.

    The activity of a month is an autoregressive gamma process (Gouriéroux C, Jasiak J. J Forecast
    2006;25:129-152): given the activity A of a month, that of the next is gamma with shape s + P and
    scale (1 - m) / s, where P is Poisson with mean m s A / (1 - m). It keeps mean 1 and shape s, and months
    next to each other correlate by m. Lesions of a month are Poisson, given its activity.
    """
    rate, shape, memory = phenotype.new_t2_per_year, phenotype.new_t2_shape, phenotype.lesion_memory
    if rate is None or shape is None or memory is None:
        raise InputError(f"scans of {phenotype.name} are not simulated.")
    s, m = shape.value, memory.value
    activity = rng.standard_gamma(s, n, dtype=np.float32) / np.float32(s)
    births = np.empty((n, months), dtype=np.int32)
    ratios = np.broadcast_to(ratio, months)
    for month in range(months):
        mean = rate.value / 12 * (ratios[month] if month else 1.0)
        births[:, month] = rng.poisson(activity * np.float32(mean))
        kept = rng.poisson(activity * np.float32(m * s / (1 - m)))
        activity = rng.standard_gamma(kept + s).astype(np.float32) * np.float32((1 - m) / s)
    return births


def lesions_since(
    rng: np.random.Generator, births: NDArray[np.int32], months: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count the lesions of each patient in so many months, whole or not, from the second column on.

    Lesions of a month arise at any time in it: of the last one each is counted with a chance of the part of
    the month that has passed, so that the expected number is right on every day.
    """
    whole = np.floor(months).astype(np.int64)
    total = np.cumsum(births, axis=1, dtype=np.int64)
    everyone, width = np.arange(len(births)), births.shape[1] - 1
    last = births[everyone, np.minimum(whole + 1, width)]
    found: NDArray[np.int64] = total[everyone, np.minimum(whole, width)] - total[:, 0]
    return found + rng.binomial(last, months - whole)
