"""CPU time of looking into a pool: `python benchmarks/diagnosis.py`."""

from __future__ import annotations

from collections.abc import Callable

from clock import Row, cpu_seconds
from pooling import milliseconds, reviews
from ranvier import evidence


def diagnosis() -> list[Row]:
    """One review of 20 studies, and all subsets of 15."""
    y, v = reviews(20, 1, seed=1)
    one = evidence.pool(y[:, 0], v[:, 0])
    rows = [
        ("leave one out, 20 studies", milliseconds(lambda: evidence.leave_one_out(one))),
        ("influence, 20 studies", milliseconds(lambda: evidence.influence(one))),
        ("cumulative, 20 studies", milliseconds(lambda: evidence.cumulative(one))),
        ("trim and fill, 20 studies", milliseconds(lambda: evidence.trim_and_fill(one))),
        (
            "selection model, 20 studies",
            milliseconds(lambda: evidence.selection_model(one, favours="positive")),
        ),
    ]
    for method in ("common", "dl", "reml"):
        some = evidence.pool(y[:15, 0], v[:15, 0], method=method)
        taken = cpu_seconds(lambda some=some: evidence.gosh(some))[1]
        rows.append((f"GOSH, 32,767 subsets of 15 studies, {method}", f"{taken:.2f} s"))
    return rows


COMPARISONS: list[Callable[[], list[Row]]] = [diagnosis]


if __name__ == "__main__":
    for what, figure in diagnosis():
        print(f"{what:<45}{figure:>12}")
