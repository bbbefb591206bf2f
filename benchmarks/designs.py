"""CPU time of planning without simulation: `python benchmarks/designs.py`."""

from __future__ import annotations

from collections.abc import Callable

from clock import Row, cpu_seconds
from ranvier import stats
from ranvier.stats import _count_paths


def fresh_simon(p0: float, p1: float, beta: float) -> object:
    """Search without the chances that an earlier search kept."""
    _count_paths.tails.cache_clear()
    return stats.simon(p0, p1, alpha=0.05, beta=beta)


TASKS: dict[str, Callable[[], object]] = {
    "Simon, 10 % against 30 %": lambda: fresh_simon(0.1, 0.3, 0.2),
    "Simon, 40 % against 50 %, n = 239": lambda: fresh_simon(0.4, 0.5, 0.1),
    "four exact looks, size searched": lambda: stats.exact_sequential(4, 0.3, 0.5, futility="pocock"),
    "five looks, bounds for futility": lambda: stats.group_sequential(5, futility="pocock"),
    "Boschloo, 50 % against 20 %": lambda: stats.size_shares(0.5, 0.2),
    "signed rank on EDSS changes": lambda: stats.size_changes({-1.0: 0.3, -0.5: 0.3, 0.0: 0.3, 0.5: 0.1}),
}


def designs() -> list[Row]:
    """Designs and sizes as a protocol needs them."""
    return [(name, f"{1000 * cpu_seconds(task)[1]:.0f} ms") for name, task in TASKS.items()]


COMPARISONS: list[Callable[[], list[Row]]] = [designs]


if __name__ == "__main__":
    for what, figure in designs():
        print(f"{what:<45}{figure:>12}")
