"""Exact one-arm designs against enumeration: Simon, one stage, several looks, and the estimate afterwards."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import ranvier as rv
from ranvier.stats import CountDesign
from ranvier.stats._count_paths import pareto

CASES = [
    (0.1, 0.3, 0.1, 0.1),
    (0.1, 0.3, 0.05, 0.2),
    (0.05, 0.25, 0.05, 0.2),
    (0.2, 0.5, 0.05, 0.2),
    (0.4, 0.7, 0.1, 0.1),
    (0.7, 0.9, 0.1, 0.2),
]
SMALL = rv.stats.simon(0.1, 0.4, alpha=0.1, beta=0.2)
LOOKS = rv.stats.exact_sequential([4, 7, 10], 0.2, 0.6, alpha=0.1, futility="pocock", spending="pocock")
SHARES = (0.05, 0.2, 0.37, 0.5, 0.8, 0.97)


def by_its_formula(r_first: int, n_first: int, r: int, n: int, p: float) -> float:
    """Give Simon's chance of no success: stopped, or gone on and not enough."""
    gone_on = sum(
        stats.binom.pmf(x, n_first, p) * stats.binom.cdf(r - x, n - n_first, p)
        for x in range(r_first + 1, min(n_first, r) + 1)
    )
    return float(stats.binom.cdf(r_first, n_first, p) + gone_on)


def every_design(p0: float, p1: float, alpha: float, beta: float, most: int) -> list[tuple[float, ...]]:
    """Search every design up to a size: expected size, then r_first, n_first, r, n."""
    found = []
    for n in range(2, most + 1):
        for n_first in range(1, n):
            x, y = np.arange(n_first + 1), np.arange(n - n_first + 1)
            total = x[:, None] + y
            chance = [
                np.outer(stats.binom.pmf(x, n_first, p), stats.binom.pmf(y, n - n_first, p)) for p in (p0, p1)
            ]
            for r_first in range(n_first):
                on = x[:, None] > r_first
                for r in range(r_first, n):
                    wrong, right = (float(each[on & (total > r)].sum()) for each in chance)
                    if wrong <= alpha and right >= 1 - beta:
                        pet = float(stats.binom.cdf(r_first, n_first, p0))
                        found.append((n_first + (1 - pet) * (n - n_first), r_first, n_first, r, n))
                        break
    return found


@pytest.mark.parametrize(("case", "most"), [((0.1, 0.4, 0.1, 0.2), 20), ((0.3, 0.7, 0.1, 0.1), 20)])
def test_the_search_finds_what_a_search_over_every_design_finds(
    case: tuple[float, float, float, float], most: int
) -> None:
    found = every_design(*case, most)
    p0, p1, alpha, beta = case
    best = min(found)
    optimal = rv.stats.simon(p0, p1, alpha=alpha, beta=beta)
    assert (optimal.futility[0], optimal.looks[0], optimal.futility[1], optimal.n) == best[1:]
    assert optimal.characteristics([p0])["expected_n"].item() == pytest.approx(best[0], abs=1e-12)
    minimax = rv.stats.simon(p0, p1, alpha=alpha, beta=beta, criterion="minimax")
    least = min(row[4] for row in found)
    assert minimax.n == least
    expected = min(row[0] for row in found if row[4] == least)
    assert minimax.characteristics([p0])["expected_n"].item() == pytest.approx(expected, abs=1e-12)


def test_the_design_that_a_public_tool_prints_wrongly_is_right() -> None:
    design = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
    assert (design.looks, design.futility) == ((12, 35), (1, 5))
    assert round(design.characteristics([0.1])["expected_n"].item(), 2) == 19.84


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("criterion", ["optimal", "minimax"])
def test_simons_designs_keep_both_limits_by_his_formula(
    case: tuple[float, float, float, float], criterion: str
) -> None:
    p0, p1, alpha, beta = case
    design = rv.stats.simon(p0, p1, alpha=alpha, beta=beta, criterion=criterion)
    numbers = (design.futility[0], design.looks[0], design.futility[1], design.n)
    assert design.type_one_error == pytest.approx(1 - by_its_formula(*numbers, p0), abs=1e-12)
    assert design.power == pytest.approx(1 - by_its_formula(*numbers, p1), abs=1e-12)
    assert design.type_one_error <= alpha
    assert design.power >= 1 - beta


def test_the_search_ends_only_when_no_larger_size_can_do_better() -> None:
    """Going on to a far larger size finds nothing better."""
    case = (0.1, 0.3, 0.05, 0.2)
    designs = list(pareto(*case, 500))
    assert [d.n for d in designs] == sorted(d.n for d in designs)
    assert all(two.expected_n < one.expected_n for one, two in itertools.pairwise(designs))
    found = [row for row in every_design(0.3, 0.7, 0.1, 0.1, 24) if row[4] > 17]
    assert min(found)[0] > list(pareto(0.3, 0.7, 0.1, 0.1, 500))[-1].expected_n - 1e-12


def test_admissible_designs_are_best_for_their_weights() -> None:
    design = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
    rows = design.admissible
    assert (rows[0]["n"], rows[-1]["n"]) == (25, 35)
    assert rows[0]["weight_to"] == 1
    assert rows[-1]["weight_from"] == 0
    front = list(pareto(0.1, 0.3, 0.1, 0.1, 500))
    for row in rows:
        w = (row["weight_from"] + row["weight_to"]) / 2
        cost = [w * each.n + (1 - w) * each.expected_n for each in front]
        assert w * row["n"] + (1 - w) * row["expected_n"] == pytest.approx(min(cost))


def sequences(design: CountDesign, share: float) -> dict[tuple[int, int], float]:
    """Walk every sequence of patients and give the chance of each ending."""
    ends: dict[tuple[int, int], float] = {}
    for outcomes in itertools.product((0, 1), repeat=design.n):
        chance = math.prod(share if one else 1 - share for one in outcomes)
        for look, low, high in zip(design.looks, design.futility, design.efficacy, strict=True):
            count = sum(outcomes[:look])
            if (low is not None and count <= low) or (high is not None and count >= high):
                ends[(look, count)] = ends.get((look, count), 0.0) + chance
                break
    return ends


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_chances_of_several_looks_are_those_of_every_sequence_of_patients(share: float) -> None:
    ends = sequences(LOOKS, share)
    row = LOOKS.characteristics([share]).row(0, named=True)
    tops = dict(zip(LOOKS.looks, LOOKS.efficacy, strict=True))
    good = {key: p for key, p in ends.items() if tops[key[0]] is not None and key[1] >= (tops[key[0]] or 0)}
    assert row["success"] == pytest.approx(sum(good.values()), abs=1e-12)
    assert row["early_success"] == pytest.approx(sum(p for key, p in good.items() if key[0] < 10), abs=1e-12)
    assert row["expected_n"] == pytest.approx(sum(key[0] * p for key, p in ends.items()), abs=1e-12)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("futility", ["none", "obrien-fleming", "pocock"])
@pytest.mark.parametrize("looks", [3, [8, 20, 27, 35]])
def test_sequential_counts_keep_alpha_even_if_futility_is_ignored(
    spending: str, futility: str, looks: int | list[int]
) -> None:
    design = rv.stats.exact_sequential(looks, 0.15, 0.4, spending=spending, futility=futility)
    ignored = (*(None for _ in design.looks[:-1]), design.futility[-1])
    without = CountDesign(**{**vars(design), "futility": ignored})
    assert design.type_one_error <= without.type_one_error <= 0.05
    if isinstance(looks, int):
        assert design.power >= 0.8
    for low, high in zip(design.futility, design.efficacy, strict=True):
        assert low is None or high is None or low < high


def test_too_few_patients_are_called_so() -> None:
    design = rv.stats.exact_sequential([3, 6], 0.3, 0.5)
    assert design.power < 0.8
    assert "below the 80.0 % asked for; more patients are needed" in design.explain()
    none = rv.stats.exact_sequential([1, 2], 0.4, 0.5)
    assert none.efficacy == (None, None)
    assert none.power == 0


@pytest.mark.parametrize("design", [SMALL, LOOKS], ids=["simon", "looks"])
@pytest.mark.parametrize("share", SHARES)
def test_the_estimate_is_unbiased_and_the_interval_covers(design: CountDesign, share: float) -> None:
    mean = covered = 0.0
    for look, low, high in zip(design.looks, design.futility, design.efficacy, strict=True):
        for count in range(look + 1):
            if not ((low is not None and count <= low) or (high is not None and count >= high)):
                continue
            try:
                found = design.estimate(count, look, level=0.9)
            except rv.errors.InputError:
                continue  # the trial would have ended before
            chance = chance_of(design, look, count, share)
            mean += chance * found.value
            covered += chance * (found.low <= share <= found.high)
    assert mean == pytest.approx(share, abs=1e-12)
    assert covered >= 0.9


def chance_of(design: CountDesign, look: int, count: int, share: float) -> float:
    from ranvier.stats._count_paths import endings

    ends = endings(share, design.looks, design.futility, design.efficacy)
    return float(ends[design.looks.index(look)][count])


def test_the_one_sided_p_value_agrees_with_the_decision() -> None:
    """At the lowest success it is the exact type I error, just below it is more than alpha."""
    design = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
    _, above = design._tails(1, 6, 0.1)
    assert above == pytest.approx(design.type_one_error, abs=1e-14)
    assert design._tails(1, 5, 0.1)[1] > 0.1
    lowest, highest = design.estimate(0, 12), design.estimate(35, 35)
    assert (lowest.low, highest.high) == (0, 1)
    assert lowest.high < 0.3


def test_one_stage_is_the_smallest_and_its_saw_tooth_is_exact() -> None:
    design = rv.stats.single_stage(0.1, 0.3, alpha=0.05, beta=0.2)
    assert (design.n, design.efficacy, design.every_from) == (25, (6,), 29)
    table = design.saw_tooth()
    assert table.filter(table["keeps"])["n"][0] == 25
    for n, count, wrong, power, _ in table.iter_rows():
        assert wrong == pytest.approx(stats.binom.sf(count - 1, n, 0.1), abs=1e-12)
        assert power == pytest.approx(stats.binom.sf(count - 1, n, 0.3), abs=1e-12)
        assert wrong <= 0.05 < stats.binom.sf(count - 2, n, 0.1)
    assert "From 25 to 50 patients this size has less power than wanted: 28." in design.explain()
    assert rv.stats.single_stage(0.01, 0.99, alpha=0.05, beta=0.2).n == 1


@settings(max_examples=15, deadline=None)
@given(p0=st.floats(0.05, 0.5), gap=st.floats(0.25, 0.45), alpha=st.sampled_from([0.05, 0.1]))
def test_looks_and_stages_keep_their_order(p0: float, gap: float, alpha: float) -> None:
    """One stage needs no more than minimax, and the optimal design treats the fewest on average."""
    options = {"alpha": alpha, "beta": 0.2}
    one = rv.stats.single_stage(p0, p0 + gap, **options)
    optimal = rv.stats.simon(p0, p0 + gap, **options)
    minimax = rv.stats.simon(p0, p0 + gap, **options, criterion="minimax")
    sizes = [each.characteristics([p0])["expected_n"].item() for each in (optimal, minimax)]
    assert minimax.n <= optimal.n
    assert sizes[0] <= sizes[1] + 1e-9
    assert optimal.type_one_error <= alpha
    assert one.type_one_error <= alpha
    powers = optimal.characteristics(np.linspace(0, 1, 9).tolist())["success"].to_list()
    assert powers == sorted(powers)


def test_results_speak() -> None:
    design = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
    text = design.paragraph()
    assert "With 12 patients the trial ends without success if at most 1 of them had the outcome." in text
    assert "9.8 % when the true share is 10.0 % (limit 10.0 %) and 90.1 % when it is 30.0 %" in text
    assert "A single arm shows what happened" in design.explain()
    assert json.loads(json.dumps(design.to_dict()))["type_one_error"] == pytest.approx(0.0977, abs=1e-4)
    one = rv.stats.single_stage(0.1, 0.3, alpha=0.05, beta=0.2)
    json.dumps(one.to_dict())
    for each in (design, LOOKS, one):
        assert each.plot().get_xlabel() == "patients"
        assert each._repr_html_().startswith("<p><strong>")
