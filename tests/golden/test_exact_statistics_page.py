"""The page on exact statistics gives the sizes of the grids that the goldens hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "validation" / "exact_statistics.md"
ONE, TWO = (
    json.loads((HERE / name).read_text(encoding="utf-8")) for name in ("exact_tests.json", "two_groups.json")
)
CROSSOVERS = json.loads((HERE / "crossover.json").read_text(encoding="utf-8"))


def kinds(rows: list[dict[str, Any]], *keys: str) -> int:
    """Count the different values of some keys."""
    return len({json.dumps([row[key] for key in keys]) for row in rows})


def contradictions() -> int:
    """Count where R's p value and interval disagree about equal shares."""
    disagree = 0
    for row in TWO["fishers"]:
        low, high = map(float, row["bounds"])
        disagree += (row["likelier"] <= 1 - row["level"]) != (not low <= 1 <= high)
    return disagree


def tied(row: dict[str, Any]) -> bool:
    values = [*row["first"], *row["second"]]
    return len(set(values)) < len(values)


def half_steps(row: dict[str, Any]) -> bool:
    """Whether every value can be an EDSS."""
    return all(0 <= value <= 10 and 2 * value == int(2 * value) for value in (*row["before"], *row["after"]))


def has(key: str) -> int:
    """Count the groups that a peer gave a value for."""
    return sum(key in row for row in TWO["groups"])


SHARES, RATES, RATIOS, TABLES = ONE["shares"], ONE["rates"], ONE["ratios"], TWO["fishers"]
LINES: list[tuple[str, tuple[int, ...]]] = [
    (
        "| share, Clopper-Pearson | {} counts × {} levels |",
        (kinds(SHARES, "events", "n"), kinds(SHARES, "level")),
    ),
    (
        "| rate, exact and mid-P | {} counts × {} times × {} levels |",
        tuple(kinds(RATES, key) for key in ("events", "years", "level")),
    ),
    (
        "| rate ratio, conditional and mid-P | {} pairs of counts × {} pairs of times × {} levels |",
        tuple(kinds(RATIOS, key) for key in ("events", "years", "level")),
    ),
    (
        "| signed-rank p value, Pratt and Wilcoxon zeros | {} data sets, {} of them EDSS half-steps |",
        (len(ONE["pairs"]), sum(map(half_steps, ONE["pairs"]))),
    ),
    (
        "| Fisher's p value, both tails | {} tables of {} pairs of arms × {} levels |",
        (kinds(TABLES, "events", "n"), kinds(TABLES, "n"), kinds(TABLES, "level")),
    ),
    ("| Newcombe | {} tables |", (len(TWO["scores"]),)),
    ("| McNemar p value and odds ratio | {} pairs of counts |", (len(TWO["pairs"]),)),
    (
        "| rank-sum p value, twice the smaller tail | {} data sets, {} with ties |",
        (len(TWO["groups"]), sum(map(tied, TWO["groups"]))),
    ),
    ("| rank-sum p value, by distance | {} data sets |", (has("p_coin"),)),
    ("| Hodges-Lehmann shift and interval, no ties | {} data sets |", (has("wilcox"),)),
    ("| permutation of means | {} data sets on half-steps |", (has("mean_tails"),)),
    ("| p value of the rate difference | {} pairs of counts |", (len(TWO["rates"]),)),
    ("| {} and {} cases |", (len(TWO["shares"]), len(TWO["gammas"]))),
    (
        "| crossover without ties: p value, value, interval | {} data sets × 3 comparisons |",
        (len(CROSSOVERS["untied"]),),
    ),
    ("| crossover with ties: p value | {} data sets × 3 comparisons |", (len(CROSSOVERS["tied"]),)),
    ("contradict each other in {} of {} cases", (contradictions(), len(TABLES))),
]


@pytest.mark.parametrize(("line", "sizes"), LINES, ids=range(len(LINES)))
def test_the_page_says_what_the_goldens_hold(line: str, sizes: tuple[int, ...]) -> None:
    assert line.format(*sizes) in PAGE.read_text(encoding="utf-8")


def test_the_page_names_the_versions_of_the_peers() -> None:
    page = PAGE.read_text(encoding="utf-8")
    packages = ONE["head"]["packages"]
    named = ", ".join(f"{name} {packages[name]}" for name in ("stats", "coin", "exactRankTests"))
    assert f"R {ONE['head']['R']} ({named})" in page
