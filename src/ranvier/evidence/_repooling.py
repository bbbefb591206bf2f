"""Pool chosen studies of a pool again, many choices in one call."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import InputError
from ranvier.evidence._between import METHODS
from ranvier.evidence.pooled_studies import Pool
from ranvier.result import plural

__all__ = ["NUMBERS", "as_pool", "each_left_out", "effects", "pool_again", "read_many"]

Floats = NDArray[np.float64]

NUMBERS = ("value", "low", "high", "standard_error", "p_value", "tau2", "i2", "q")
"""What is kept of each choice, on the pooled scale."""
CELLS_AT_ONCE = 2_000_000
"""Studies times choices that are pooled in one go, so that 10,000 studies do not need gigabytes."""


def as_pool(pool: Any, *, at_least: int, weighted: bool = True) -> Pool:
    """Give the pool; refuse what is none, has too few studies, or the wrong weights for the question."""
    if not isinstance(pool, Pool):
        raise InputError(
            f"pool is {type(pool).__name__}; give what evidence.pool returned, such as "
            "evidence.pool(effect, variance)."
        )
    if pool.studies.height < at_least:
        raise InputError(
            f"the pool holds {plural(pool.studies.height, 'study', 'studies')}; this needs at least "
            f"{at_least}. Give it more studies."
        )
    if weighted and pool.method not in METHODS:
        raise InputError(
            f"the pool was made by {pool.method!r}; this needs studies weighted by their variances, with one "
            f"of {list(METHODS)}. Pool them with evidence.pool."
        )
    return pool


def effects(pool: Pool) -> tuple[Floats, Floats]:
    """Give effects and variances of the studies, each of shape (k,)."""
    y: Floats = pool.studies["effect"].to_numpy()
    v: Floats = pool.studies["variance"].to_numpy()
    return y, v


def pool_again(pool: Pool, chosen: NDArray[np.intp]) -> dict[str, Floats]:
    """Pool chosen rows as the pool was made, one column of places for each choice; NaN for what it lacks."""
    blocks = np.array_split(chosen, _parts(chosen.size), axis=1)
    found = [pool._numbers(block) for block in blocks]
    unknown = [np.full(block.shape[1], np.nan) for block in blocks]
    return {
        name: np.concatenate([each.get(name, none) for each, none in zip(found, unknown, strict=True)])
        for name in NUMBERS
    }


def each_left_out(pool: Pool) -> dict[str, Floats]:
    """Pool the studies without each of them in turn."""
    k = pool.studies.height
    places = np.arange(k - 1, dtype=np.intp)[:, None]
    parts = [
        pool_again(pool, places + (places >= left))
        for left in np.array_split(np.arange(k), _parts(k * (k - 1)))
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in NUMBERS}


def _parts(cells: int) -> int:
    """Give into how many parts so many cells are cut."""
    return -(-cells // CELLS_AT_ONCE)


def read_many(pool: Pool, values: Floats) -> Floats:
    """Give values of the pooled scale as they are read."""
    read: Floats = values if pool.scale.back is None else np.asarray(pool.scale.back(values))
    return read
