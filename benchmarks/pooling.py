"""CPU time of pooling studies: `python benchmarks/pooling.py`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clock import Row, cpu_seconds
from ranvier import evidence
from ranvier.evidence._pooled import pool_many

N_REVIEWS = 10_000


def reviews(k: int, d: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give effects and variances of k studies in each of d reviews."""
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.02, 0.5, (k, d))
    return rng.normal(0.3, np.sqrt(v + 0.1)), v


def milliseconds(work: Callable[[], object]) -> str:
    """Give the median CPU time of several runs."""
    return f"{1e3 * cpu_seconds(work, rounds=7)[1]:.1f} ms"


def pools() -> list[Row]:
    """One review with all that its result holds, and many at once."""
    y, v = reviews(20, 1, seed=1)
    long_y, long_v = reviews(N_REVIEWS, 1, seed=2)
    many_y, many_v = reviews(20, N_REVIEWS, seed=3)
    options = {"interval": "knapp-hartung", "level": 0.95}
    rows = [
        ("REML, 20 studies", milliseconds(lambda: evidence.pool(y[:, 0], v[:, 0]))),
        ("REML, 10,000 studies", milliseconds(lambda: pool_many(long_y, long_v, method="reml", **options))),
    ]
    for method in evidence.POOL_METHODS:
        taken = milliseconds(lambda method=method: pool_many(many_y, many_v, method=method, **options))
        rows.append((f"10,000 reviews of 20 studies, {method}", taken))
    return rows


if __name__ == "__main__":
    for what, figure in pools():
        print(f"{what:<45}{figure:>12}")
