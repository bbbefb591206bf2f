"""What every comparison shares: the row that it returns, and the CPU clock."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

Row = tuple[str, str]

ROUNDS = 3


def cpu_seconds(work: Callable[[], object], *, rounds: int = ROUNDS) -> tuple[float, float]:
    """Give the CPU seconds of the first run and the median of all runs."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return taken[0], float(np.median(taken))
